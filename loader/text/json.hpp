#pragma once
#include <simdjson.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

namespace pg_candle {

/// Text with the spare bytes behind it that simdjson reads over, so that it is parsed where it was received.
class JsonText {
public:
    JsonText() { text_.reserve(4096); }
    explicit JsonText(std::string_view text) { append(text); }

    void append(std::string_view more) {
        const std::size_t needed = text_.size() + more.size() + simdjson::SIMDJSON_PADDING;
        if (text_.capacity() < needed) text_.reserve(std::max(needed, 2 * text_.capacity()));
        text_.append(more);
    }
    void clear() { text_.clear(); }
    std::size_t size() const { return text_.size(); }
    std::string_view view() const { return text_; }
    simdjson::padded_string_view padded() const {
        return simdjson::padded_string_view(text_.data(), text_.size(), text_.capacity());
    }

private:
    std::string text_;
};

/// Whether the value is null. (Asking the value itself throws for a token like `nul`.)
inline bool is_null(simdjson::ondemand::value& value) {
    bool null = false;
    return !simdjson::simdjson_result<bool>(value.is_null()).get(null) && null;
}

/// Tells whether a text is JSON throughout. On-demand parsing looks only at what it is asked for and passes over broken
/// parts.
class JsonCheck {
public:
    /// Also false where the answer, or its "data", has a name twice: nobody can say which of the values is meant.
    bool is_json(const JsonText& text) {
        if (parser_.parse(text.view().data(), text.size(), false).get(whole_)) return false;
        simdjson::dom::element data;
        return !repeats_name(whole_) && (whole_["data"].get(data) || !repeats_name(data));
    }

    /// Whether the answer that was checked last lists errors, whatever else it says.
    bool has_errors() const {
        simdjson::dom::array errors;
        return !whole_["errors"].get(errors) && errors.size() > 0;
    }

private:
    static bool repeats_name(simdjson::dom::element element) {
        simdjson::dom::object object;
        if (element.get(object)) return false;
        std::vector<std::string_view> names;
        for (const auto field : object) names.push_back(field.key);
        std::sort(names.begin(), names.end());
        return std::adjacent_find(names.begin(), names.end()) != names.end();
    }

    simdjson::dom::parser parser_;
    simdjson::dom::element whole_;
};

/// Reads a whole number that may be written as `5` or `5.0`. An error if there is a fraction or no number.
inline simdjson::simdjson_result<std::int64_t> whole_number(simdjson::ondemand::value value) {
    std::int64_t whole;
    if (value.get_int64().get(whole) == simdjson::SUCCESS) return whole;
    double number;
    if (const auto error = value.get_double().get(number)) return error;
    whole = number > -9.2e18 && number < 9.2e18 ? static_cast<std::int64_t>(number) : 0;
    if (static_cast<double>(whole) != number) return simdjson::INCORRECT_TYPE;
    return whole;
}

/// The name of a field as it is written, without its quotes.
inline std::string_view escaped_key(simdjson::ondemand::field& field) {
    const char* const begin = field.key().raw();
    const char* end = begin;
    while (*end != '"') end += *end == '\\' ? 2 : 1;
    return {begin, static_cast<std::size_t>(end - begin)};
}

}  // namespace pg_candle
