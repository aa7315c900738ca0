#include "backend/freshness/ddl_effects.hpp"

#include "backend/catalog/series_list.hpp"
#include "backend/freshness/change_log.hpp"
#include "backend/postgres/owner_rights.hpp"
#include "backend/postgres/spi.hpp"

namespace pg_candle {
namespace {

const char* name_of(Oid table) {
    return quote_qualified_identifier(get_namespace_name(get_rel_namespace(table)), get_rel_name(table));
}

}  // namespace

void run_each_of(const char* query) {
    const char** statements = nullptr;
    int count = 0, room = 0;
    for_each_row(prepare_query(query, 0, nullptr), nullptr, nullptr, false, 0,
                 [&](const ResultRow& row) { append(statements, count, room) = row.text(1); });
    for (int i = 0; i < count; ++i) {
        const int result = SPI_execute(statements[i], false, 0);
        if (result < 0) elog(ERROR, "could not execute a statement: %s", SPI_result_code_string(result));
    }
}

void copy_log_triggers(Oid schema, Oid from, Oid to, const WatchedTable& watched) {
    if (from == to || (get_rel_relkind(to) != RELKIND_RELATION && get_rel_relkind(to) != RELKIND_PARTITIONED_TABLE))
        return;
    run_each_of(
        psprintf("SELECT pg_catalog.replace(pg_catalog.pg_get_triggerdef(t.oid), %s, %s)"
                 " FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) t.tgfoid"
                 " WHERE t.tgrelid OPERATOR(pg_catalog.=) %u::pg_catalog.oid AND p.pronamespace "
                 "OPERATOR(pg_catalog.=) %u::pg_catalog.oid AND p.proname OPERATOR(pg_catalog.=) '%s'"
                 " AND NOT EXISTS (SELECT FROM pg_catalog.pg_trigger o WHERE o.tgrelid OPERATOR(pg_catalog.=) "
                 "%u::pg_catalog.oid AND o.tgname OPERATOR(pg_catalog.=) t.tgname)",
                 quote_literal_cstr(psprintf(" ON %s ", name_of(from))),
                 quote_literal_cstr(psprintf(" ON %s ", name_of(to))), from, schema, watched.log_function(), to));
}

void drop_log_triggers(Oid schema, Oid table, const WatchedTable& watched) {
    run_each_of(
        psprintf("SELECT pg_catalog.format('DROP TRIGGER %%I ON %%s', t.tgname, %s::pg_catalog.text)"
                 " FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_proc p ON p.oid OPERATOR(pg_catalog.=) t.tgfoid"
                 " WHERE t.tgrelid OPERATOR(pg_catalog.=) %u::pg_catalog.oid AND p.pronamespace "
                 "OPERATOR(pg_catalog.=) %u::pg_catalog.oid AND p.proname OPERATOR(pg_catalog.=) '%s'",
                 quote_literal_cstr(name_of(table)), table, schema, watched.log_function()));
}

void note_rows(Oid schema, Oid part, const WatchedTable& watched) {
    struct Row {
        int32 instrument_id;
        const char* timeframe;
        TimestampTz earliest;
    };
    Row* rows = nullptr;
    int count = 0, room = 0;
    with_owner_rights(part, [&] {
        SPIPlanPtr plan = prepare_query(psprintf("SELECT instrument_id::pg_catalog.int4, timeframe::pg_catalog.text, "
                                                 "pg_catalog.min(ts)::pg_catalog.timestamptz FROM %s GROUP BY 1, 2",
                                                 name_of(part)),
                                        0, nullptr);
        for_each_row(plan, nullptr, nullptr, false, 0, [&](const ResultRow& row) {
            const Row one{row.int4(1), row.text(2), row.time(3, DT_NOBEGIN)};
            if (!row.is_null(1) && one.timeframe) append(rows, count, room) = one;
        });
    });
    const Oid log = get_relname_relid(log_name, schema);
    if (count == 0 || !OidIsValid(log)) return;
    with_owner_rights(log, [&] {
        for (const Consumer consumer : {Consumer::timeframes, Consumer::indicators}) {
            if (consumer == Consumer::timeframes && !watched.for_timeframes) continue;
            ChangeLog notes(schema, consumer, CurrentMemoryContext);
            for (int i = 0; i < count; ++i) notes.leave({rows[i].instrument_id, rows[i].timeframe}, rows[i].earliest);
        }
    });
}

void note_all_series(Oid schema, bool for_timeframes, bool for_indicators) {
    const Oid log = get_relname_relid(log_name, schema);
    if (!OidIsValid(log) || table_problem(schema, log_name)) return;
    bool any = false;
    for (const char* name : {"candle_data", "indicator_data"}) {
        const Oid table = get_relname_relid(name, schema);
        if (any || !OidIsValid(table)) continue;
        with_owner_rights(table, [&] {
            for_each_row(prepare_query(psprintf("SELECT FROM %s LIMIT 1", name_of(table)), 0, nullptr), nullptr,
                         nullptr, false, 1, [&](const ResultRow&) { any = true; });
        });
    }
    // An old snapshot finds a table empty that was rewritten or filled since.
    if (!any && !IsolationUsesXactSnapshot()) return;
    with_owner_rights(log, [&] {
        execute_query(
            prepare_query(
                psprintf("INSERT INTO %s (consumer, instrument_id, timeframe, earliest) SELECT c, 0, '*', '-infinity'"
                         " FROM pg_catalog.unnest('{%s%s%s}'::pg_catalog.text[]) AS c",
                         name_of(log), for_timeframes ? "timeframes" : "", for_timeframes && for_indicators ? "," : "",
                         for_indicators ? "indicators" : ""),
                0, nullptr),
            nullptr);
    });
}

}  // namespace pg_candle
