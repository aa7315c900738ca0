#include "store/calendar_sync.hpp"

#include <algorithm>
#include <map>
#include <set>

#include "model/failure.hpp"

namespace pg_candle::store {
namespace {

using namespace std::chrono;

constexpr const char* source = "provider";

/// More days than this are neither taken away nor added by one answer, of a year that was known.
constexpr int max_changed = 5;

std::string time_of_day(Instant at) {
    const hh_mm_ss<microseconds> time{at + india_offset - Instant{india_date(at)}};
    char text[16];
    snprintf(text, sizeof text, "%02d:%02d", static_cast<int>(time.hours().count()),
             static_cast<int>(time.minutes().count()));
    return text;
}

/// Periods as trading_sessions() and CalendarChange have them.
using Periods = std::set<std::pair<std::string, std::string>>;

std::string text_of(const Periods& periods) {
    std::string text;
    for (const auto& [opens, closes] : periods) text += (text.empty() ? "" : " ") + opens + "-" + closes;
    return text;
}

std::map<std::string, Periods> by_exchange(const std::vector<ExchangeHours>& hours) {
    std::map<std::string, Periods> exchanges;
    for (const auto& one : hours) exchanges[one.exchange].emplace(time_of_day(one.opens), time_of_day(one.closes));
    return exchanges;
}

/// What the list says of one exchange on one day.
struct Statement {
    Periods open;  // none: it does not trade
    std::string description;
};

class Sync {
public:
    Sync(Connection& connection, const HolidayList& list, Date today)
        : connection_(connection), list_(list), today_(today) {
        const Rows known = connection_.run("SELECT DISTINCT calendar FROM trading_calendar");
        for (int i = 0; i < known.size(); ++i)
            if (is_usable(known.str(i, 0))) known_.insert(known.str(i, 0));
        for (const MarketDay& day : list.days) {
            for (const std::string& exchange : day.closed) state(day, exchange, {});
            for (auto& [exchange, periods] : by_exchange(day.open)) state(day, exchange, periods);
        }
    }

    void apply_list(bool force) {
        if (!list_.days.empty() && std::none_of(list_.days.begin(), list_.days.end(), [&](const MarketDay& day) {
                return year_month_day{day.date}.year() == this_year();
            }))
            throw Failure(Exit::failed, "The provider's list has no day of this year; nothing was changed.");
        refuse_additions(force);
        remove_unnamed(force);
        for (const auto& [exchange, days] : stated_)
            for (const auto& [date, statement] : days)
                if (date >= today_) set_hours(exchange, date, statement);
        if (!list_.unreadable.empty()) return;
        for (const auto& [exchange, days] : stated_)
            connection_.run(
                "UPDATE trading_calendar SET known_from = least(known_from, $2), known_through = "
                "greatest(known_through, $3) WHERE calendar = $1 AND (known_from IS NULL OR known_from > $2 OR "
                "known_through < $3)",
                {exchange, format_date(today_), format_date(year_end())});
    }

    void apply_today(const DayHours& hours) {
        const auto open = by_exchange(hours.exchanges);
        for (const auto& [exchange, periods] : open)
            if (known_.contains(exchange)) {
                set_hours(exchange, today_, {periods, "hours of the day"});
                clear_doubt(exchange);
            }
        for (const char* exchange : {"NSE", "BSE", "NFO", "BFO", "CDS", "BCD", "MCX", "NSCOM"}) {
            if (open.contains(exchange) || !known_.contains(exchange)) continue;
            // An exchange that it does not name may not trade, or the answer has a part only. The list knows.
            if (const std::string expected = hours_of(exchange, today_); !expected.empty())
                doubt(exchange, expected);
            else
                clear_doubt(exchange);
        }
    }

    CalendarReport report;

private:
    void state(const MarketDay& day, const std::string& exchange, const Periods& periods) {
        if (!known_.contains(exchange)) return;
        Statement& one = stated_[exchange][day.date];
        one.open.insert(periods.begin(), periods.end());
        one.description = day.description;
    }

    year this_year() const { return year_month_day{today_}.year(); }
    Date year_end() const { return this_year() / 12 / 31; }

    /// Whether sessions can be told from the calendar. What the provider said of days to come is forgotten where it is
    /// in the way: it is said anew now.
    bool is_usable(const std::string& calendar) {
        const auto problem = [&] { return connection_.run("SELECT calendar_problem($1)", {calendar}).str(0, 0); };
        if (problem().empty()) return true;
        connection_.run("DELETE FROM special_session WHERE calendar = $1 AND source = $2 AND session_date >= $3",
                        {calendar, source, format_date(today_)});
        const std::string text = problem();
        if (!text.empty()) report.doubts.push_back("calendar " + calendar + " cannot be used: " + text);
        return text.empty();
    }

    /// Holidays that were not known, of a year whose holidays were: a few may come, like elections; many are an error.
    void refuse_additions(bool force) {
        std::set<Date> dates;
        for (const auto& [exchange, days] : stated_) {
            const Rows known = connection_.run(
                "SELECT known_through FROM trading_calendar WHERE calendar = $1 AND known_through >= $2",
                {exchange, format_date(year_end())});
            if (known.size() == 0) continue;
            for (const auto& [date, said] : days)
                if (date > today_ && said.open.empty() && !hours_of(exchange, date).empty()) dates.insert(date);
        }
        if (static_cast<int>(dates.size()) > max_changed && !force)
            throw Failure(Exit::failed,
                          "The provider's list has " + std::to_string(dates.size()) +
                              " holidays that were not known, " + format_date(*dates.begin()) +
                              " the first; nothing was changed.",
                          "If that is right: pgcandle calendar --force");
    }

