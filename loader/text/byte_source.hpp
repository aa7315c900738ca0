#pragma once
#include <zlib.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

namespace pg_candle {

/// A file as a stream of bytes in constant memory, unpacked if its content (not its name) is gzip. `-` is standard
/// input. Throws Failure when the file cannot be read, or when gzip data is damaged or ends too early.
class ByteSource {
public:
    explicit ByteSource(const std::string& path);
    ~ByteSource();
    ByteSource(const ByteSource&) = delete;
    ByteSource& operator=(const ByteSource&) = delete;

    /// Fills up to `size` bytes and returns how many; 0 only at the end.
    std::size_t read(char* out, std::size_t size);

private:
    std::size_t read_raw(char* out, std::size_t size);
    std::size_t inflate_some(char* out, std::size_t size);
    bool refill();

    std::string path_;
    std::FILE* file_;
    std::vector<char> raw_;
    std::size_t begin_ = 0, end_ = 0;  // of what is unread in raw_
    bool gzip_ = false;
    bool member_open_ = false;  // a gzip file is one member or several, one after the other
    z_stream inflater_{};
};

/// Lines of a ByteSource, as UTF-8 without a byte order mark: UTF-16 is converted. They end with `\n`, `\r\n` or, in a
/// file without any `\n` at its beginning, `\r`; a last line without end counts too.
class LineReader {
public:
    explicit LineReader(ByteSource& source) : source_(source), buffer_(1 << 16) {}

    /// The next line, without its end; valid until the next call. False at the end. Throws Failure for a line above 1
    /// MiB.
    bool next(std::string_view& line);

    /// Number of the line that next() gave, from 1.
    long number() const { return number_; }

private:
    enum class Encoding { unknown, utf8, utf16_little, utf16_big };

    void find_encoding();
    void convert();
    std::size_t fill(char* out, std::size_t size);

    ByteSource& source_;
    Encoding encoding_ = Encoding::unknown;
    std::string raw_, text_;  // of UTF-16: what is not converted yet, and what is not taken yet
    char line_end_ = '\0';    // not known yet
    std::vector<char> buffer_;
    std::size_t begin_ = 0, end_ = 0;
    long number_ = 0;
    bool ended_ = false;
};

}  // namespace pg_candle
