#include "backend/engine.hpp"

#include "backend/bulk_insert.hpp"
#include "backend/candle_reader.hpp"
#include "backend/sql_write.hpp"
#include "backend/stored_rows.hpp"
#include "backend/tables.hpp"
#include "backend/tuple_former.hpp"

namespace pg_candle {
namespace {

void add_context(void* series) {
    const auto* one = static_cast<const Series*>(series);
    errcontext("computing indicators of instrument %d, timeframe %s", one->instrument_id, one->timeframe);
}

template <class T, class... Args>
T* make(Args&&... args) {
    static_assert(std::is_trivially_destructible_v<T>);
    return new (palloc(sizeof(T))) T(std::forward<Args>(args)...);
}

const bool* filled_columns(const RowShape* shape) {
    auto* filled = static_cast<bool*>(palloc0(sizeof(bool) * shape->desc->natts));
    for (int c = 0; c < shape->count; ++c) filled[shape->columns[c].attno - 1] = true;
    return filled;
}

}  // namespace

Engine::Engine(Oid schema) : call_(CurrentMemoryContext) {
    table_name_ = table_name(schema, "indicator_data");
    table_ = table_open(find_table(schema, "indicator_data"), RowExclusiveLock);
    reader_ = make<CandleReader>(schema, false);
    lock_ = make<SeriesLock>(schema);
    series_ = AllocSetContextCreate(call_, "pg_candle series", ALLOCSET_DEFAULT_SIZES);
}

int64 Engine::compute(const Series& series, const Options& options) {
    ErrorContextCallback context{error_context_stack, add_context, const_cast<Series*>(&series)};
    error_context_stack = &context;

    MemoryContextReset(series_);
    MemoryContextSwitchTo(series_);
    lock_->lock(series);
    RowShape* shape = compile_shape(RelationGetDescr(table_), table_name_, ShapeUse::stored);
    TupleFormer former(shape, series);
    auto* values = static_cast<Datum*>(palloc(sizeof(Datum) * shape->count));
    auto* nulls = static_cast<bool*>(palloc(sizeof(bool) * shape->count));

    MemoryContextSwitchTo(call_);
    if (!stored_) {
        stored_ = make<StoredRows>(table_name_, shape);
        sql_ = make<SqlWrite>(table_name_, shape);
        bulk_ = can_bulk_insert(table_, filled_columns(shape));
    }
    if (bulk_ && !inserts_) inserts_ = make<BulkInsert>(table_, former.room());

    int64 inserted = 0;
    const int64 written_before = sql_->written();
    MemoryContextSwitchTo(series_);
    sql_->start(series);
    if (bulk_) inserts_->start(series);
    reader_->open(series, DT_NOEND, shape);
    stored_->open(series, options.since);
    while (const int size = reader_->read()) {
        shape->plan->run(size);
        for (int i = 0; i < size; ++i) {
            const TimestampTz ts = shape->candles.ts[i];
            if (ts < options.since) continue;
            for (; stored_->present() && stored_->ts() < ts; stored_->next()) sql_->remove(stored_->ts());
            const bool known = stored_->present() && stored_->ts() == ts;
            if (known) {
                const bool equal = former.equals(i, stored_->values(), stored_->nulls());
                stored_->next();
                if (equal && !options.force) continue;
            }
            if (!known && bulk_) {
                former.form(i, inserts_->tuple(), inserts_->space());
                inserts_->add(ts);
                ++inserted;
            } else {
                former.values(i, values, nulls);
                sql_->put(values, nulls);
            }
        }
    }
    for (; stored_->present(); stored_->next()) sql_->remove(stored_->ts());
    if (bulk_) inserts_->flush();
    sql_->flush();
    stored_->close();
    reader_->close();
    const int64 written = inserted + sql_->written() - written_before;
    if (written > 0) lock_->mark_written(series);

    MemoryContextSwitchTo(call_);
    error_context_stack = context.previous;
    return written;
}

void Engine::close() {
    if (inserts_) inserts_->close();
    table_close(table_, NoLock);
}

}  // namespace pg_candle
