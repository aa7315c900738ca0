#include "replay/faults.hpp"

#include <algorithm>
#include <sstream>

#include "model/failure.hpp"

namespace pg_candle::replay {

void Faults::set(const std::string& text) {
    std::map<Fault, double> shares;
    std::stringstream stream(text);
    for (std::string item; std::getline(stream, item, ',');) {
        const auto equals = item.find('=');
        const auto name = std::find(fault_names.begin(), fault_names.end(), item.substr(0, equals));
        char* end = nullptr;
        const double share = equals == item.npos ? 1 : std::strtod(item.c_str() + equals + 1, &end);
        if (name == fault_names.end() || (end && *end) || !(share >= 0 && share <= 1))
            throw Failure(Exit::usage, "\"" + item + "\" is no fault with its share.",
                          "Write it like slow=0.3,cut=0.1.");
        shares[static_cast<Fault>(name - fault_names.begin())] = share;
    }
    const std::lock_guard lock(mutex_);
    shares_ = std::move(shares);
}

std::optional<Fault> Faults::draw() {
    const std::lock_guard lock(mutex_);
    double left = std::uniform_real_distribution<>{}(random_);
    for (const auto& [fault, share] : shares_) {
        if (left < share) return fault;
        left -= share;
    }
    return {};
}

std::uint64_t Faults::draw_seed() {
    const std::lock_guard lock(mutex_);
    return random_();
}

}  // namespace pg_candle::replay
