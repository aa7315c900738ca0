#include "ingest/provider_alerts.hpp"

namespace pg_candle::ingest {

void note_refused(store::Connection& connection, const upstox::Token& token, const std::string& why) {
    connection.run("SELECT raise_sync_alert('token_expired', $1, $2)",
                   {token.place(), why + " " + upstox::renewal(token) + " What waits is made up for then."});
}

void note_accepted(store::Connection& connection, const upstox::Token& token) {
    connection.run("SELECT clear_sync_alert('token_expired', $1)", {token.place()});
}

void note_unavailable(store::Connection& connection, const std::string& why) {
    connection.run("SELECT raise_sync_alert('unavailable', '', $1)",
                   {why + " What waits is made up for by \"pgcandle run\", which tries again by itself, or by the same "
                          "command later."});
}

void note_available(store::Connection& connection) { connection.run("SELECT clear_sync_alert('unavailable', '')"); }

}  // namespace pg_candle::ingest
