#include "text/near.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

namespace pg_candle {
namespace {

std::string plain(std::string_view text) {
    std::string letters;
    for (const char c : text)
        if (std::isalnum(static_cast<unsigned char>(c)))
            letters += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return letters;
}

}  // namespace

// Optimal string alignment (Damerau 1964; Boytsov 2011, section 2.2.1), three rows at a time.
int distance(std::string_view first, std::string_view second, int most) {
    const std::string a = plain(first), b = plain(second);
    const int width = static_cast<int>(b.size());
    if (std::abs(static_cast<int>(a.size()) - width) > most) return most + 1;
    std::vector<int> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
    for (int j = 0; j <= width; ++j) above[static_cast<std::size_t>(j)] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = static_cast<int>(i);
        for (std::size_t j = 1; j <= b.size(); ++j) {
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1])});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(above);
        above.swap(row);
    }
    return std::min(above[b.size()], most + 1);
}

}  // namespace pg_candle
