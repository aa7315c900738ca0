#pragma once
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "store/instruments.hpp"
#include "upstox/endpoints.hpp"

namespace pg_candle::ingest {

/// How complete series are: a row per instrument, a column per timeframe that any of them has.
struct Matrix {
    struct Cell {
        std::string mark;  ///< ✓, ✗ or a percentage, as completeness_mark() has it
        double ratio;      ///< present of what can be had; 1 of nothing
    };
    struct Row {
        std::string exchange, symbol;
        std::map<std::string, Cell> cells;  ///< by timeframe
    };
    std::vector<std::string> timeframes;  ///< shortest first
    std::vector<Row> rows;                ///< by symbol

    void print() const;
    /// symbol → timeframe → mark; symbols that several exchanges have come with it, as NSE:RELIANCE.
    nlohmann::ordered_json marks() const;
    /// NSE:RELIANCE → timeframe → ratio.
    nlohmann::ordered_json ratios() const;
};

/// Of these instruments and timeframes, or of all that are looked after where a list is empty.
Matrix read_matrix(store::Connection& connection, DateRange range, const std::vector<store::Instrument>& instruments,
                   const std::vector<std::string>& timeframes);

/// Whether a timeframe is shorter than another one; names that are none come last.
bool shorter(const std::string& timeframe, const std::string& other);

/// Derives what is derived: these timeframes, or those of the watchlist.
void derive(store::Connection& connection, const std::vector<std::string>& timeframes);

}  // namespace pg_candle::ingest
