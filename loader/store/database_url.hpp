#pragma once
#include <string>

namespace pg_candle::store {

/// A database as libpq names it, from what people have in DATABASE_URL: a URI, also with the scheme of SQLAlchemy
/// (`postgresql+psycopg2://`), `timescaledb://`, or a conninfo string. Throws Failure (usage), which shows nothing of
/// the string but its scheme and the names of parameters, where libpq would not take it as it is meant; its own
/// messages may quote the password.
std::string read_database_url(const std::string& text);

}  // namespace pg_candle::store
