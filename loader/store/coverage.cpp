#include "store/coverage.hpp"

#include <algorithm>

namespace pg_candle::store {
namespace {

using State = CoveredRange::State;

constexpr const char* names[] = {"filled", "no_data", "failed"};

State state_of(std::string_view name) {
    return name == names[0] ? State::filled : name == names[1] ? State::no_data : State::failed;
}

void append(std::vector<CoveredRange>& ranges, CoveredRange next) {
    if (!(next.from < next.to)) return;
    if (!ranges.empty()) {
        CoveredRange& last = ranges.back();
        // What was confirmed twice is not mixed with what was not.
        const bool as_sure = last.state != State::no_data || (last.attempts >= 2) == (next.attempts >= 2);
        if (last.to == next.from && last.state == next.state && as_sure && last.error == next.error) {
            last.to = next.to;
            last.rows += next.rows;
            last.attempts = std::max(last.attempts, next.attempts);
            last.checked_at = std::min(last.checked_at, next.checked_at);
            return;
        }
    }
    ranges.push_back(std::move(next));
}

}  // namespace

std::vector<CoveredRange> learn(const std::vector<StoredRange>& old, const CoveredRange& fresh) {
    std::vector<CoveredRange> pieces;
    CoveredRange rest = fresh;  // what of it is still to be placed
    for (const StoredRange& one : old) {
        const CoveredRange& range = one.range;
        const bool overlaps = range.from < fresh.to && fresh.from < range.to;
        if (!overlaps) {
            pieces.push_back(range);
            continue;
        }
        if (fresh.state == State::failed && range.state != State::failed) {
            CoveredRange before = rest;
            before.to = std::min(range.from, rest.to);
            if (before.from < before.to) pieces.push_back(before);
            pieces.push_back(range);
            rest.from = std::max(rest.from, std::min(range.to, rest.to));
            continue;
        }
        if (range.state != State::filled && fresh.state != State::filled)
            rest.attempts = std::max(rest.attempts, range.attempts + 1);
        CoveredRange before = range, after = range;
        before.to = fresh.from;
        after.from = fresh.to;
        const bool has_before = before.from < before.to, has_after = after.from < after.to;
        const std::int64_t outside = std::max<std::int64_t>(0, range.rows - one.stored_inside);
        after.rows = has_before ? std::min(one.stored_after, outside) : outside;
        before.rows = outside - (has_after ? after.rows : 0);
        if (has_before) pieces.push_back(before);
        if (has_after) pieces.push_back(after);
    }
    if (rest.from < rest.to) pieces.push_back(rest);
    std::sort(pieces.begin(), pieces.end(),
              [](const CoveredRange& a, const CoveredRange& b) { return a.from < b.from; });
    std::vector<CoveredRange> merged;
    for (CoveredRange& piece : pieces) append(merged, std::move(piece));
    return merged;
}

std::vector<StoredRange> read_coverage(Connection& connection, int instrument_id, const std::string& timeframe,
                                       Instant from, Instant to) {
    const Rows rows = connection.run(
        "SELECT (extract(epoch FROM r.from_ts) * 1000000)::bigint, (extract(epoch FROM r.to_ts) * 1000000)::bigint, "
        "r.state, r.rows, "
        "r.attempts, (extract(epoch FROM r.checked_at) * 1000000)::bigint, r.error, "
        "CASE WHEN r.state = 'filled' THEN (SELECT count(*) FROM candle_data c WHERE c.instrument_id = r.instrument_id "
        " AND c.timeframe = r.timeframe AND c.source NOT IN ('i', 'd') AND c.ts >= greatest(r.from_ts, $3) AND c.ts < "
        "least(r.to_ts, $4)) END, "
        "CASE WHEN r.state = 'filled' AND r.from_ts < $3 AND r.to_ts > $4 THEN (SELECT count(*) FROM candle_data c "
        " WHERE c.instrument_id = r.instrument_id AND c.timeframe = r.timeframe AND c.source NOT IN ('i', 'd') AND "
        "c.ts >= $4 AND c.ts < r.to_ts) END "
        "FROM candle_coverage r WHERE r.instrument_id = $1 AND r.timeframe = $2 AND r.to_ts >= $3 AND r.from_ts <= $4 "
        "ORDER BY r.from_ts",
        {std::to_string(instrument_id), timeframe, sql_time(from), sql_time(to)});
    std::vector<StoredRange> ranges;
    for (int i = 0; i < rows.size(); ++i)
        ranges.push_back({{from_microseconds(rows.number(i, 0)), from_microseconds(rows.number(i, 1)),
                           state_of(rows.text(i, 2)), rows.number(i, 3), static_cast<int>(rows.number(i, 4)),
                           from_microseconds(rows.number(i, 5)), rows.str(i, 6)},
                          rows.number(i, 7),
                          rows.number(i, 8)});
    return ranges;
}

void write_coverage(Connection& connection, int instrument_id, const std::string& timeframe,
                    const std::vector<StoredRange>& old, const std::vector<CoveredRange>& fresh) {
    const std::string id = std::to_string(instrument_id);
    for (const StoredRange& one : old)
        connection.run("DELETE FROM candle_coverage WHERE instrument_id = $1 AND timeframe = $2 AND from_ts = $3",
                       {id, timeframe, sql_time(one.range.from)});
    for (const CoveredRange& one : fresh)
        connection.run(
            "INSERT INTO candle_coverage (instrument_id, timeframe, from_ts, to_ts, state, rows, attempts, checked_at, "
            "error) "
            "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
            {id, timeframe, sql_time(one.from), sql_time(one.to), names[static_cast<int>(one.state)],
             std::to_string(one.rows), std::to_string(one.attempts), sql_time(one.checked_at),
             one.error.empty() ? Param{} : Param{one.error}});
}

}  // namespace pg_candle::store
