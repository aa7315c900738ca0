#include "text/byte_source.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "model/failure.hpp"

namespace pg_candle {
namespace {

constexpr std::size_t raw_size = 1 << 16;
constexpr std::size_t longest_line = 1 << 20, first_look = 1 << 16;

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
    if (count == 0 && std::ferror(file_))
        throw Failure(Exit::failed, "Cannot read " + path_ + ": " + std::strerror(errno) + ".");
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
            throw Failure(Exit::failed, path_ + " holds damaged gzip data" +
                                            (inflater_.msg ? std::string(": ") + inflater_.msg : "") + ".");
    }
    return size - inflater_.avail_out;
}

/// Moves whole characters of raw_ to text_.
void LineReader::convert() {
    const auto unit = [&](std::size_t at) {
        const auto first = static_cast<unsigned char>(raw_[at]), second = static_cast<unsigned char>(raw_[at + 1]);
        return static_cast<std::uint32_t>(encoding_ == Encoding::utf16_little ? first | second << 8
                                                                              : first << 8 | second);
    };
    const auto put = [&](std::uint32_t byte) { text_ += static_cast<char>(byte); };
    std::size_t at = 0;
    while (at + 2 <= raw_.size()) {
        std::uint32_t point = unit(at);
        if (point >= 0xd800 && point < 0xdc00) {  // the first half of a pair
            if (at + 4 > raw_.size()) break;
            const std::uint32_t low = unit(at + 2);
            const bool pair = low >= 0xdc00 && low < 0xe000;
            point = pair ? 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00) : 0xfffd;
            if (pair) at += 2;
        }
        at += 2;
        if (point < 0x80)
            put(point);
        else if (point < 0x800)
            put(0xc0 | point >> 6), put(0x80 | (point & 0x3f));
        else if (point < 0x10000)
            put(0xe0 | point >> 12), put(0x80 | (point >> 6 & 0x3f)), put(0x80 | (point & 0x3f));
        else
            put(0xf0 | point >> 18), put(0x80 | (point >> 12 & 0x3f)), put(0x80 | (point >> 6 & 0x3f)),
                put(0x80 | (point & 0x3f));
    }
    raw_.erase(0, at);
}

/// By the byte order mark, which is taken off, or by the zeros of what is ASCII in UTF-16.
void LineReader::find_encoding() {
    char bytes[1 << 12];
    std::size_t count = 1;
    while (raw_.size() < 3 && count > 0) {
        count = source_.read(bytes, sizeof bytes);
        raw_.append(bytes, count);
    }
    const auto begins = [&](std::string_view mark) { return std::string_view(raw_).starts_with(mark); };
    const bool two = raw_.size() >= 2;
    if (begins("\xff\xfe") || (two && raw_[0] != '\0' && raw_[1] == '\0'))
        encoding_ = Encoding::utf16_little;
    else if (begins("\xfe\xff") || (two && raw_[0] == '\0' && raw_[1] != '\0'))
        encoding_ = Encoding::utf16_big;
    else
        encoding_ = Encoding::utf8;
    raw_.erase(0, begins("\xef\xbb\xbf") ? 3 : begins("\xff\xfe") || begins("\xfe\xff") ? 2 : 0);
    if (encoding_ == Encoding::utf8)
        text_ = std::exchange(raw_, {});
    else
        convert();
}

/// Reads text; 0 only at the end.
std::size_t LineReader::fill(char* out, std::size_t size) {
    if (encoding_ == Encoding::unknown) find_encoding();
    if (text_.empty() && encoding_ == Encoding::utf8) return source_.read(out, size);
    while (text_.empty()) {
        char bytes[1 << 12];
        const std::size_t count = source_.read(bytes, sizeof bytes);
        if (count == 0) return 0;
        raw_.append(bytes, count);
        convert();
    }
    const std::size_t count = std::min(size, text_.size());
    std::memcpy(out, text_.data(), count);
    text_.erase(0, count);
    return count;
}

bool LineReader::next(std::string_view& line) {
    for (std::size_t searched = begin_;;) {
        const char end = line_end_ == '\r' ? '\r' : '\n';
        if (const void* found = std::memchr(buffer_.data() + searched, end, end_ - searched)) {
            if (line_end_ == '\0') line_end_ = end;
            const std::size_t at = static_cast<std::size_t>(static_cast<const char*>(found) - buffer_.data());
            line = {buffer_.data() + begin_, at - begin_};
            begin_ = at + 1;
            break;
        }
        // Without a line's end in the first kilobytes there is another kind of end, or one line.
        if (line_end_ == '\0' && (ended_ || end_ >= first_look) && std::memchr(buffer_.data(), '\r', end_)) {
            line_end_ = '\r';
            searched = begin_;
            continue;
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
            if (end_ >= longest_line)
                throw Failure(Exit::failed, "Line " + std::to_string(number_ + 1) + " is longer than 1 MiB.");
            buffer_.resize(2 * end_);
        }
        const std::size_t count = fill(buffer_.data() + end_, buffer_.size() - end_);
        ended_ = count == 0;
        end_ += count;
    }
    ++number_;
    if (line_end_ != '\r' && !line.empty() && line.back() == '\r') line.remove_suffix(1);
    return true;
}

}  // namespace pg_candle
