#include "store/trading_hours.hpp"

#include <algorithm>

namespace pg_candle::store {

using namespace std::chrono;

const TradingHours::Calendar& TradingHours::calendar_of(int instrument_id) {
    if (const auto found = by_instrument_.find(instrument_id); found != by_instrument_.end()) return *found->second;
    const Rows rows =
        connection_.run("SELECT calendar_of_segment(segment) FROM instrument_master WHERE instrument_id = $1",
                        {std::to_string(instrument_id)});
    const std::string name = rows.size() == 1 ? rows.str(0, 0) : "";
    auto found = calendars_.find(name);
    if (found == calendars_.end()) found = calendars_.emplace(name, read(name)).first;
    by_instrument_[instrument_id] = &found->second;
    return found->second;
}

TradingHours::Calendar TradingHours::read(const std::string& name) {
    Calendar calendar;
    // Of one that cannot be used, or that trades around the clock, nothing is known here.
    const Rows known = connection_.run(
        "SELECT min(known_from), least(max(known_through), (candle_now() AT TIME ZONE 'Asia/Kolkata')::date + 7), "
        "bool_and(timezone = 'Asia/Kolkata') FROM trading_calendar WHERE calendar = $1 "
        "HAVING calendar_problem($1) IS NULL AND bool_or(opens > '00:00' OR closes < '24:00') "
        "AND isfinite(min(known_from)) AND min(known_from) <= max(known_through)",
        {name});
    if (known.size() == 0) return calendar;
    calendar.known_from = parse_date(known.text(0, 0)).value();
    calendar.known_through = parse_date(known.text(0, 1)).value();
    calendar.in_india = known.text(0, 2) == "t";
    const Rows rows = connection_.run(
        "SELECT session_date, (extract(epoch FROM opens_at) * 1000000)::bigint, (extract(epoch FROM closes_at) * "
        "1000000)::bigint FROM trading_sessions($1, $2, $3) ORDER BY opens_at",
        {name, format_date(calendar.known_from), format_date(calendar.known_through)});
    for (int i = 0; i < rows.size(); ++i)
        calendar.periods.push_back({parse_date(rows.text(i, 0)).value(), from_microseconds(rows.number(i, 1)),
                                    from_microseconds(rows.number(i, 2))});
    return calendar;
}

const TradingHours::Period* TradingHours::period_of(int instrument_id, Instant at) {
    const std::vector<Period>& periods = calendar_of(instrument_id).periods;
    const auto next =
        std::upper_bound(periods.begin(), periods.end(), at, [](Instant t, const Period& p) { return t < p.opens; });
    if (next == periods.begin()) return nullptr;
    const Period& period = *std::prev(next);
    return at <= period.closes ? &period : nullptr;
}

const char* TradingHours::problem(int instrument_id, const Timeframe& timeframe, Instant start) {
    const Calendar& calendar = calendar_of(instrument_id);
    const Date date = india_date(start);
    // The calendar's own dates may begin and end some hours beside India's.
    const days margin{calendar.in_india ? 0 : 1};
    if (calendar.periods.empty() || date < calendar.known_from + margin || date > calendar.known_through - margin)
        return nullptr;
    if (timeframe.intraday()) {
        const Period* period = period_of(instrument_id, start);
        return period && start < period->closes ? nullptr : "outside the trading hours";
    }
    if (timeframe.unit != Timeframe::Unit::day || !calendar.in_india) return nullptr;
    const bool any = std::binary_search(calendar.periods.begin(), calendar.periods.end(), Period{date, {}, {}},
                                        [](const Period& a, const Period& b) { return a.date < b.date; });
    return any ? nullptr : "on a day without a session";
}

}  // namespace pg_candle::store
