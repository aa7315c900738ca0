#include "environment_file.hpp"

#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "failure.hpp"

namespace pg_candle {

void load_environment_file(const std::string& path) {
    struct stat about {};
    if (stat(path.c_str(), &about) != 0) return;
    if (about.st_mode & (S_IWGRP | S_IWOTH))
        throw Failure(Exit::usage, "Others can write the file " + path + ", so it is not read.", "chmod go-w it.");
    std::ifstream file(path);
    if (!file) throw Failure(Exit::usage, "Cannot read " + path + ".");
    int number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        const auto first = line.find_first_not_of(" \t\r");
        if (first == line.npos || line[first] == '#') continue;
        line = line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
        if (line.starts_with("export ")) line = line.substr(line.find_first_not_of(" \t", 7));
        const auto equals = line.find('=');
        if (equals == line.npos || equals == 0)
            throw Failure(Exit::usage, path + ", line " + std::to_string(number) + ": expected NAME=value.");
        std::string value = line.substr(equals + 1);
        if (value.size() >= 2 && (value[0] == '"' || value[0] == '\'') && value.back() == value[0]) value = value.substr(1, value.size() - 2);
        setenv(line.substr(0, equals).c_str(), value.c_str(), 0);
    }
}

}  // namespace pg_candle
