#include "text/byte_source.hpp"

#include <cerrno>
#include <cstring>

#include "failure.hpp"

namespace pg_candle {
namespace {

constexpr std::size_t raw_size = 1 << 16;
constexpr std::size_t longest_line = 1 << 20;

}  // namespace

ByteSource::ByteSource(const std::string& path)
    : path_(path), file_(path == "-" ? stdin : std::fopen(path.c_str(), "rb")), raw_(raw_size) {
    if (!file_) throw Failure(Exit::failed, "Cannot read " + path + ": " + std::strerror(errno) + ".");
    while (end_ < 2) {
        const std::size_t count = read_raw(raw_.data() + end_, raw_.size() - end_);
        if (count == 0) break;
        end_ += count;
    }
    gzip_ = end_ >= 2 && raw_[0] == '\x1f' && raw_[1] == '\x8b';
    if (gzip_ && inflateInit2(&inflater_, 15 + 16) != Z_OK) throw std::bad_alloc();
    member_open_ = gzip_;
}

ByteSource::~ByteSource() {
    if (gzip_) inflateEnd(&inflater_);
    if (file_ && file_ != stdin) std::fclose(file_);
}

std::size_t ByteSource::read_raw(char* out, std::size_t size) {
    const std::size_t count = std::fread(out, 1, size, file_);
    if (count == 0 && std::ferror(file_)) throw Failure(Exit::failed, "Cannot read " + path_ + ": " + std::strerror(errno) + ".");
    return count;
}

bool ByteSource::refill() {
    if (begin_ < end_) return true;
    begin_ = 0;
    end_ = read_raw(raw_.data(), raw_.size());
    return end_ > 0;
}

std::size_t ByteSource::read(char* out, std::size_t size) {
    if (gzip_) return inflate_some(out, size);
    if (!refill()) return 0;
    const std::size_t count = std::min(size, end_ - begin_);
    std::memcpy(out, raw_.data() + begin_, count);
    begin_ += count;
    return count;
}

std::size_t ByteSource::inflate_some(char* out, std::size_t size) {
    inflater_.next_out = reinterpret_cast<Bytef*>(out);
    inflater_.avail_out = static_cast<uInt>(size);
    while (inflater_.avail_out == size) {
        if (!refill()) {
            if (member_open_) throw Failure(Exit::failed, path_ + " ends too early: its gzip data is cut off.");
            return 0;
        }
        if (!member_open_) {
            inflateReset(&inflater_);
            member_open_ = true;
        }
        inflater_.next_in = reinterpret_cast<Bytef*>(raw_.data() + begin_);
        inflater_.avail_in = static_cast<uInt>(end_ - begin_);
        const int state = inflate(&inflater_, Z_NO_FLUSH);
        begin_ = end_ - inflater_.avail_in;
        if (state == Z_STREAM_END)
            member_open_ = false;
        else if (state != Z_OK && state != Z_BUF_ERROR)
            throw Failure(Exit::failed, path_ + " holds damaged gzip data" + (inflater_.msg ? std::string(": ") + inflater_.msg : "") + ".");
    }
    return size - inflater_.avail_out;
}

bool LineReader::next(std::string_view& line) {
    for (std::size_t searched = begin_;;) {
        if (const void* found = std::memchr(buffer_.data() + searched, '\n', end_ - searched)) {
            const std::size_t at = static_cast<const char*>(found) - buffer_.data();
            line = {buffer_.data() + begin_, at - begin_};
            begin_ = at + 1;
            break;
        }
        if (ended_) {
            if (begin_ == end_) return false;
            line = {buffer_.data() + begin_, end_ - begin_};
            begin_ = end_;
            break;
        }
        searched = end_ - begin_;
        std::memmove(buffer_.data(), buffer_.data() + begin_, searched);
        begin_ = 0;
        end_ = searched;
        if (end_ == buffer_.size()) {
            if (end_ >= longest_line) throw Failure(Exit::failed, "Line " + std::to_string(number_ + 1) + " is longer than 1 MiB.");
            buffer_.resize(2 * end_);
        }
        const std::size_t count = source_.read(buffer_.data() + end_, buffer_.size() - end_);
        ended_ = count == 0;
        end_ += count;
    }
    ++number_;
    if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
    return true;
}

}  // namespace pg_candle
