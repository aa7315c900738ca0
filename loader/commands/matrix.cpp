#include "commands/matrix.hpp"

#include <algorithm>
#include <cstdio>
#include <set>

#include "store/job_queue.hpp"

namespace pg_candle::commands {

Matrix read_matrix(store::Connection& connection, upstox::DateRange range, const std::vector<store::Instrument>& instruments,
                   const std::vector<std::string>& timeframes) {
    const store::Rows rows = connection.run("SELECT trading_symbol, \"1m\", \"3m\", \"5m\", \"15m\", \"30m\", \"1h\", \"4h\", \"1d\", \"1w\", \"1mo\" FROM completeness_matrix($1, $2)",
                                            {store::sql_time(india_midnight(range.from)), store::sql_time(india_midnight(range.to + std::chrono::days{1}))});
    constexpr const char* names[] = {"1m", "3m", "5m", "15m", "30m", "1h", "4h", "1d", "1w", "1mo"};
    std::set<std::string> wanted;
    for (const auto& one : instruments) wanted.insert(one.symbol);
    std::vector<int> kept;
    std::set<int> columns;
    for (int i = 0; i < rows.size(); ++i) {
        if (!wanted.empty() && !wanted.contains(rows.str(i, 0))) continue;
        kept.push_back(i);
        for (int column = 1; column <= static_cast<int>(std::size(names)); ++column)
            if (!rows.is_null(i, column) && (timeframes.empty() || std::find(timeframes.begin(), timeframes.end(), names[column - 1]) != timeframes.end()))
                columns.insert(column);
    }
    Matrix matrix;
    for (const int column : columns) matrix.timeframes.emplace_back(names[column - 1]);
    for (const int i : kept) {
        Matrix::Row row{rows.str(i, 0), {}};
        for (const int column : columns) row.marks.push_back(rows.str(i, column));
        matrix.rows.push_back(std::move(row));
    }
    return matrix;
}

void Matrix::print() const {
    if (rows.empty()) return;
    const auto cell = [](const std::string& mark) {
        // ✓ and ✗ are three bytes and one column.
        const auto width = static_cast<int>(std::count_if(mark.begin(), mark.end(), [](char c) { return (c & 0xC0) != 0x80; }));
        printf("%*s%s", std::max(1, 8 - width), "", mark.empty() ? "-" : mark.c_str());
    };
    printf("%-20s", "");
    for (const std::string& timeframe : timeframes) cell(timeframe);
    printf("\n");
    for (const Row& row : rows) {
        printf("%-20s", row.symbol.c_str());
        for (const std::string& mark : row.marks) cell(mark.empty() ? "-" : mark);
        printf("\n");
    }
    printf("\n");
}

nlohmann::ordered_json Matrix::json() const {
    nlohmann::ordered_json result = nlohmann::ordered_json::object();
    for (const Row& row : rows)
        for (std::size_t i = 0; i < timeframes.size(); ++i)
            if (!row.marks[i].empty()) result[row.symbol][timeframes[i]] = row.marks[i];
    return result;
}

void derive(store::Connection& connection, const std::vector<std::string>& timeframes) {
    connection.run("CALL refresh_timeframes(NULL, timeframes_to_derive($1))", {store::array_or_null(timeframes)});
}

}  // namespace pg_candle::commands
