#pragma once
#include <libpq-fe.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace pg_candle::store {

/// An error of PostgreSQL. `what()` is its message with detail and hint.
class SqlError : public std::runtime_error {
public:
    SqlError(const std::string& what, std::string state) : std::runtime_error(what), state(std::move(state)) {}
    std::string state;  ///< SQLSTATE; empty when the connection itself failed
};

/// Rows of an answer, as text.
class Rows {
public:
    explicit Rows(PGresult* result) : result_(result, PQclear) {}
    int size() const { return PQntuples(result_.get()); }
    bool is_null(int row, int column) const { return PQgetisnull(result_.get(), row, column); }
    std::string_view text(int row, int column) const {
        return {PQgetvalue(result_.get(), row, column),
                static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
    }
    std::string str(int row, int column) const { return std::string(text(row, column)); }
    /// Throws if the text is no whole number; NULL is 0.
    std::int64_t number(int row, int column) const;
    /// Whether this is the beginning of COPY ... TO STDOUT.
    bool copies_out() const { return PQresultStatus(result_.get()) == PGRES_COPY_OUT; }
    /// Rows that the command changed.
    std::int64_t affected() const;

private:
    std::unique_ptr<PGresult, void (*)(PGresult*)> result_;
};

/// A parameter of a statement; no value is NULL.
using Param = std::optional<std::string>;

/// A connection to the database that holds the candle tables. Not for use from several threads at once. All methods
/// throw SqlError.
///
/// Everything runs in a transaction, one of the caller's or one of its own, that begins with the settings it needs:
/// what the server, the role or the environment say otherwise does not matter, and behind a pooler that hands out
/// sessions by the transaction nothing of it is left to others.
class Connection {
public:
    /// `url` is a URI or a conninfo string (database_url.hpp); empty: libpq's own environment.
    explicit Connection(const std::string& url);

    /// Has unqualified names mean the tables of the extension's schema, whatever the search_path of the role is. Throws
    /// Failure when the extension or its tables are missing.
    void use_candle_tables();

    /// Tells the database what time it is where a replay says so (PGCANDLE_NOW), in a transaction that goes on; others
    /// begin with it.
    void follow_clock();

    /// Times without a zone are meant and shown in this one.
    void use_timezone(const std::string& name) { timezone_ = name; }

    /// What is written to candles here is noted in candle_change by the writer, not by the triggers.
    void log_changes_oneself() { logs_changes_ = true; }

    Rows run(const std::string& sql, const std::vector<Param>& params = {});

    /// Several statements in one round trip, without parameters; the rows of the last that has some.
    Rows run_all(const std::string& sql);

    /// Derives timeframes from candles that changed: those of the array literal, or all where it is NULL.
    void refresh_timeframes(const Param& timeframes = {});

    /// Computes the indicators of candles that changed.
    void refresh_indicators();

    /// COPY ... FROM STDIN: copy_begin, any number of copy_data, then copy_end, which returns the number of rows.
    void copy_begin(const std::string& sql);
    void copy_data(std::string_view data);
    std::int64_t copy_end();

    PGconn* raw() { return connection_.get(); }

private:
    friend class Transaction;

    [[noreturn]] void fail(const PGresult* result);
    std::string beginning() const;
    void begin();
    void commit();
    bool may_commit_itself();
    void call(const std::string& sql);
    Rows execute(const std::string& sql, const std::vector<Param>& params);
    Rows execute_all(const std::string& sql);

    std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
    std::string schema_;  // of the extension, quoted; empty: not looked up
    std::string timezone_;
    bool logs_changes_ = false, in_transaction_ = false;
};

/// BEGIN, and ROLLBACK unless commit() was called.
class Transaction {
public:
    explicit Transaction(Connection& connection) : connection_(connection) { connection_.begin(); }
    ~Transaction();
    Transaction(const Transaction&) = delete;
    Transaction& operator=(const Transaction&) = delete;
    void commit();

private:
    Connection& connection_;
    bool open_ = true;
};

/// A time as PostgreSQL reads it.
std::string sql_time(std::chrono::sys_time<std::chrono::microseconds> at);

/// Reads `extract(epoch from ...) * 1e6` cast to bigint.
std::chrono::sys_time<std::chrono::microseconds> from_microseconds(std::int64_t since_1970);

/// Columns of COPY's text format, ended by end_row().
class CopyText {
public:
    void add(std::string_view text);
    void add(const std::optional<std::string>& text) { text ? add(std::string_view(*text)) : add_null(); }
    void add(const std::string& text) { add(std::string_view(text)); }
    void add_null() { separate(), buffer_ += "\\N"; }
    void end_row() { buffer_ += '\n', at_start_ = true; }
    std::string& buffer() { return buffer_; }

private:
    void separate() {
        if (!at_start_) buffer_ += '\t';
        at_start_ = false;
    }

    std::string buffer_;
    bool at_start_ = true;
};

}  // namespace pg_candle::store