    void clear_doubt(const std::string& exchange) {
        connection_.run("SELECT clear_sync_alert('calendar_doubt', $1)", {subject(exchange)});
    }
    std::string subject(const std::string& exchange) const { return exchange + " " + format_date(today_); }

    std::string hours_of(const std::string& exchange, Date date) {
        return connection_
            .run(
                "SELECT string_agg(to_char(opens_at AT TIME ZONE 'Asia/Kolkata', 'HH24:MI') || '-' || "
                "to_char(closes_at AT TIME ZONE 'Asia/Kolkata', 'HH24:MI'), ' ' ORDER BY opens_at) "
                "FROM trading_sessions($1, $2::date, $2::date)",
                {exchange, format_date(date)})
            .str(0, 0);
    }

    bool is_ones_own(const std::string& exchange, Date date) {
        return connection_
                   .run(
                       "SELECT FROM special_session WHERE calendar = $1 AND session_date = $2 AND source IS NULL "
                       "UNION ALL SELECT FROM trading_holiday WHERE calendar = $1 AND holiday = $2 AND source IS NULL",
                       {exchange, format_date(date)})
                   .size() > 0;
    }

    /// Makes these the hours of that day.
    void set_hours(const std::string& exchange, Date date, const Statement& said) {
        const std::string before = hours_of(exchange, date), wanted = text_of(said.open), day = format_date(date);
        if (before == wanted || is_ones_own(exchange, date)) return;
        connection_.run("DELETE FROM special_session WHERE calendar = $1 AND session_date = $2", {exchange, day});
        if (hours_of(exchange, date) != wanted) {
            if (said.open.empty())
                connection_.run(
                    "INSERT INTO trading_holiday (calendar, holiday, description, source) VALUES ($1, $2, $3, $4)",
                    {exchange, day, said.description, source});
            for (const auto& [opens, closes] : said.open)
                connection_.run(
                    "INSERT INTO special_session (calendar, session_date, opens, closes, kind, description, source) "
                    "VALUES ($1, $2, $3, $4, CASE WHEN $5 ~* 'laxmi|diwali|muhurat' THEN 'muhurat' ELSE 'special' END, "
                    "$5, $6)",
                    {exchange, day, opens, closes, said.description, source});
        }
        report.changes.push_back({exchange, date, before, wanted});
    }

    /// Holidays and special sessions of earlier lists and of ours that the list does not have any more.
    void remove_unnamed(bool force) {
        if (list_.has_unknown_day) return;
        std::vector<std::pair<std::string, Date>> unnamed;
        std::set<Date> dates;
        for (const auto& [exchange, days] : stated_) {
            const Rows rows = connection_.run(
                "SELECT holiday FROM trading_holiday WHERE calendar = $1 AND holiday > $2 AND holiday <= $3 AND source "
                "IS NOT NULL UNION SELECT session_date FROM special_session WHERE calendar = $1 AND session_date > $2 "
                "AND session_date <= $3 AND source IS NOT NULL ORDER BY 1",
                {exchange, format_date(today_), format_date(year_end())});
            for (int i = 0; i < rows.size(); ++i) {
                const Date date = parse_date(rows.text(i, 0)).value();
                if (days.contains(date) || list_.unreadable_days.contains(date)) continue;
                unnamed.emplace_back(exchange, date);
                dates.insert(date);
            }
        }
        if (static_cast<int>(dates.size()) > max_changed && !force)
            throw Failure(Exit::failed,
                          "The provider's list lacks " + std::to_string(dates.size()) + " days that are known, " +
                              format_date(*dates.begin()) + " the first; nothing was changed.",
                          "If that is right: pgcandle calendar --force");
        for (const auto& [exchange, date] : unnamed) {
            const std::string before = hours_of(exchange, date), day = format_date(date);
            connection_.run("DELETE FROM trading_holiday WHERE calendar = $1 AND holiday = $2 AND source IS NOT NULL",
                            {exchange, day});
            connection_.run(
                "DELETE FROM special_session WHERE calendar = $1 AND session_date = $2 AND source IS NOT NULL",
                {exchange, day});
            const std::string after = hours_of(exchange, date);
            if (before != after) report.changes.push_back({exchange, date, before, after});
        }
    }

    void doubt(const std::string& exchange, const std::string& expected) {
        const std::string text =
            subject(exchange) + ": the provider names no hours, " + expected + " were expected and stay";
        report.doubts.push_back(text);
        connection_.run("SELECT raise_sync_alert('calendar_doubt', $1, $2)",
                        {subject(exchange), text + ". To ask again: pgcandle calendar"});
    }

    Connection& connection_;
    const HolidayList& list_;
    Date today_;
    std::set<std::string> known_;
    std::map<std::string, std::map<Date, Statement>> stated_;
};

}  // namespace

CalendarReport sync_calendars(Connection& connection, const HolidayList& list, const DayHours& hours, Date today,
                              bool force) {
    Transaction transaction(connection);
    Sync sync(connection, list, today);
    sync.apply_list(force);
    sync.apply_today(hours);
    transaction.commit();
    return std::move(sync.report);
}

}  // namespace pg_candle::store
