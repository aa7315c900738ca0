#include "ingest/completeness_matrix.hpp"

#include <algorithm>
#include <cstdio>
#include <set>
#include <tuple>

#include "model/candle.hpp"
#include "store/job_queue.hpp"

namespace pg_candle::ingest {

bool shorter(const std::string& timeframe, const std::string& other) {
    const auto rank = [](const std::string& name) {
        Timeframe parsed{};
        const char* reason = nullptr;
        return parse_timeframe(name, parsed, reason) ? std::tuple(0, static_cast<int>(parsed.unit), parsed.count, name)
                                                     : std::tuple(1, 0, 0, name);
    };
    return rank(timeframe) < rank(other);
}

Matrix read_matrix(store::Connection& connection, DateRange range, const std::vector<store::Instrument>& instruments,
                   const std::vector<std::string>& timeframes) {
    std::vector<int> ids;
    for (const store::Instrument& one : instruments) ids.push_back(one.id);
    const store::Rows rows = connection.run(
        "SELECT c.instrument_id, coalesce(m.exchange, ''), coalesce(c.trading_symbol, c.instrument_id::text), "
        "c.timeframe, "
        "completeness_mark(c.present, c.missing, c.ratio), coalesce(c.ratio, 1) "
        "FROM completeness($1, $2) c LEFT JOIN instrument_master m USING (instrument_id) "
        "WHERE ($3::int[] IS NULL OR c.instrument_id = ANY ($3)) AND ($4::text[] IS NULL OR c.timeframe = ANY ($4)) "
        "ORDER BY 3, 2, 1",
        {store::sql_time(india_midnight(range.from)), store::sql_time(india_midnight(range.to + std::chrono::days{1})),
         store::array_or_null(ids), store::array_or_null(timeframes)});
    Matrix matrix;
    std::set<std::string> names;
    for (int i = 0; i < rows.size(); ++i) {
        if (i == 0 || rows.text(i, 0) != rows.text(i - 1, 0))
            matrix.rows.push_back({rows.str(i, 1), rows.str(i, 2), {}});
        names.insert(rows.str(i, 3));
        matrix.rows.back().cells[rows.str(i, 3)] = {rows.str(i, 4), std::stod(rows.str(i, 5))};
    }
    matrix.timeframes.assign(names.begin(), names.end());
    std::sort(matrix.timeframes.begin(), matrix.timeframes.end(), shorter);
    return matrix;
}

namespace {

/// The names of the rows: symbols, with their exchange where that alone tells them apart.
std::vector<std::string> short_names(const std::vector<Matrix::Row>& rows) {
    std::map<std::string, int> counts;
    for (const Matrix::Row& row : rows) ++counts[row.symbol];
    std::vector<std::string> names;
    for (const Matrix::Row& row : rows)
        names.push_back(counts[row.symbol] > 1 ? row.exchange + ":" + row.symbol : row.symbol);
    return names;
}

}  // namespace

void Matrix::print() const {
    if (rows.empty()) return;
    const auto cell = [](const std::string& mark) {
        // ✓ and ✗ are three bytes and one column.
        const auto width =
            static_cast<int>(std::count_if(mark.begin(), mark.end(), [](char c) { return (c & 0xC0) != 0x80; }));
        printf("%*s%s", std::max(1, 8 - width), "", mark.c_str());
    };
    printf("%-20s", "");
    for (const std::string& timeframe : timeframes) cell(timeframe);
    printf("\n");
    const std::vector<std::string> names = short_names(rows);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        printf("%-20s", names[i].c_str());
        for (const std::string& timeframe : timeframes) {
            const auto found = rows[i].cells.find(timeframe);
            cell(found == rows[i].cells.end() ? "-" : found->second.mark);
        }
        printf("\n");
    }
    printf("\n");
}

nlohmann::ordered_json Matrix::marks() const {
    nlohmann::ordered_json result = nlohmann::ordered_json::object();
    const std::vector<std::string> names = short_names(rows);
    for (std::size_t i = 0; i < rows.size(); ++i)
        for (const std::string& timeframe : timeframes)
            if (const auto found = rows[i].cells.find(timeframe); found != rows[i].cells.end())
                result[names[i]][timeframe] = found->second.mark;
    return result;
}

nlohmann::ordered_json Matrix::ratios() const {
    nlohmann::ordered_json result = nlohmann::ordered_json::object();
    for (const Row& row : rows)
        for (const std::string& timeframe : timeframes)
            if (const auto found = row.cells.find(timeframe); found != row.cells.end())
                result[row.exchange + ":" + row.symbol][timeframe] = found->second.ratio;
    return result;
}

void derive(store::Connection& connection, const std::vector<std::string>& timeframes) {
    connection.refresh_timeframes(
        connection.run("SELECT timeframes_to_derive($1)", {store::array_or_null(timeframes)}).str(0, 0));
}

}  // namespace pg_candle::ingest
