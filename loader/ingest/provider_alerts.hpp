#pragma once
#include <string>

#include "store/connection.hpp"
#include "upstox/token.hpp"

namespace pg_candle::ingest {

// Alerts about the provider as a whole, which whoever asks it next opens or closes.

/// The provider refuses a token. The alert is about the place where it was found: another place's token may work.
void note_refused(store::Connection& connection, const upstox::Token& token, const std::string& why);

/// The provider answered to that token.
void note_accepted(store::Connection& connection, const upstox::Token& token);

/// The provider refuses whatever it is asked, or cannot be reached.
void note_unavailable(store::Connection& connection, const std::string& why);

/// It answered.
void note_available(store::Connection& connection);

}  // namespace pg_candle::ingest
