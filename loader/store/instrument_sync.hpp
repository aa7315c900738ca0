#pragma once
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "model/instrument_record.hpp"
#include "store/connection.hpp"

namespace pg_candle::store {

/// What a sync of the instrument master did.
struct SyncReport {
    struct Count {
        std::int64_t before = 0, after = 0;  ///< active instruments
    };
    std::map<std::pair<std::string, std::string>, Count> counts;  ///< (segment, instrument_type)
    struct Segment {
        std::int64_t records = 0, added = 0, changed = 0, deactivated = 0, reactivated = 0;
    };
    std::map<std::string, Segment> segments;  ///< of the file
    Segment total;
    std::int64_t bad_records = 0, duplicates = 0;
    std::vector<std::string> problems;  ///< the first bad records, with their position
    double seconds = 0;
};

/// One synchronisation of instrument_master, option_master and future_master with a file that is taken to be the whole
/// truth about the segments in it: what is not there any more becomes inactive, nothing is ever deleted. All in one
/// transaction: without finish() nothing happened. Identity is (instrument_key, expiry_date); a contract that has not
/// expired and whose expiry alone is another one now (not its underlying, type or strike) stays the instrument that it
/// is (alert `expiry_moved`).
class InstrumentSync {
public:
    /// Takes the lock that only one sync may hold; throws Failure (locked) when another one has it.
    explicit InstrumentSync(Connection& connection);

    /// One record on its way into a temporary table, by COPY; bounded memory.
    void add(const InstrumentRecord& record);

    /// A record that cannot be used. Its instrument, `key`, stays as it is; where nobody knows which one that is, none
    /// of the file's vanishes.
    void add_bad(std::int64_t number, std::int64_t offset, const std::string& reason, const std::string& key);

    /// Works the records in. Throws Failure, leaving everything as it was, when more than 5 % of the records are bad;
    /// when there is none; when the file holds the cash segments of NSE and BSE, so that it is the complete master, but
    /// no derivative at all; or when more than half of a segment's active instruments would vanish, unless `force`.
    SyncReport finish(bool force);

private:
    void add_bad(const std::string& record, const std::string& reason, const std::string& key);
    void count_active(std::int64_t SyncReport::Count::*when);
    void check(bool force);

    Connection& connection_;
    Transaction transaction_;
    CopyText rows_;
    SyncReport report_;
    std::int64_t good_ = 0;
    std::vector<std::string> bad_keys_;
    bool unknown_key_ = false;
};

}  // namespace pg_candle::store
