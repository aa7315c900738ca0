#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "store/instruments.hpp"
#include "upstox/endpoints.hpp"

namespace pg_candle::commands {

/// How complete series are, as completeness_matrix() shows it: a row per symbol, a column per timeframe that any of them has.
struct Matrix {
    std::vector<std::string> timeframes;
    struct Row {
        std::string symbol;
        std::vector<std::string> marks;  ///< ✓, ✗, a percentage, or empty
    };
    std::vector<Row> rows;

    void print() const;
    nlohmann::ordered_json json() const;
};

/// Of these instruments and timeframes, or of all that are looked after where a list is empty.
Matrix read_matrix(store::Connection& connection, upstox::DateRange range, const std::vector<store::Instrument>& instruments,
                   const std::vector<std::string>& timeframes);

/// Derives what is derived: these timeframes, or those of the watchlist.
void derive(store::Connection& connection, const std::vector<std::string>& timeframes);

}  // namespace pg_candle::commands
