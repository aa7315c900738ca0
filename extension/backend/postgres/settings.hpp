#pragma once

namespace pg_candle {

/// The settings pg_candle.*, as they stand in this process. Strings are never null.
struct Settings {
    // Of the session. Other code reads them by name, because they are also meant for sessions that have not loaded us
    // yet.
    bool log_changes;            ///< off: the session logs its changes of candle_data itself
    bool log_indicator_changes;  ///< off: the same for indicator_data
    bool take_changes;           ///< on: rows that the session deletes from candle_change are taken by their consumer
    bool bulk_index_entries;     ///< pages of indexes are written by ourselves
    char* now;                   ///< the market's clock, for tests and replays
    char* stale_after;           ///< an interval, for data_freshness
    // Of the server: the launcher.
    char* databases;   ///< names, separated by commas
    char* role;        ///< as whom it works in them
    int naptime;       ///< seconds between two looks
    int verify_every;  ///< seconds after which a series is read from its first candle on again; 0: never
};
extern Settings settings;

/// Declares the settings and reserves their prefix. Called once, when the library is loaded.
void declare_settings();

}  // namespace pg_candle
