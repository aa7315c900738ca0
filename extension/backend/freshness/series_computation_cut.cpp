// SeriesComputation: series whose first candles were dropped (drop_candles.cpp), and what they go on from.
#include <cstring>

#include "backend/candles/candle_reader.hpp"
#include "backend/freshness/series_computation.hpp"
#include "backend/postgres/spi.hpp"
#include "backend/rows/sql_writer.hpp"

extern "C" {
#include "common/hashfn.h"
}

namespace pg_candle {

/// Where the series was cut by drop_candles(), if it was, and what can be gone on from.
void SeriesComputation::find_cut(const Series& series, bool forget_state) {
    const DroppedCandles::Cut cut = dropped_->of(series);
    kept_from_ = cut.kept_from;
    base_ = cut.state;
    base_columns_ = base_.bytes ? saved_columns(base_, series) : nullptr;
    if (kept_from_ != DT_NOBEGIN && forget_state) {
        if (!base_columns_) base_columns_ = columns_of(of_table_.shape);
        base_ = {save_columns(series, base_columns_)};
        dropped_->forget_state(series, base_.bytes);
    } else if (kept_from_ != DT_NOBEGIN && !base_columns_) {
        ereport(WARNING, (errmsg("instrument %d, timeframe %s begins with the candles that are left",
                                 series.instrument_id, series.timeframe),
                          errdetail("What its dropped candles left in dropped_candles.state is %s.",
                                    base_.bytes ? "damaged" : "away"),
                          errhint("SELECT compute_indicators(%d, '%s', force => true); takes it as it is.",
                                  series.instrument_id, series.timeframe)));
    }
    choose_plan(series);
    if (kept_from_ != DT_NOBEGIN) look_for_returned(series, cut);
    // What is there was computed with all candles, or with those that are left.
    const uint64 lineage = base_.bytes || kept_from_ == DT_NOBEGIN ? 0 : static_cast<uint64>(kept_from_);
    state_signature_ = hash_combine64(signature_of(series, shape_), lineage);
}

/// A plan cannot go on from the state of another one. If all that the table has now was computed for the candles that
/// are gone, the plan that left their state goes on, also for what is not stored any more; otherwise nothing does.
void SeriesComputation::choose_plan(const Series& series) {
    const RowShape* table = of_table_.shape;
    Computation chosen = of_table_;
    const char* indicators = base_columns_ ? indicators_in(base_columns_) : "";
    if (base_columns_ && strcmp(indicators, table->indicators) != 0 && are_among(table->indicators, indicators)) {
        if (!of_more_.shape || strcmp(of_more_.shape->indicators, indicators) != 0) {
            of_more_ = {};
            MemoryContextReset(more_);
            MemoryContext caller = MemoryContextSwitchTo(more_);
            of_more_ = compile(indicators);
            MemoryContextSwitchTo(caller);
        }
        chosen = of_more_;
    }
    shape_ = chosen.shape;
    builder_ = chosen.former;
    signature_ = signature_of(series, table);
    base_signature_ = kernels_signature(reader_->session_zone(series));
    const bool fits = base_columns_ && strcmp(indicators, shape_->indicators) == 0 &&
                      check_state(base_, *shape_->plan, base_signature_, series, true, &base_position_);
    if (fits)
        kept_from_ = base_position_.ts + 1;
    else
        base_ = {};
}

/// Some candles from before the cut are of no use without the others, and would only take the place of their rows.
void SeriesComputation::look_for_returned(const Series& series, const DroppedCandles::Cut& cut) {
    const TimestampTz first = reader_->first(series);
    if (first >= kept_from_) return;
    const int64 all = base_.bytes ? base_position_.bars : cut.bars, back = reader_->count_before(series, kept_from_);
    if (back < all) {
        ereport(WARNING, (errmsg("candles of instrument %d, timeframe %s from before %s are left out",
                                 series.instrument_id, series.timeframe, timestamptz_to_str(cut.kept_from)),
                          errdetail("drop_candles() has deleted " INT64_FORMAT " there, and " INT64_FORMAT " are back.",
                                    all, back),
                          errhint("Insert the others, too, or delete those.")));
        return;
    }
    dropped_->forget(series);
    timeframe_changes_->leave(series, first);
    kept_from_ = DT_NOBEGIN;
    base_ = {};
}

/// Rows of dropped candles are not computed any more: a column of theirs that is called otherwise now holds what it
/// was.
void SeriesComputation::clear_renamed(const Series& series) {
    if (kept_from_ == DT_NOBEGIN || !base_columns_) return;
    StringInfoData nulls, present;
    initStringInfo(&nulls);
    initStringInfo(&present);
    ListCell* cell;
    foreach (cell, renamed_since(of_table_.shape, base_columns_)) {
        const char* quoted = quote_identifier(static_cast<const char*>(lfirst(cell)));
        appendStringInfo(&nulls, "%s%s = NULL", nulls.len > 0 ? ", " : "", quoted);
        appendStringInfo(&present, "%s%s IS NOT NULL", present.len > 0 ? " OR " : "", quoted);
    }
    if (nulls.len == 0) return;
    Oid types[] = {INT4OID, TEXTOID, TIMESTAMPTZOID};
    Datum values[] = {Int32GetDatum(series.instrument_id), CStringGetTextDatum(series.timeframe),
                      TimestampTzGetDatum(kept_from_)};
    SPIPlanPtr plan =
        prepare_query(psprintf("UPDATE %s SET %s WHERE instrument_id OPERATOR(pg_catalog.=) $1"
                               " AND timeframe OPERATOR(pg_catalog.=) $2 AND ts OPERATOR(pg_catalog.<) $3 AND (%s)",
                               table_name_, nulls.data, present.data),
                      3, types);
    execute_unlogged(plan, values);
    SPI_freeplan(plan);
}

}  // namespace pg_candle
