#include "backend/engine.hpp"

#include <algorithm>

#include "backend/bulk_insert.hpp"
#include "backend/candle_reader.hpp"
#include "backend/sql_write.hpp"
#include "backend/stored_rows.hpp"
#include "backend/tables.hpp"
#include "backend/tuple_former.hpp"

extern "C" {
#include "utils/rls.h"
}

namespace pg_candle {
namespace {

/// Series of fewer candles are computed from their start: their states would be larger than their rows.
constexpr int64 shortest_saved = 128;

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

Engine::Engine(Oid schema, bool beside_others) : schema_(schema), beside_others_(beside_others) {
    MemoryContext caller = CurrentMemoryContext;
    memory_ = AllocSetContextCreate(caller, "pg_candle engine", ALLOCSET_DEFAULT_SIZES);
    statements_ = AllocSetContextCreate(memory_, "pg_candle engine statements", ALLOCSET_DEFAULT_SIZES);
    transaction_ = AllocSetContextCreate(memory_, "pg_candle engine transaction", ALLOCSET_DEFAULT_SIZES);
    series_ = AllocSetContextCreate(memory_, "pg_candle engine series", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(memory_);
    table_name_ = table_name(schema, "indicator_data");
    reader_ = make<CandleReader>(schema, memory_, false);
    changes_ = make<ChangeLog>(schema, memory_);
    states_ = make<SeriesState>(schema, memory_);
    ladder_ = make<Ladder>();
    MemoryContextSwitchTo(caller);
}

void Engine::open() {
    table_ = table_open(find_table(schema_, "indicator_data"), RowExclusiveLock);
    MemoryContext caller = MemoryContextSwitchTo(statements_);
    if (!shape_ || !equalTupleDescs(shape_->desc, RelationGetDescr(table_))) {
        shape_ = nullptr;
        MemoryContextReset(statements_);
        RowShape* shape = compile_shape(CreateTupleDescCopyConstr(RelationGetDescr(table_)), table_name_, ShapeUse::stored);
        former_ = make<TupleFormer>(shape);
        stored_ = make<StoredRows>(table_name_, shape, statements_);
        shape_ = shape;
    }
    MemoryContextSwitchTo(transaction_);
    filtered_ = check_enable_rls(find_table(schema_, "candle_data"), InvalidOid, true) == RLS_ENABLED;
    bulk_ = can_bulk_insert(table_, filled_columns(shape_));
    MemoryContextSwitchTo(caller);
}

void Engine::close() {
    if (inserts_) inserts_->close();
    inserts_ = nullptr;
    sql_ = nullptr;
    table_close(table_, NoLock);
    MemoryContextReset(series_);
    MemoryContextReset(transaction_);
}

void Engine::abandon() {
    table_ = nullptr;
    sql_ = nullptr;
    inserts_ = nullptr;
    MemoryContextReset(series_);
    MemoryContextReset(transaction_);
}

uint64 Engine::signature_of(const Series& series) { return plan_signature(shape_, reader_->session_zone(series)); }

uint64 Engine::columns_signature() const { return plan_signature(shape_, nullptr); }

bool Engine::is_due(const KnownSeries& known) {
    if (filtered_ || known.changed || !known.has_signature || !known.has_last_row || known.newest != known.computed_through) return true;
    MemoryContextReset(series_);
    MemoryContext caller = MemoryContextSwitchTo(series_);
    const bool same = known.signature == signature_of(known.series);
    MemoryContextSwitchTo(caller);
    return !same;
}

Engine::Start Engine::find_start(const Series& series, uint64 signature, bool force) {
    const bytea* state = states_->lock(series);
    const TimestampTz changed = changes_->take(series);
    Start start{{0, DT_NOBEGIN, 0}, DT_NOBEGIN, changed != DT_NOEND, false};
    Plan& plan = *shape_->plan;
    Position last;
    if (filtered_ || !state || !check_state(state, plan, signature, series, &last)) return start;

    start.stale_from = std::min(changed, last.ts + 1);
    if (force) return start;
    start.from_last = start.stale_from > last.ts;
    if (!start.from_last) {
        state = states_->checkpoint_before(series, start.stale_from);
        if (!state || !check_state(state, plan, signature, series, &last) || last.ts >= start.stale_from) return start;
    }
    start.anchor = last;
    restore_state(plan, state, last);
    return start;
}

/// False if the anchor's candle or its row is not there as it was: then something changed that was not logged.
bool Engine::begin(const Series& series, const Start& start, TimestampTz write_from) {
    const bool anchored = start.anchor.bars > 0;
    if (!anchored) shape_->plan->restart();
    reader_->open(series, start.anchor, DT_NOEND, shape_);
    stored_->open(series, anchored ? start.anchor.ts : write_from);
    if (anchored && !(stored_->present() && stored_->ts() == start.anchor.ts && reader_->find_anchor())) {
        stored_->close();
        reader_->close();
        return false;
    }
    while (stored_->present() && stored_->ts() < write_from) stored_->next();
    return true;
}

SqlWrite& Engine::sql() {
    if (!sql_) {
        MemoryContext caller = MemoryContextSwitchTo(transaction_);
        sql_ = make<SqlWrite>(table_name_, shape_);
        MemoryContextSwitchTo(caller);
    }
    return *sql_;
}

int64 Engine::merge(const Series& series, TimestampTz write_from, TimestampTz checkpoints_from, bool force, Position* last) {
    auto* values = static_cast<Datum*>(palloc(sizeof(Datum) * shape_->count));
    auto* nulls = static_cast<bool*>(palloc(sizeof(bool) * shape_->count));
    int64 inserted = 0;
    Plan& plan = *shape_->plan;
    while (const int size = reader_->read()) {
        plan.run(size);
        for (int i = 0; i < size; ++i) {
            const TimestampTz ts = shape_->candles.ts[i];
            if (ts < write_from) continue;
            for (; stored_->present() && stored_->ts() < ts; stored_->next()) sql().remove(series, stored_->ts());
            const bool known = stored_->present() && stored_->ts() == ts;
            if (known) {
                const bool equal = former_->equals(i, stored_->values(), stored_->nulls());
                stored_->next();
                if (equal && !force) continue;
            }
            if (!known && bulk_) {
                former_->form(i, inserts_->tuple(), inserts_->space());
                inserts_->add(ts);
                ++inserted;
            } else {
                former_->values(i, values, nulls);
                sql().put(values, nulls);
            }
        }
        *last = reader_->position();
        if (!filtered_ && plan.next() % block_capacity == 0 && last->ts >= checkpoints_from)
            ladder_->add(*last, save_state(plan, *last, signature_, series));
    }
    for (; stored_->present(); stored_->next()) sql().remove(series, stored_->ts());
    return inserted;
}

int64 Engine::compute(const Series& series, const Options& options) {
    ErrorContextCallback context{error_context_stack, add_context, const_cast<Series*>(&series)};
    error_context_stack = &context;
    MemoryContextReset(series_);
    MemoryContext caller = MemoryContextSwitchTo(series_);
    ladder_->clear();
    signature_ = signature_of(series);

    Start start = find_start(series, signature_, options.force);
    former_->start(series);
    if (bulk_) start_inserts(series);
    TimestampTz write_from = options.force ? options.since : std::max(start.stale_from, options.since);
    if (!begin(series, start, write_from)) {
        start = {{0, DT_NOBEGIN, 0}, DT_NOBEGIN, start.taken, false};
        write_from = options.since;
        begin(series, start, write_from);
    }
    const bool anchored = start.anchor.bars > 0;
    const TimestampTz checkpoints_from = anchored ? start.stale_from : DT_NOBEGIN;
    const int64 written_before = sql_ ? sql_->written() : 0, held_back_before = sql_ ? sql_->held_back() : 0;
    Position last = start.anchor;
    int64 written = merge(series, write_from, checkpoints_from, options.force, &last);
    if (bulk_) inserts_->flush();
    if (sql_) {
        sql_->flush();
        written += sql_->written() - written_before;
    }
    stored_->close();
    reader_->close();

    if (!anchored || start.taken || last.bars > start.anchor.bars) {
        if (!start.from_last || ladder_->begin() != ladder_->end()) states_->store_checkpoints(series, checkpoints_from, last, *ladder_);
        const bool save = last.bars >= shortest_saved && !filtered_;
        states_->store(series, filtered_ ? Position{} : last, signature_, save ? save_state(*shape_->plan, last, signature_, series) : nullptr, written > 0);
        const bool held_back = sql_ && sql_->held_back() > held_back_before;
        if (start.stale_from < options.since || held_back) changes_->leave(series, start.stale_from);
    }
    MemoryContextSwitchTo(caller);
    error_context_stack = context.previous;
    return written;
}

void Engine::start_inserts(const Series& series) {
    if (!inserts_) {
        MemoryContext caller = MemoryContextSwitchTo(transaction_);
        inserts_ = make<BulkInsert>(table_, former_->room(), beside_others_);
        MemoryContextSwitchTo(caller);
    }
    inserts_->start(series);
}

}  // namespace pg_candle
