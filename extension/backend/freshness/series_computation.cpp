#include "backend/freshness/series_computation.hpp"

#include <algorithm>

#include "backend/candles/candle_reader.hpp"
#include "backend/catalog/change_capture.hpp"
#include "backend/catalog/row_security.hpp"
#include "backend/catalog/tables.hpp"
#include "backend/postgres/spi.hpp"
#include "backend/rows/bulk_insert.hpp"
#include "backend/rows/sql_writer.hpp"
#include "backend/rows/stored_rows.hpp"
#include "backend/rows/tuple_builder.hpp"

extern "C" {
#include "common/hashfn.h"
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

SeriesComputation::SeriesComputation(Oid schema, Waits waits, bool expect_concurrent_writers)
    : schema_(schema), waits_(waits), beside_others_(expect_concurrent_writers) {
    MemoryContext caller = CurrentMemoryContext;
    memory_ = AllocSetContextCreate(caller, "pg_candle engine", ALLOCSET_DEFAULT_SIZES);
    statements_ = AllocSetContextCreate(memory_, "pg_candle engine statements", ALLOCSET_DEFAULT_SIZES);
    transaction_ = AllocSetContextCreate(memory_, "pg_candle engine transaction", ALLOCSET_DEFAULT_SIZES);
    series_ = AllocSetContextCreate(memory_, "pg_candle engine series", ALLOCSET_DEFAULT_SIZES);
    MemoryContextSwitchTo(memory_);
    table_name_ = table_name(schema, "indicator_data");
    reader_ = make<CandleReader>(schema, memory_, false);
    changes_ = make<ChangeLog>(schema, Consumer::indicators, memory_);
    timeframe_changes_ = make<ChangeLog>(schema, Consumer::timeframes, memory_);
    states_ = make<StateStore>(schema, memory_);
    dropped_ = make<DroppedCandles>(schema, memory_, false);
    ladder_ = make<Checkpoints>();
    MemoryContextSwitchTo(caller);
}

void SeriesComputation::open() {
    const Oid candles = find_table(schema_, "candle_data");
    table_ = table_open(find_table(schema_, "indicator_data"), RowExclusiveLock);
    require_no_temporary_child(candles);
    require_no_temporary_child(RelationGetRelid(table_));
    require_key(table_, key_of_candles);
    require_key(find_table(schema_, "indicator_state"), key_of_series);
    MemoryContext caller = MemoryContextSwitchTo(statements_);
    if (!of_table_.shape || !equalTupleDescs(of_table_.shape->desc, RelationGetDescr(table_))) {
        of_table_ = of_more_ = {};
        MemoryContextReset(statements_);
        more_ = AllocSetContextCreate(statements_, "pg_candle engine more indicators", ALLOCSET_DEFAULT_SIZES);
        const Computation compiled = compile("");
        stored_ = make<StoredRows>(table_name_, compiled.shape, statements_);
        of_table_ = compiled;
    }
    MemoryContextSwitchTo(transaction_);
    rls_active_ = check_enable_rls(candles, InvalidOid, true) == RLS_ENABLED;
    bulk_ = can_bulk_insert(table_, filled_columns(of_table_.shape));
    // Both tables are locked: what the catalogs say now holds until the transaction ends.
    const ChangeCapture& capture = change_capture(schema_);
    trusted_ = capture.complete;
    log_gap_ = capture.gap;
    capture_ = capture.signature;
    MemoryContextSwitchTo(caller);
}

void SeriesComputation::close() {
    if (inserts_) inserts_->close();
    inserts_ = nullptr;
    sql_ = nullptr;
    table_close(table_, NoLock);
    MemoryContextReset(series_);
    MemoryContextReset(transaction_);
}

void SeriesComputation::abandon() {
    table_ = nullptr;
    sql_ = nullptr;
    inserts_ = nullptr;
    MemoryContextReset(series_);
    MemoryContextReset(transaction_);
}

/// In the current memory context.
SeriesComputation::Computation SeriesComputation::compile(const char* first) {
    RowShape* shape =
        compile_shape(CreateTupleDescCopyConstr(RelationGetDescr(table_)), table_name_, ShapeUse::stored, first);
    return {shape, make<TupleBuilder>(shape)};
}

uint64 SeriesComputation::signature_of(const Series& series, const RowShape* shape) {
    return hash_combine64(plan_signature(shape, reader_->session_zone(series)), capture_);
}

uint64 SeriesComputation::columns_signature() const {
    return hash_combine64(plan_signature(of_table_.shape, nullptr), capture_);
}

bool SeriesComputation::is_due(const SeriesStatus& known) {
    if (rls_active_ || !trusted_ || known.changed || !known.has_signature || !known.last_row_exists ||
        known.newest != known.computed_through)
        return true;
    MemoryContextReset(series_);
    MemoryContext caller = MemoryContextSwitchTo(series_);
    // A series whose calendar names no zone is due, and fails, without the others.
    const bool same =
        reader_->has_session_zone(known.series) && known.signature == signature_of(known.series, of_table_.shape);
    MemoryContextSwitchTo(caller);
    return !same;
}

/// At the first candle that is there, after the state that dropped ones have left.
SeriesComputation::Start SeriesComputation::first_start(bool taken) {
    Start start{{0, DT_NOBEGIN, 0}, DT_NOBEGIN, taken, false, true};
    if (!base_.bytes) return start;
    start.anchor = base_position_;
    restore_state(*shape_->plan, base_, base_position_);
    return start;
}

SeriesComputation::Start SeriesComputation::find_start(const Series& series, const Options& options) {
    SavedState state = states_->lock(series, waits_ == Waits::always);
    find_cut(series, options.rebuilds());
    const TimestampTz changed = changes_->take(series);
    Plan& plan = *shape_->plan;
    Position last;
    Start start = first_start(changed != DT_NOEND);
    const bool known = check_state(state, plan, state_signature_, series, false, &last);
    if (!known) clear_renamed(series);
    if (rls_active_ || !trusted_ || !known) return start;

    start.stale_from = std::min(changed, last.ts + 1);
    if (options.all()) return start;
    start.from_last = start.stale_from > last.ts;
    if (!start.from_last) {
        state = states_->checkpoint_before(series, start.stale_from);
        if (!check_state(state, plan, state_signature_, series, false, &last) || last.ts >= start.stale_from)
            return start;
    }
    start.anchor = last;
    start.at_base = false;
    restore_state(plan, state, last);
    return start;
}

/// False if the anchor's candle or its row is not there as it was: then something changed that was not logged.
bool SeriesComputation::begin(const Series& series, const Start& start, TimestampTz write_from) {
    if (start.at_base) {
        if (start.anchor.bars == 0) shape_->plan->restart();
        reader_->open(series, start.anchor, kept_from_, DT_NOEND, shape_);
        stored_->open(series, write_from);
        return true;
    }
    reader_->open(series, start.anchor, start.anchor.ts, DT_NOEND, shape_);
    stored_->open(series, start.anchor.ts);
    if (!(stored_->present() && stored_->ts() == start.anchor.ts && reader_->find_anchor())) {
        stored_->close();
        reader_->close();
        return false;
    }
    while (stored_->present() && stored_->ts() < write_from) stored_->next();
    return true;
}

SqlWrite& SeriesComputation::sql() {
    if (!sql_) {
        MemoryContext caller = MemoryContextSwitchTo(transaction_);
        sql_ = make<SqlWrite>(table_name_, of_table_.shape);
        MemoryContextSwitchTo(caller);
    }
    return *sql_;
}

int64 SeriesComputation::merge(const Series& series, TimestampTz write_from, TimestampTz checkpoints_from, bool force,
                               Position* last) {
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
                const bool equal = builder_->equals(i, stored_->values(), stored_->nulls());
                stored_->next();
                if (equal && !force) continue;
            }
            if (!known && bulk_) {
                builder_->form(i, inserts_->tuple(), inserts_->space());
                inserts_->add(ts);
                ++inserted;
            } else {
                builder_->values(i, values, nulls);
                sql().put(values, nulls);
            }
        }
        *last = reader_->position();
        if (!rls_active_ && plan.next() % block_capacity == 0 && last->ts >= checkpoints_from)
            ladder_->add(*last, save_state(plan, *last, state_signature_, series));
    }
    for (; stored_->present(); stored_->next()) sql().remove(series, stored_->ts());
    return inserted;
}

