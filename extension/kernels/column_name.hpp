#pragma once
#include <cstdint>
#include <span>
#include <string_view>

#include "kernels/kernel.hpp"

namespace pg_candle {

/// A parameter as the registry declares it: lowest <= value <= highest; a decimal must also be above 0.
struct ParameterRule {
    std::string_view name;
    double lowest;
    double highest;
    bool decimal;
};

/// A row of the registry, generated from the file `registry`.
struct Indicator {
    std::string_view name;
    std::span<const ParameterRule> parameters;
    std::span<const std::string_view> outputs;           ///< column stems
    std::span<const std::string_view> window_functions;  ///< SQL names, one per output; empty: none
    std::string_view inputs;                             ///< what a window function takes, one letter each: o h l c v
    bool ordered;                                        ///< the first parameter must be smaller than the second
    /// Number of the first candle with a value, or -1 where the data decides.
    std::int64_t (*first)(const Parameters&) noexcept;
    Kernel& (*build)(Plan&, const Parameters&);
};

/// All indicators, in the order of the file.
std::span<const Indicator> indicators() noexcept;

/// One output of one indicator with its parameters: what a column name says.
struct ColumnName {
    const Indicator* indicator = nullptr;
    int output = 0;
    Parameters parameters;
};

enum class NameKind {
    other,  ///< no indicator: leave the column alone
    indicator,
    impossible,  ///< reads like an indicator, but nothing can be computed for it
};

/// Why parameters are impossible, as a full sentence for an error's DETAIL.
struct Reason {
    char text[200];
};

/// Reads a column name: a stem of the registry followed by exactly as many numbers as it has parameters, joined by "_"
/// (`macd_signal_12_26_9`); a decimal point is written p (`bb_upper_20_2p5`). A stem followed by anything but numbers
/// is another name. `column` is set for `indicator`, `reason` for `impossible`.
NameKind parse_column_name(std::string_view name, ColumnName& column, Reason& reason) noexcept;

/// The column that was probably meant by a name that is none: ema_34 for ema34 or EMA-34, and supertrend_10_3 for
/// supertrnd_10_3 (short stems are not guessed at); rsi_<n> for a stem without its numbers, or with what cannot be read
/// as such. Empty if nothing comes near.
struct NearColumnName {
    char text[64];
};
NearColumnName near_column_name(std::string_view name) noexcept;

/// Checks parameters that come from elsewhere (a window function's arguments) by the same rules.
bool check_parameters(const Indicator& indicator, const Parameters& parameters, Reason& reason) noexcept;

/// The output that the window function of this SQL name computes; false if there is none.
bool find_window_function(std::string_view function, ColumnName& column) noexcept;

}  // namespace pg_candle
