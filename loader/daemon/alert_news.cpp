#include "daemon/alert_news.hpp"

#include <spdlog/spdlog.h>

namespace pg_candle::daemon {

void AlertNews::tell(store::Connection& connection) {
    // What this program finds out itself it says itself.
    const store::Rows rows = connection.run(
        "SELECT alert_id, kind, subject, message FROM sync_alert WHERE cleared_at IS NULL AND kind NOT IN "
        "('token_expired', 'unavailable') ORDER BY alert_id");
    std::map<std::int64_t, std::string> open;
    int opened = 0;
    for (int i = 0; i < rows.size(); ++i) {
        const std::string name =
            rows.str(i, 1) + (rows.is_null(i, 2) || rows.text(i, 2).empty() ? "" : " " + rows.str(i, 2));
        open.emplace(rows.number(i, 0), name);
        if (!open_.contains(rows.number(i, 0)) && ++opened <= most)
            spdlog::warn("alert name=\"{}\" message=\"{}\"", name, rows.str(i, 3));
    }
    if (opened > most) spdlog::warn("alert {} more: \"pgcandle status\" shows them", opened - most);
    int closed = 0;
    for (const auto& [id, name] : open_)
        if (!open.contains(id) && ++closed <= most) spdlog::info("alert closed name=\"{}\"", name);
    if (closed > most) spdlog::info("alert {} more closed", closed - most);
    open_ = std::move(open);
}

}  // namespace pg_candle::daemon
