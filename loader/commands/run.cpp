// pgcandle run: the daemon.
#include <spdlog/spdlog.h>

#include "commands/context.hpp"
#include "daemon/daemon.hpp"

namespace pg_candle::commands {

void add_run(Command& program, Context& context) {
    program.subcommand("run", "The daemon: keeps the timetable of the database and works off its queue, until stopped")
        .callback([&context] {
            daemon::Daemon(context).run();
            spdlog::info("run ends");
        });
}

}  // namespace pg_candle::commands
