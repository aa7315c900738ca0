#pragma once
#include <nlohmann/json.hpp>
#include <string>

#include "store/instruments.hpp"

namespace pg_candle::commands {

/// All about an instrument: for each timeframe what is stored, what of the last 30 days is missing and why, when it was
/// last asked for, what is queued and what failed; last price, indicators, alerts, and the commands that cure what is
/// wrong.
nlohmann::ordered_json instrument_status(store::Connection& connection, const store::Instrument& instrument);

/// The same for people.
void print_instrument(const nlohmann::ordered_json& status);

/// A value of such a document as people read it: - for null.
std::string shown(const nlohmann::ordered_json& value);

/// A time to the minute.
std::string moment(const nlohmann::ordered_json& value);

}  // namespace pg_candle::commands
