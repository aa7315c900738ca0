#include "store/connection.hpp"

#include <spdlog/spdlog.h>

#include <charconv>

#include "model/failure.hpp"
#include "model/india_time.hpp"
#include "store/database_url.hpp"

namespace pg_candle::store {
namespace {

void log_notice(void*, const PGresult* result) {
    const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    spdlog::debug("postgres {}", message ? message : "");
}

std::string tidy(const char* message) {
    std::string text(message ? message : "");
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
}

}  // namespace

std::int64_t Rows::number(int row, int column) const {
    if (is_null(row, column)) return 0;
    const auto value = text(row, column);
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error != std::errc() || end != value.data() + value.size())
        throw SqlError("Expected a number and got " + str(row, column) + ".", "");
    return number;
}

std::int64_t Rows::affected() const {
    const std::string_view text(PQcmdTuples(result_.get()));
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

Connection::Connection(const std::string& url) : connection_(nullptr, PQfinish) {
    const std::string conninfo = read_database_url(url);
    const char* const names[] = {"dbname", "fallback_application_name", "client_encoding", nullptr};
    const char* const values[] = {conninfo.empty() ? nullptr : conninfo.c_str(), "pgcandle", "UTF8", nullptr};
    connection_.reset(PQconnectdbParams(names, values, 1));
    if (!connection_) throw std::bad_alloc();
    if (PQstatus(raw()) != CONNECTION_OK) throw SqlError(tidy(PQerrorMessage(raw())), "");
    PQsetNoticeReceiver(raw(), log_notice, nullptr);
}

void Connection::fail(const PGresult* result) {
    const auto field = [&](int code) { return result ? PQresultErrorField(result, code) : nullptr; };
    const char* message = field(PG_DIAG_MESSAGE_PRIMARY);
    std::string what = message ? message : tidy(PQerrorMessage(raw()));
    if (!what.ends_with('.')) what += '.';
    if (const char* detail = field(PG_DIAG_MESSAGE_DETAIL)) what.append(" ").append(detail);
    if (const char* hint = field(PG_DIAG_MESSAGE_HINT)) what.append(" ").append(hint);
    const char* state = field(PG_DIAG_SQLSTATE);
    throw SqlError(what, state ? state : "");
}

void Connection::use_candle_tables() {
    const Rows place =
        run("SELECT quote_ident(n.nspname), to_regclass(quote_ident(n.nspname) || '.request_log') IS NOT NULL "
            "FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace "
            "WHERE e.extname = 'pg_candle'");
    const std::string hint = "Run \"pgcandle init\" on this database.";
    if (place.size() == 0) throw Failure(Exit::failed, "The database has no extension pg_candle.", hint);
    if (place.text(0, 1) != "t") throw Failure(Exit::failed, "The database lacks candle tables.", hint);
    schema_ = place.str(0, 0);
}

void Connection::follow_clock() {
    if (clock_is_replayed() && in_transaction_) run("SELECT set_config('pg_candle.now', $1, true)", {sql_time(now())});
}

/// BEGIN and the settings.
std::string Connection::beginning() const {
    std::string sql =
        "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;"
        "SET LOCAL client_min_messages = warning; SET LOCAL standard_conforming_strings = on;"
        "SET LOCAL datestyle = 'ISO, YMD'; SET LOCAL intervalstyle = postgres; SET LOCAL extra_float_digits = 1; SET "
        "LOCAL quote_all_identifiers = off;"
        "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0;"
        "SET LOCAL idle_in_transaction_session_timeout = 0; SET LOCAL row_security = on;";
    if (!schema_.empty()) sql += "SET LOCAL search_path = pg_catalog, " + schema_ + ", pg_temp;";
    if (!timezone_.empty()) sql += "SET LOCAL timezone = '" + timezone_ + "';";
    if (logs_changes_) sql += "SET LOCAL pg_candle.log_changes = off;";
    if (clock_is_replayed()) sql += "SET LOCAL pg_candle.now = '" + sql_time(now()) + "';";
    return sql;
}

void Connection::begin() {
    try {
        execute_all(beginning());
    } catch (...) {
        if (PQtransactionStatus(raw()) != PQTRANS_IDLE && PQstatus(raw()) == CONNECTION_OK) execute_all("ROLLBACK");
        throw;
    }
    in_transaction_ = true;
}

void Connection::commit() {
    in_transaction_ = false;
    execute_all("COMMIT");
}

Rows Connection::run(const std::string& sql, const std::vector<Param>& params) {
    if (in_transaction_) return execute(sql, params);
    Transaction transaction(*this);
    Rows rows = execute(sql, params);
    transaction.commit();
    return rows;
}

Rows Connection::run_all(const std::string& sql) {
    if (in_transaction_) return execute_all(sql);
    try {
        return execute_all(beginning() + sql + ";COMMIT");
    } catch (...) {
        if (PQtransactionStatus(raw()) == PQTRANS_INERROR) execute_all("ROLLBACK");
        throw;
    }
}

/// Whether a procedure that begins transactions of its own finds the settings that it needs. Only where it runs outside
/// a transaction may it, and there nothing can be set that would not stay.
bool Connection::may_commit_itself() {
    return execute(
               "SELECT current_setting('default_transaction_read_only') = 'off' AND "
               "current_setting('default_transaction_isolation') = 'read committed' AND "
               "current_setting('statement_timeout') = '0' AND current_setting('lock_timeout') = '0'",
               {})
               .text(0, 0) == "t";
}

void Connection::call(const std::string& sql) {
    Transaction transaction(*this);
    execute_all(sql);
    transaction.commit();
}

void Connection::refresh_timeframes(const Param& timeframes) {
    const auto literal = [&] {
        std::unique_ptr<char, void (*)(void*)> quoted(
            timeframes ? PQescapeLiteral(raw(), timeframes->data(), timeframes->size()) : nullptr, PQfreemem);
        return quoted ? std::string(quoted.get()) : std::string("NULL");
    };
    const std::string sql = "CALL " + schema_ + ".refresh_timeframes(NULL, " + literal() + ")";
    // What has passed depends on what time it is.
    if (may_commit_itself() && !clock_is_replayed())
        execute_all(sql);
    else
        call(sql);
}

void Connection::refresh_indicators() {
    if (may_commit_itself())
        execute_all("CALL " + schema_ + ".refresh_indicators()");
    else
        call("SELECT " + schema_ + ".compute_indicators()");
}

Rows Connection::execute(const std::string& sql, const std::vector<Param>& params) {
    std::vector<const char*> values;
    for (const Param& one : params) values.push_back(one ? one->c_str() : nullptr);
    PGresult* const result =
        PQexecParams(raw(), sql.c_str(), static_cast<int>(values.size()), nullptr, values.data(), nullptr, nullptr, 0);
    Rows rows(result);
    const ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) fail(result);
    return rows;
}

