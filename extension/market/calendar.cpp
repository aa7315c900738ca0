#include "market/calendar.hpp"

#include <algorithm>
#include <chrono>

namespace pg_candle {

std::int32_t month_start(std::int32_t date) noexcept {
    using namespace std::chrono;
    constexpr sys_days epoch{year{2000} / 1 / 1};
    const year_month_day whole{epoch + days{date}};
    return static_cast<std::int32_t>((sys_days{whole.year() / whole.month() / 1} - epoch).count());
}

std::int32_t bucket_date(const Timeframe& timeframe, std::int32_t date) noexcept {
    if (timeframe.unit == Timeframe::Unit::week) return date - (weekday_of(date) - 1);
    return timeframe.unit == Timeframe::Unit::month ? month_start(date) : date;
}

std::int32_t next_bucket_date(const Timeframe& timeframe, std::int32_t bucket) noexcept {
    if (timeframe.unit == Timeframe::Unit::week) return bucket + 7;
    return timeframe.unit == Timeframe::Unit::month ? month_start(bucket + 31) : bucket + 1;
}

Periods::Periods(const Calendar& calendar, std::int32_t from, std::int32_t to) noexcept
    : calendar_(calendar), date_(from), last_(to) {
    const auto date_before = [](const SpecialPeriod& one, std::int32_t date) { return one.date < date; };
    const auto starts_after = [](std::int32_t date, const RegularHours& one) { return date < one.valid_from; };
    hours_ = static_cast<std::size_t>(
        std::upper_bound(calendar.hours.begin(), calendar.hours.end(), from, starts_after) - calendar.hours.begin());
    holiday_ = static_cast<std::size_t>(std::lower_bound(calendar.holidays.begin(), calendar.holidays.end(), from) -
                                        calendar.holidays.begin());
    special_ = static_cast<std::size_t>(
        std::lower_bound(calendar.specials.begin(), calendar.specials.end(), from, date_before) -
        calendar.specials.begin());
}

bool Periods::regular(Period& period) const noexcept {
    if (hours_ == 0) return false;  // before the first hours
    const RegularHours& hours = calendar_.hours[hours_ - 1];
    if (hours.weekly_off >> weekday_of(date_) & 1) return false;
    if (holiday_ < calendar_.holidays.size() && calendar_.holidays[holiday_] == date_) return false;
    const bool known = date_ >= calendar_.known_from && date_ <= calendar_.known_through;
    period = {date_, hours.opens, hours.closes, known ? PeriodKind::regular : PeriodKind::assumed, -1};
    return true;
}

bool Periods::next(Period& period) noexcept {
    while (date_ <= last_) {
        while (hours_ < calendar_.hours.size() && calendar_.hours[hours_].valid_from <= date_) ++hours_;
        while (holiday_ < calendar_.holidays.size() && calendar_.holidays[holiday_] < date_) ++holiday_;
        const auto& specials = calendar_.specials;
        if (special_ < specials.size() && specials[special_].date == date_) {
            const SpecialPeriod& one = specials[special_];
            period = {date_, one.opens, one.closes, PeriodKind::special, static_cast<std::int32_t>(special_)};
            ++special_;
            if (special_ == specials.size() || specials[special_].date != date_) ++date_;
            return true;
        }
        const bool trades = regular(period);
        ++date_;
        if (trades) return true;
    }
    return false;
}

}  // namespace pg_candle
