#include "ingest/candle_pipeline.hpp"

#include <chrono>
#include <thread>

#include "ingest/answer_writer.hpp"
#include "ingest/job_fetcher.hpp"
#include "ingest/progress_bar.hpp"

namespace pg_candle::ingest {

using namespace std::chrono;

RunReport run_candles(store::JobQueue& queue, upstox::Client& client, store::Connection& writer_connection,
                      const RunOptions& options, const std::atomic<bool>& stop) {
    const auto began = steady_clock::now();
    RunReport report;
    report.planned = queue.open(options.filter);
    Progress progress("requests", report.planned, options.quiet);
    AnswerWriter writer(writer_connection, queue.worker(), report, progress);
    JobFetcher fetcher(queue, client, writer, options);
    const auto end = [&](const store::Param& error) {
        writer.finish();
        report.http = client.metrics();
        report.seconds = duration<double>(steady_clock::now() - began).count();
        writer.log().end(report.http, report.error_rate(), report.failed,
                         report.stored.inserted + report.stored.updated, error);
        queue.release();
    };
    try {
        for (;;) {
            client.run([&] { return fetcher.next(stop); }, &stop);
            if (stop) break;
            if (fetcher.take_any()) continue;  // what was stored may have left more to do
            if (!options.wait_for_others || queue.open(options.filter) == 0) break;
            std::this_thread::sleep_for(milliseconds{200});
        }
    } catch (const std::exception& error) {
        end(std::string(error.what()));
        throw;
    }
    end({});
    writer.rethrow();
    progress.finish();
    report.interrupted = stop;
    return report;
}

}  // namespace pg_candle::ingest
