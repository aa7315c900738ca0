#pragma once
#include <string>
#include <vector>

namespace pg_candle {

/// Reads a `.env` file into the environment; what is set already stays. Understands what shells and other programs
/// write: `NAME=value` with blanks around the sign, a leading `export` or `declare -x`, single and double quotes (with
/// \n, \" and
/// \\ in double ones), values over several lines in quotes, comments, CRLF and a byte order mark. The file may be
/// another program's: nothing in it stops this one. Returns warnings, without any value: a line that is none of this,
/// or a file that others can write, which is not read. No file is none.
std::vector<std::string> load_environment_file(const std::string& path);

/// Whether the variable was set by such a file.
bool is_from_environment_file(const std::string& name);

}  // namespace pg_candle