int64 SeriesComputation::compute(const Series& series, const Options& options) {
    ErrorContextCallback context{error_context_stack, add_context, const_cast<Series*>(&series)};
    error_context_stack = &context;
    MemoryContextReset(series_);
    MemoryContext caller = MemoryContextSwitchTo(series_);
    int64 written = 0;
    if (hides_candles(schema_, series))
        ereport(WARNING,
                (errmsg("instrument %d, timeframe %s is left as it is", series.instrument_id, series.timeframe),
                 errdetail("%s", hidden_candles()), errhint("%s", hidden_candles_hint)));
    else
        written = compute_visible(series, options);
    MemoryContextSwitchTo(caller);
    error_context_stack = context.previous;
    return written;
}

int64 SeriesComputation::compute_visible(const Series& series, const Options& options) {
    ladder_->clear();
    Start start = find_start(series, options);
    builder_->start(series);
    if (bulk_) start_inserts(series);
    // Rows of dropped candles are nobody's business any more.
    const TimestampTz earliest = std::max(options.since, kept_from_);
    TimestampTz write_from = options.all() ? earliest : std::max(start.stale_from, earliest);
    if (!begin(series, start, write_from)) {
        start = first_start(start.taken);
        write_from = earliest;
        begin(series, start, write_from);
    }
    const TimestampTz checkpoints_from = start.at_base ? DT_NOBEGIN : start.stale_from;
    const int64 written_before = sql_ ? sql_->written() : 0, held_back_before = sql_ ? sql_->suppressed() : 0;
    Position last = start.anchor;
    int64 written = merge(series, write_from, checkpoints_from, options.force, &last);
    if (bulk_) inserts_->flush();
    if (sql_) {
        sql_->flush();
        written += sql_->written() - written_before;
    }
    stored_->close();
    reader_->close();

    if (start.at_base || start.taken || last.bars > start.anchor.bars) {
        if (!start.from_last || ladder_->begin() != ladder_->end())
            states_->store_checkpoints(series, checkpoints_from, last, *ladder_);
        // Of a series that has no candles but dropped ones, nothing is known but those.
        const bool has_candles = last.ts >= kept_from_ && last.bars > 0;
        const bool save = has_candles && last.bars >= shortest_saved && !rls_active_;
        states_->store(series, rls_active_ || !has_candles ? Position{} : last, signature_,
                       save ? save_state(*shape_->plan, last, state_signature_, series) : nullptr,
                       {written > 0, start.at_base && options.since == DT_NOBEGIN});
        const bool suppressed = sql_ && sql_->suppressed() > held_back_before;
        if (start.stale_from < options.since || suppressed) changes_->leave(series, start.stale_from);
    }
    return written;
}

