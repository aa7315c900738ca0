#include "unit/reference.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

namespace pg_candle {
namespace {

using Real = long double;
using Column = std::vector<Real>;
constexpr Real none = std::numeric_limits<Real>::quiet_NaN();

struct Reader {
    const TestSeries& s;
    std::size_t size = s.size();
    Real high(std::size_t i) const { return s.high[i]; }
    Real low(std::size_t i) const { return s.low[i]; }
    Real close(std::size_t i) const { return s.close[i]; }
    Real volume(std::size_t i) const { return std::isnan(s.volume[i]) ? 0 : s.volume[i]; }
    Real mean_close(std::size_t last, int n) const {
        Real sum = 0;
        for (int k = 0; k < n; ++k) sum += close(last - k);
        return sum / n;
    }
};

/// y += alpha (x - y) over x[first ..], seeded with the mean of the first n.
Column smooth(const Column& x, std::size_t first, int n, Real alpha) {
    Column out(x.size(), none);
    Real sum = 0, y = 0;
    for (std::size_t i = first; i < x.size(); ++i) {
        const int inputs = static_cast<int>(i - first) + 1;
        if (inputs <= n) sum += x[i];
        if (inputs < n) continue;
        y = inputs == n ? sum / n : y + alpha * (x[i] - y);
        out[i] = y;
    }
    return out;
}

Column closes(const Reader& r) { return Column(r.s.close.begin(), r.s.close.end()); }

Real range(const Reader& r, std::size_t i) {
    return std::max(r.high(i), r.close(i - 1)) - std::min(r.low(i), r.close(i - 1));
}

Column atr(const Reader& r, int n) {
    Column tr(r.size, 0);
    for (std::size_t i = 1; i < r.size; ++i) tr[i] = range(r, i);
    return smooth(tr, 1, n, Real(1) / n);
}

struct Directional {
    Column plus, minus, adx;
};

Directional directional(const Reader& r, int n) {
    Directional out{Column(r.size, none), Column(r.size, none), Column(r.size, none)};
    Real plus = 0, minus = 0, tr = 0, seed = 0, adx = 0;
    for (std::size_t i = 1; i < r.size; ++i) {
        const Real up = r.high(i) - r.high(i - 1), down = r.low(i - 1) - r.low(i);
        const Real p = up > 0 && up > down ? up : 0, m = down > 0 && down > up ? down : 0;
        if (static_cast<int>(i) < n) {
            plus += p, minus += m, tr += range(r, i);
            continue;
        }
        plus += p - plus / n, minus += m - minus / n, tr += range(r, i) - tr / n;
        out.plus[i] = tr == 0 ? 0 : 100 * plus / tr;
        out.minus[i] = tr == 0 ? 0 : 100 * minus / tr;
        const Real sum = out.plus[i] + out.minus[i];
        const Real dx = sum == 0 ? 0 : 100 * std::fabs(out.plus[i] - out.minus[i]) / sum;
        if (static_cast<int>(i) < 2 * n) seed += dx;
        if (static_cast<int>(i) == 2 * n - 1) adx = seed / n;
        if (static_cast<int>(i) >= 2 * n && sum != 0) adx += (dx - adx) / n;
        if (static_cast<int>(i) >= 2 * n - 1) out.adx[i] = adx;
    }
    return out;
}

Column rsi(const Reader& r, int n) {
    Column gain(r.size, 0), loss(r.size, 0), out(r.size, none);
    for (std::size_t i = 1; i < r.size; ++i) {
        gain[i] = std::max<Real>(r.close(i) - r.close(i - 1), 0);
        loss[i] = std::max<Real>(r.close(i - 1) - r.close(i), 0);
    }
    const Column g = smooth(gain, 1, n, Real(1) / n), l = smooth(loss, 1, n, Real(1) / n);
    for (std::size_t i = n; i < r.size; ++i) out[i] = g[i] + l[i] == 0 ? 0 : 100 * g[i] / (g[i] + l[i]);
    return out;
}

struct Macd3 {
    Column macd, signal, hist;
};

/// A difference of averages does not change when all closes are shifted; without their level, long double has digits to
/// spare.
Macd3 macd(const Reader& r, int fast, int slow, int signal) {
    Column shifted = closes(r);
    for (Real& x : shifted) x -= r.close(0);
    const Column f = smooth(shifted, slow - fast, fast, Real(2) / (fast + 1));
    const Column s = smooth(shifted, 0, slow, Real(2) / (slow + 1));
    Column difference(r.size, none);
    for (std::size_t i = slow - 1; i < r.size; ++i) difference[i] = f[i] - s[i];
    Macd3 out{Column(r.size, none), smooth(difference, slow - 1, signal, Real(2) / (signal + 1)), Column(r.size, none)};
    for (std::size_t i = slow + signal - 2; i < r.size; ++i) {
        out.macd[i] = difference[i];
        out.hist[i] = difference[i] - out.signal[i];
    }
    return out;
}

/// Mean and sum of squared distances of the last n.
void spread(const Column& x, std::size_t last, int n, Real& mean, Real& squares) {
    mean = squares = 0;
    for (int k = 0; k < n; ++k) mean += x[last - k];
    mean /= n;
    for (int k = 0; k < n; ++k) squares += (x[last - k] - mean) * (x[last - k] - mean);
}

Column supertrend(const Reader& r, int n, Real k, bool direction) {
    const Column range = atr(r, n);
    Column out(r.size, none);
    Real upper = 0, lower = 0;
    bool up = false;
    for (std::size_t i = n; i < r.size; ++i) {
        const Real m = (r.high(i) + r.low(i)) / 2, raw_upper = m + k * range[i], raw_lower = m - k * range[i];
        if (static_cast<int>(i) == n) upper = raw_upper, lower = raw_lower, up = r.close(i) >= m;
        if (raw_upper < upper || r.close(i - 1) > upper) upper = raw_upper;
        if (raw_lower > lower || r.close(i - 1) < lower) lower = raw_lower;
        up = !(r.close(i) <= (up ? lower : upper));
        out[i] = direction ? (up ? 1 : -1) : up ? lower : upper;
    }
    return out;
}

Column log_return(const Reader& r, int n) {
    Column out(r.size, none);
    for (std::size_t i = n; i < r.size; ++i)
        if (r.close(i) > 0 && r.close(i - n) > 0) out[i] = std::log1p((r.close(i) - r.close(i - n)) / r.close(i - n));
    return out;
}

Column regression(const Reader& r, int n, bool r2) {
    Column out(r.size, none);
    for (std::size_t i = n - 1; i < r.size; ++i) {
        Real mean = r.mean_close(i, n), xy = 0, xx = 0, yy = 0;
        for (int k = 0; k < n; ++k) {
            const Real x = k - Real(n - 1) / 2, y = r.close(i - n + 1 + k) - mean;
            xy += x * y, xx += x * x, yy += y * y;
        }
        bool flat = true;
        for (int k = 1; k < n; ++k) flat &= r.close(i - k) == r.close(i);
        out[i] = !r2 ? xy / xx : flat ? none : xy * xy / (xx * yy);
    }
    return out;
}

Column volume_ratio(const Reader& r, int n) {
    Column out(r.size, none);
    for (std::size_t i = n - 1; i < r.size; ++i) {
        Real sum = 0;
        bool known = true;
        for (int k = 0; k < n; ++k) sum += r.volume(i - k), known &= !std::isnan(r.s.volume[i - k]);
        if (known && sum != 0) out[i] = r.volume(i) / (sum / n);
    }
    return out;
}

Column vwap(const Reader& r) {
    Column out(r.size, none);
    Real money = 0, volume = 0;
    for (std::size_t i = 0; i < r.size; ++i) {
        if (i == 0 || r.s.session[i] != r.s.session[i - 1]) money = volume = 0;
        money += (r.high(i) + r.low(i) + r.close(i)) / 3 * r.volume(i);
        volume += r.volume(i);
        if (volume != 0) out[i] = money / volume;
    }
    return out;
}

Column level(const Reader& r, const std::string& stem) {
    Column out(r.size, none);
    Real high = none, low = none, close = none, h = 0, l = 0, c = 0;
    for (std::size_t i = 0; i < r.size; ++i) {
        if (i == 0 || r.s.session[i] != r.s.session[i - 1]) {
            if (i > 0) high = h, low = l, close = c;
            h = r.high(i), l = r.low(i);
        }
        h = std::max(h, r.high(i)), l = std::min(l, r.low(i)), c = r.close(i);
        const Real p = (high + low + close) / 3, d = high - low;
        if (stem == "pivot")
            out[i] = p;
        else if (stem == "pivot_r1")
            out[i] = 2 * p - low;
        else if (stem == "pivot_r2")
            out[i] = p + d;
        else if (stem == "pivot_r3")
            out[i] = high + 2 * (p - low);
        else if (stem == "pivot_s1")
            out[i] = 2 * p - high;
        else if (stem == "pivot_s2")
            out[i] = p - d;
        else if (stem == "pivot_s3")
            out[i] = low - 2 * (high - p);
        else if (stem == "fib_pivot_r1")
            out[i] = p + 0.382L * d;
        else if (stem == "fib_pivot_r2")
            out[i] = p + 0.618L * d;
        else if (stem == "fib_pivot_r3")
            out[i] = p + d;
        else if (stem == "fib_pivot_s1")
            out[i] = p - 0.382L * d;
        else if (stem == "fib_pivot_s2")
            out[i] = p - 0.618L * d;
        else if (stem == "fib_pivot_s3")
            out[i] = p - d;
        else
            out[i] = high - std::stold(stem.substr(4)) / 1000 * d;  // fib_236 ...
    }
    return out;
}

}  // namespace

std::vector<long double> reference(const TestSeries& series, const std::string& column) {
    const Reader r{series};
    ColumnName name;
    Reason reason;
    if (parse_column_name(column, name, reason) != NameKind::indicator) throw std::invalid_argument(column);
    const std::string stem(name.indicator->outputs[name.output]);
    const int n = name.parameters.integer(0);
    const Real k = name.parameters.value[1];
    const Column close = closes(r);
    Column out(r.size, none);

    if (stem == "ema") return smooth(close, 0, n, Real(2) / (n + 1));
    if (stem == "rma") return smooth(close, 0, n, Real(1) / n);
    if (stem == "rsi") return rsi(r, n);
    if (stem.starts_with("macd")) {
        const Macd3 all = macd(r, n, name.parameters.integer(1), name.parameters.integer(2));
        return stem == "macd" ? all.macd : stem == "macd_signal" ? all.signal : all.hist;
    }
    if (stem == "atr") return atr(r, n);
    if (stem == "plus_di") return directional(r, n).plus;
    if (stem == "minus_di") return directional(r, n).minus;
    if (stem == "adx") return directional(r, n).adx;
    if (stem == "supertrend" || stem == "supertrend_dir") return supertrend(r, n, k, stem == "supertrend_dir");
    if (stem == "vwap") return vwap(r);
    if (stem.starts_with("pivot") || stem.starts_with("fib")) return level(r, stem);
    if (stem == "log_return") return log_return(r, n);
    if (stem == "slope" || stem == "r2") return regression(r, n, stem == "r2");
    if (stem == "volume_ratio") return volume_ratio(r, n);
    if (stem == "obv") {
        Real sum = 0;
        for (std::size_t i = 0; i < r.size; ++i) {
            if (i == 0 || r.close(i) > r.close(i - 1))
                sum += r.volume(i);
            else if (r.close(i) < r.close(i - 1))
                sum -= r.volume(i);
            out[i] = sum;
        }
        return out;
    }
    if (stem == "volatility") {
        const Column returns = log_return(r, 1);
        for (std::size_t i = n; i < r.size; ++i) {
            Real mean, squares;
            spread(returns, i, n, mean, squares);
            out[i] = std::sqrt(squares / (n - 1));
        }
        return out;
    }
    if (stem == "atr_pct") {
        const Column range = atr(r, n);
        for (std::size_t i = n; i < r.size; ++i) out[i] = r.close(i) == 0 ? none : range[i] / r.close(i);
        return out;
    }
    for (std::size_t i = 0; i < r.size; ++i) {
        const bool full = static_cast<int>(i) >= n - 1;
        if (stem == "sma" || stem == "bb_middle")
            out[i] = full ? r.mean_close(i, n) : none;
        else if (stem == "bb_upper" || stem == "bb_lower") {
            if (!full) continue;
            Real mean, squares;
            spread(close, i, n, mean, squares);
            out[i] = mean + (stem == "bb_upper" ? k : -k) * std::sqrt(squares / n);
        } else if (stem == "return") {
            if (static_cast<int>(i) >= n && r.close(i - n) != 0)
                out[i] = (r.close(i) - r.close(i - n)) / r.close(i - n);
        } else if (stem == "range_pct") {
            if (r.close(i) != 0) out[i] = (r.high(i) - r.low(i)) / r.close(i);
        } else if (stem == "gap_pct") {
            if (i > 0 && r.close(i - 1) != 0) out[i] = (Real(series.open[i]) - r.close(i - 1)) / r.close(i - 1);
        } else {
            throw std::invalid_argument("no reference for " + column);
        }
    }
    return out;
}

}  // namespace pg_candle