Rows Connection::execute_all(const std::string& sql) {
    if (!PQsendQuery(raw(), sql.c_str())) fail(nullptr);
    Rows last(nullptr);
    std::optional<SqlError> error;
    while (PGresult* result = PQgetResult(raw())) {
        Rows rows(result);
        const ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_TUPLES_OK) {
            last = std::move(rows);
        } else if (status != PGRES_COMMAND_OK && !error) {
            try {
                fail(result);
            } catch (const SqlError& caught) {
                error = caught;
            }
        }
    }
    if (error) throw *error;
    return last;
}

void Connection::copy_begin(const std::string& sql) {
    Rows rows(PQexec(raw(), sql.c_str()));
    if (PQstatus(raw()) != CONNECTION_OK) fail(nullptr);
    if (PQtransactionStatus(raw()) != PQTRANS_ACTIVE) throw SqlError(tidy(PQerrorMessage(raw())), "");
}

void Connection::copy_data(std::string_view data) {
    if (PQputCopyData(raw(), data.data(), static_cast<int>(data.size())) != 1) fail(nullptr);
}

std::int64_t Connection::copy_end() {
    if (PQputCopyEnd(raw(), nullptr) != 1) fail(nullptr);
    std::int64_t copied = 0;
    std::optional<SqlError> error;
    while (PGresult* result = PQgetResult(raw())) {
        Rows rows(result);
        if (PQresultStatus(result) == PGRES_COMMAND_OK) {
            copied = rows.affected();
            continue;
        }
        try {
            if (!error) fail(result);
        } catch (const SqlError& caught) {
            error = caught;
        }
    }
    if (error) throw *error;
    return copied;
}

Transaction::~Transaction() {
    if (!open_) return;
    connection_.in_transaction_ = false;
    try {
        connection_.execute_all("ROLLBACK");
    } catch (const SqlError&) {
        // The connection is gone, and with it the transaction.
    }
}

void Transaction::commit() {
    open_ = false;
    connection_.commit();
}

std::string sql_time(std::chrono::sys_time<std::chrono::microseconds> at) {
    using namespace std::chrono;
    const auto date = floor<days>(at);
    const year_month_day day{date};
    const hh_mm_ss<microseconds> time{at - date};
    char text[64];
    snprintf(text, sizeof text, "%04d-%02u-%02u %02d:%02d:%02d.%06d+00", static_cast<int>(day.year()),
             static_cast<unsigned>(day.month()), static_cast<unsigned>(day.day()),
             static_cast<int>(time.hours().count()), static_cast<int>(time.minutes().count()),
             static_cast<int>(time.seconds().count()), static_cast<int>(time.subseconds().count()));
    return text;
}

std::chrono::sys_time<std::chrono::microseconds> from_microseconds(std::int64_t since_1970) {
    return std::chrono::sys_time<std::chrono::microseconds>{std::chrono::microseconds{since_1970}};
}

void CopyText::add(std::string_view text) {
    separate();
    for (const char c : text) {
        switch (c) {
            case '\\':
                buffer_ += "\\\\";
                break;
            case '\t':
                buffer_ += "\\t";
                break;
            case '\n':
                buffer_ += "\\n";
                break;
            case '\r':
                buffer_ += "\\r";
                break;
            default:
                buffer_ += c;
        }
    }
}

}  // namespace pg_candle::store
