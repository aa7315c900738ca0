#pragma once
#include <string>

namespace pg_candle {

/// Reads `NAME=value` lines of a `.env` file into the environment; what is set already stays. Blank lines, `#` comments, a leading
/// `export` and quotes around the value are understood. No file is no error. Throws Failure when others can write the file, or
/// for a line that is none of this.
void load_environment_file(const std::string& path);

}  // namespace pg_candle
