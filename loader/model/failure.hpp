#pragma once
#include <stdexcept>
#include <string>

namespace pg_candle {

/// How pgcandle ends.
enum class Exit { done = 0, failed = 1, usage = 2, authentication = 3, locked = 4, database = 5 };

/// Something that ends the command. `what()` is a full sentence for the user, without any secret; `hint` says what to
/// do about it and may be empty.
class Failure : public std::runtime_error {
public:
    Failure(Exit exit, const std::string& what, std::string hint = {})
        : std::runtime_error(what), exit(exit), hint(std::move(hint)) {}

    Exit exit;
    std::string hint;
};

}  // namespace pg_candle