const bytea* SeriesComputation::state_before(const Series& series, TimestampTz cut, Position* position) {
    MemoryContext caller = MemoryContextSwitchTo(series_);
    Plan& plan = *shape_->plan;
    const SavedState checkpoint = states_->checkpoint_before(series, cut);
    bool found = trusted_ && !rls_active_ && check_state(checkpoint, plan, state_signature_, series, false, position);
    if (found) {
        restore_state(plan, checkpoint, *position);
        reader_->open(series, *position, position->ts, cut, shape_);
        found = reader_->find_anchor();
        if (!found) reader_->close();
    }
    if (!found) {
        const Start start = first_start(false);
        *position = start.anchor;
        if (start.anchor.bars == 0) plan.restart();
        reader_->open(series, start.anchor, kept_from_, cut, shape_);
    }
    while (const int size = reader_->read()) {
        plan.run(size);
        *position = reader_->position();
    }
    reader_->close();
    MemoryContextSwitchTo(caller);
    if (position->bars == 0) return nullptr;
    // Of what the plan computes, with the places of what the table has.
    RowShape places = *of_table_.shape;
    places.indicators = shape_->indicators;
    return save_state(plan, *position, base_signature_, series, columns_of(&places));
}

void SeriesComputation::store_again(const Series& series) {
    const SavedState state = states_->lock(series, waits_ == Waits::always);
    Position last{};
    const bool known = check_state(state, *shape_->plan, state_signature_, series, false, &last);
    find_cut(series, false);  // by now another one
    if (known) restore_state(*shape_->plan, state, last);
    states_->store(series, last, signature_,
                   known ? save_state(*shape_->plan, last, state_signature_, series) : nullptr, {false, false});
}

int64 SeriesComputation::forget(const Series& series) {
    Oid types[] = {INT4OID, TEXTOID};
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe)};
    states_->lock(series, waits_ == Waits::always);
    SPIPlanPtr plan = prepare_query(
        psprintf("DELETE FROM %s WHERE instrument_id OPERATOR(pg_catalog.=) $1 AND timeframe OPERATOR(pg_catalog.=) $2",
                 table_name_),
        2, types);
    const int64 rows = static_cast<int64>(execute_unlogged(plan, values));
    SPI_freeplan(plan);
    states_->forget(series);
    changes_->forget(series);
    return rows;
}

void SeriesComputation::forget_state(const Series& series) {
    states_->lock(series, waits_ == Waits::always);
    states_->forget(series);
}

void SeriesComputation::start_inserts(const Series& series) {
    if (!inserts_) {
        MemoryContext caller = MemoryContextSwitchTo(transaction_);
        inserts_ = make<BulkInsert>(table_, builder_->room(), beside_others_);
        MemoryContextSwitchTo(caller);
    }
    inserts_->start(series);
}

}  // namespace pg_candle
