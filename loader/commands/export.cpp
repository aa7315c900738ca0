// pgcandle export: candles or indicators as the CSV that import reads.
#include <zlib.h>

#include <cstdio>

#include "commands/context.hpp"
#include "model/candle.hpp"
#include "store/instruments.hpp"

namespace pg_candle::commands {
namespace {

struct Options {
    std::string symbols, timeframe, from, to, output = "-";
    bool indicators = false;
};

/// A file, unpacked or (by its name) gzip, or standard output.
class Sink {
public:
    explicit Sink(const std::string& path) : path_(path) {
        if (path == "-")
            file_ = stdout;
        else if (path.ends_with(".gz"))
            gzip_ = gzopen(path.c_str(), "wb");
        else
            file_ = std::fopen(path.c_str(), "wb");
        if (!file_ && !gzip_) throw Failure(Exit::failed, "Cannot write " + path + ".");
    }
    ~Sink() {
        if (gzip_) gzclose(gzip_);
        if (file_ && file_ != stdout) std::fclose(file_);
    }
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;

    void write(const char* data, int size) {
        const bool good =
            gzip_ ? gzwrite(gzip_, data, static_cast<unsigned>(size)) == size
                  : std::fwrite(data, 1, static_cast<std::size_t>(size), file_) == static_cast<std::size_t>(size);
        if (!good) throw Failure(Exit::failed, "Cannot write " + path_ + ".");
    }
    void close() {
        const bool good = gzip_ ? gzclose(gzip_) == Z_OK : std::fflush(file_) == 0;
        gzip_ = nullptr;
        if (!good) throw Failure(Exit::failed, "Cannot write " + path_ + ".");
    }

private:
    std::string path_;
    std::FILE* file_ = nullptr;
    gzFile gzip_ = nullptr;
};

std::string instant_or(const std::string& text, const char* otherwise, std::chrono::days more) {
    if (text.empty()) return otherwise;
    if (const auto date = parse_date(text)) return store::sql_time(india_midnight(*date + more));
    throw Failure(Exit::usage, "\"" + text + "\" is no date.", "Write it like 2026-09-22.");
}

/// The query of an export. With one instrument the columns are those of the candle files, otherwise a symbol goes
/// first.
std::string query(store::Connection& connection, const Options& options,
                  const std::vector<store::Instrument>& instruments) {
    std::string ids, columns;
    for (const auto& one : instruments) ids += (ids.empty() ? "" : ",") + std::to_string(one.id);
    const char* table = options.indicators ? "indicator_data" : "candle_data";
    if (options.indicators) {
        const store::Rows rows = connection.run(
            "SELECT string_agg('d.' || quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute "
            "WHERE attrelid = 'indicator_data'::regclass AND attnum > 0 AND NOT attisdropped "
            "AND attname NOT IN ('instrument_id', 'timeframe', 'ts')");
        columns = rows.str(0, 0);
    } else {
        columns = "d.open, d.high, d.low, d.close, d.volume, d.oi";
    }
    // The last two say which instrument it is: a symbol alone may be of several exchanges.
    columns += ", m.exchange, m.instrument_key";
    return std::string("COPY (SELECT ") + (instruments.size() == 1 ? "" : "m.trading_symbol AS symbol, ") +
           "to_char(d.ts AT TIME ZONE 'Asia/Kolkata', 'YYYY-MM-DD\"T\"HH24:MI:SS') || '+05:30' AS ts, " + columns +
           " FROM " + table + " d JOIN instrument_master m USING (instrument_id) WHERE d.instrument_id IN (" + ids +
           ") AND d.timeframe = '" + format_timeframe(require_timeframe(options.timeframe)) + "' AND d.ts >= '" +
           instant_or(options.from, "-infinity", std::chrono::days{0}) + "' AND d.ts < '" +
           instant_or(options.to, "infinity", std::chrono::days{1}) +
           "' ORDER BY d.instrument_id, d.ts) TO STDOUT (FORMAT csv, HEADER)";
}

std::int64_t export_candles(const Context& context, const Options& options) {
    store::Connection connection = context.connect();
    std::vector<store::Instrument> instruments;
    for (const std::string& symbol : split_list(options.symbols))
        instruments.push_back(store::find_instrument(connection, symbol));
    if (instruments.empty()) throw Failure(Exit::usage, "--symbols names no instrument.");
    const std::string sql = query(connection, options, instruments);
    Sink sink(options.output);
    std::int64_t lines = 0;
    store::Transaction transaction(connection);
    {
        const store::Rows started(PQexec(connection.raw(), sql.c_str()));
        if (!started.copies_out()) throw store::SqlError(PQerrorMessage(connection.raw()), "");
    }
    char* data = nullptr;
    for (int size; (size = PQgetCopyData(connection.raw(), &data, 0)) > 0;) {
        const std::unique_ptr<char, void (*)(void*)> owned(data, PQfreemem);
        sink.write(data, size);
        ++lines;
    }
    while (PGresult* result = PQgetResult(connection.raw())) {
        const std::string problem = PQresultStatus(result) == PGRES_COMMAND_OK ? "" : PQresultErrorMessage(result);
        PQclear(result);
        if (!problem.empty()) throw store::SqlError(problem, "");
    }
    transaction.commit();
    sink.close();
    return lines - 1;
}

}  // namespace

void add_export(Command& program, Context& context) {
    const auto options = std::make_shared<Options>();
    Command command = program.subcommand("export", "Writes candles or indicators as CSV");
    command.option("--symbols", options->symbols, "Like RELIANCE,NSE:TCS; with several, a symbol column goes first")
        .required();
    command.option("--timeframe", options->timeframe, "Their timeframe").required();
    command.option("--from", options->from, "First date");
    command.option("--to", options->to, "Last date");
    command.flag("--indicators", options->indicators, "The columns of indicator_data instead of the candles");
    command.option("-o,--output", options->output, "File; gzip if its name ends with .gz; - is standard output")
        .show_default();
    command.callback([&context, options] {
        const std::int64_t rows = export_candles(context, *options);
        if (!context.quiet && options->output != "-") printf("%lld rows\n", static_cast<long long>(rows));
    });
}

}  // namespace pg_candle::commands
