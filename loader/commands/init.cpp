// pgcandle init: the extension and its tables in the target database.
#include <cstdio>

#include "commands/context.hpp"

namespace pg_candle::commands {
namespace {

void init(const Context& context) {
    store::Connection connection = context.connect_plain();
    store::Transaction transaction(connection);
    try {
        // Where the search_path names no schema that is there, the usual one.
        connection.run("DO $$BEGIN IF current_schema() IS NULL THEN SET LOCAL search_path = public; END IF; END$$");
        connection.run("CREATE EXTENSION IF NOT EXISTS pg_candle");
    } catch (const store::SqlError& error) {
        if (error.state == "42501")
            throw Failure(
                Exit::database, std::string("PostgreSQL: ") + error.what(),
                "The owner of the database can do it, or a superuser: CREATE EXTENSION pg_candle; then repeat.");
        if (error.state != "58P01" && error.state != "0A000") throw;
        throw Failure(Exit::database, std::string("PostgreSQL has no extension pg_candle: ") + error.what(),
                      "Run \"make install\" on the database server's machine first.");
    }
    const std::string place =
        connection
            .run(
                "SELECT quote_ident(n.nspname) FROM pg_catalog.pg_extension e "
                "JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_candle'")
            .str(0, 0);
    connection.run("SELECT " + place + ".create_candle_tables()");
    transaction.commit();
    printf("The extension and its tables are in schema %s.\n", place.c_str());
}

}  // namespace

void add_init(Command& program, Context& context) {
    program.subcommand("init", "Creates the extension and the candle tables in the database").callback([&] {
        init(context);
    });
}

}  // namespace pg_candle::commands
