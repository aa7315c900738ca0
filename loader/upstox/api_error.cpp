#include "upstox/api_error.hpp"

#include <nlohmann/json.hpp>

namespace pg_candle::upstox {
namespace {

/// Text from outside goes into logs and tables: one line, not too long.
std::string tidy(std::string_view text) {
    std::string result(text.substr(0, 300));
    for (char& c : result)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    return result;
}

bool is_page(const JsonText& body) {
    const std::string_view text = body.view();
    const auto first = text.find_first_not_of(" \t\r\n\xef\xbb\xbf");
    return first != text.npos && text[first] == '<';
}

bool is_blank(const JsonText& body) { return body.view().find_first_not_of(" \t\r\n") == std::string_view::npos; }

}  // namespace

std::string ApiError::text() const {
    if (code.empty()) return message + (http_status ? ", HTTP " + std::to_string(http_status) : "");
    return message + " (" + code + ", HTTP " + std::to_string(http_status) + ")";
}

ApiError ErrorParser::parse(const JsonText& body, long http_status) {
    ApiError error{http_status, {}, {}};
    simdjson::ondemand::document document;
    simdjson::ondemand::array errors;
    if (parser_.iterate(body.padded()).get(document) == simdjson::SUCCESS &&
        document.find_field_unordered("errors").get_array().get(errors) == simdjson::SUCCESS) {
        for (auto one : errors) {
            simdjson::ondemand::object object;
            if (one.get_object().get(object)) break;
            for (auto item : object) {  // each field stands there twice, in two spellings
                simdjson::ondemand::field field;
                std::string_view text;
                if (std::move(item).get(field)) break;
                const std::string_view name = escaped_key(field);
                if (name != "error_code" && name != "errorCode" && name != "message") continue;
                if (field.value().get_string().get(text)) continue;
                (name == "message" ? error.message : error.code) = tidy(text);
            }
            break;
        }
    }
    if (error.message.empty())
        error.message = http_status >= 200 && http_status < 300 ? "The answer says that it is no success"
                        : is_page(body)                         ? "refused with an HTML page"
                        : http_status == 408                    ? "Request timeout"
                        : http_status == 425                    ? "Too early"
                        : http_status == 429                    ? "Too many requests"
                        : http_status >= 500                    ? "The server failed"
                                                                : "refused without saying why";
    return error;
}

ApiError ErrorParser::unreadable(const JsonText& body, long http_status) {
    return {http_status,
            {},
            is_page(body)                         ? "answered with an HTML page"
            : is_blank(body)                      ? "answered with nothing"
            : nlohmann::json::accept(body.view()) ? "The answer is of another form than documented"
                                                  : "The answer is broken JSON"};
}

}  // namespace pg_candle::upstox
