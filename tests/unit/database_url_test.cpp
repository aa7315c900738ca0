#include <gtest/gtest.h>

#include "model/failure.hpp"
#include "store/database_url.hpp"

namespace pg_candle::store {
namespace {

TEST(DatabaseUrl, ReadsWhatPeopleHave) {
    const char* const uri = "postgresql://user:pass%40word@host:5432/db?sslmode=require";
    for (const char* scheme : {"postgresql", "postgres", "postgresql+psycopg2", "postgresql+asyncpg", "timescaledb"})
        EXPECT_EQ(read_database_url(std::string(scheme) + (uri + 10)), uri) << scheme;
    EXPECT_EQ(read_database_url(" \"postgres://h/d\" "), "postgresql://h/d") << "quotes of a .env";
    EXPECT_EQ(read_database_url("host=h dbname=d password='x://y'"), "host=h dbname=d password='x://y'");
    EXPECT_EQ(read_database_url(""), "");
    EXPECT_EQ(read_database_url("postgresql:///db?host=/run/postgresql"), "postgresql:///db?host=/run/postgresql");
}

TEST(DatabaseUrl, RefusesWithoutShowingIt) {
    for (const char* url :
         {"mysql://user:secret@host/db", "sqlite:///secret", "postgresql://user:sec@ret@host/db",
          "postgresql://user:sec/secret@host/db", "postgresql://user:sec#secret@host/db", "user:secret@host/db",
          "postgresql://user:secret@host/db?secret!=1", "postgresql://host/db?charset=secret", "host=h secret",
          "password='secret", "jdbc:postgresql://user:secret@host/db", "postgresql://user:secret/db",
          "postgresql+psycopg2://user:secret", "postgres://user:secret:127.0.0.1:1/db",
          "postgresql://user:secret?host=/run", "postgresql://host/db?user=u&password=a&secret",
          "postgresql+psycopg2//user:secret@host/db"}) {
        try {
            read_database_url(url);
            ADD_FAILURE() << url;
        } catch (const Failure& failure) {
            EXPECT_EQ(failure.exit, Exit::usage);
            EXPECT_EQ(std::string(failure.what()).find("sec"), std::string::npos) << failure.what();
            EXPECT_EQ(std::string(failure.what()).find("ret@"), std::string::npos) << failure.what();
        }
    }
}

}  // namespace
}  // namespace pg_candle::store
