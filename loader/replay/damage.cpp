#include "replay/damage.hpp"

#include <map>
#include <nlohmann/json.hpp>
#include <random>
#include <vector>

#include "model/india_time.hpp"

namespace pg_candle::replay {
namespace {

using Json = nlohmann::ordered_json;

/// Where a field stands: its container, and its key or index there.
struct Place {
    Json* container;
    std::string key;
    std::size_t index;

    Json& value() const { return container->is_object() ? (*container)[key] : (*container)[index]; }
    void remove() const {
        if (container->is_object())
            container->erase(key);
        else
            container->erase(index);
    }
};

/// All fields, by kind: the path to them without what tells records apart.
void collect(Json& json, const std::string& path, std::map<std::string, std::vector<Place>>& fields) {
    if (!json.is_structured()) return;
    const bool records = json.is_array() && !json.empty() && json[0].is_structured();
    std::size_t index = 0;
    for (auto& [key, value] : json.items()) {
        const bool is_name = json.is_object() && key.find(':') == key.npos;
        const std::string kind = path + '/' +
                                 (is_name                       ? key
                                  : records || json.is_object() ? "*"
                                                                : std::to_string(index));
        if (value.is_structured())
            collect(value, kind, fields);
        else
            fields[kind].push_back({&json, key, index});
        ++index;
    }
}

/// A time in forms that the provider does not use, beside its minute, at night, or of a Sunday.
std::vector<Json> other_times(const std::string& text) {
    const auto start = parse_instant(text);
    if (!start) return {};
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(start->time_since_epoch()).count();
    std::vector<Json> times{seconds, seconds * 1000,
                            text.substr(8, 2) + "-" + text.substr(5, 2) + "-" + text.substr(0, 4),
                            text.substr(0, 10) + "T25:61:00+05:30"};
    if (text.size() > 19 && text.substr(11, 5) != "00:00") {
        times.push_back(text.substr(0, 17) + "07" + text.substr(19));
        times.push_back(text.substr(0, 11) + "03" + text.substr(13));
    }
    const Date date = india_date(*start);
    times.push_back(format_date(date + (std::chrono::Sunday - std::chrono::weekday{date})) + text.substr(10));
    return times;
}

std::vector<Json> damages(const Json& value) {
    std::vector<Json> choice{nullptr, Json::object(), Json::array()};
    if (!value.is_string()) choice.push_back("garbage");
    if (value.is_number()) choice.insert(choice.end(), {value.dump(), true, 1e300});
    if (value.is_string()) choice.insert(choice.end(), {"", 12345.5, false});
    if (value.is_boolean()) choice.insert(choice.end(), {7});
    if (value.is_string())
        for (Json& time : other_times(value.get<std::string>())) choice.push_back(std::move(time));
    std::erase(choice, value);
    return choice;
}

Json* rows_of(Json& answer) {
    const auto data = answer.find("data");
    if (data == answer.end() || !data->is_object()) return nullptr;
    const auto rows = data->find("candles");
    return rows == data->end() || rows->empty() ? nullptr : &*rows;
}

}  // namespace

std::string damage(const std::string& body, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    const auto below = [&](std::size_t count) {
        return std::uniform_int_distribution<std::size_t>{0, count - 1}(random);
    };
    Json answer = Json::parse(body);
    if (Json* rows = rows_of(answer); rows && below(8) == 0) {
        Json& row = (*rows)[below(rows->size())];
        if (below(2) == 0) {
            row = Json{{"close", 1}};
        } else {
            Json again = row;
            again[4] = row[4] == row[2] ? row[3] : row[2];
            if (again[4] != row[4]) rows->push_back(std::move(again));
        }
        return answer.dump();
    }
    std::map<std::string, std::vector<Place>> fields;
    collect(answer.is_object() && answer.contains("data") ? answer["data"] : answer, "", fields);
    if (fields.empty()) return body;
    const auto& [kind, places] = *std::next(fields.begin(), static_cast<std::ptrdiff_t>(below(fields.size())));
    const bool everywhere = below(2) == 0, removed = below(8) == 0;
    const std::size_t chosen = below(places.size()), which = below(1000);
    // A list that is shorter may be right; a row of a candle is not.
    if (places.size() > 1 && which % 3 == 0 && kind.ends_with("/instrument_token")) {
        // The price of one is told as another's.
        std::swap(places[chosen].value(), places[(chosen + 1) % places.size()].value());
        return answer.dump();
    }
    const bool can_be_removed = places[0].container->is_object() || rows_of(answer);
    for (std::size_t i = 0; i < places.size(); ++i) {
        if (!everywhere && i != chosen) continue;
        if (removed && can_be_removed) {
            places[i].remove();
        } else {
            const std::vector<Json> choice = damages(places[i].value());
            places[i].value() = choice[which % choice.size()];
        }
    }
    return answer.dump();
}

std::string add_foreign_rows(const std::string& body) {
    Json answer = Json::parse(body);
    Json* rows = rows_of(answer);
    if (!rows) return body;
    Json foreign = Json::array();
    for (const Json& row : *rows) {
        Json moved = row;
        std::string text = row[0];
        text.replace(0, 4, std::to_string(std::stoi(text.substr(0, 4)) - 1));
        moved[0] = text;
        foreign.push_back(std::move(moved));
    }
    rows->insert(rows->end(), foreign.begin(), foreign.end());
    return answer.dump();
}

}  // namespace pg_candle::replay
