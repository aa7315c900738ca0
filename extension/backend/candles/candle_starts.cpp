#include "backend/candles/candle_starts.hpp"

#include "backend/postgres/spi.hpp"
#include "backend/rows/row_shape.hpp"

extern "C" {
#include "access/stratnum.h"
#include "access/visibilitymap.h"
#include "catalog/pg_am.h"
#include "catalog/pg_class.h"
#include "catalog/pg_collation.h"
#include "storage/bufmgr.h"
#include "storage/predicate.h"
#include "utils/acl.h"
#include "utils/fmgroids.h"
#include "utils/rls.h"
#include "utils/snapmgr.h"
}

namespace pg_candle {
namespace {

bool receive(TupleTableSlot* slot, DestReceiver* self) {
    auto* receiver = reinterpret_cast<CandleStarts::Receiver*>(self);
    slot_getsomeattrs(slot, 1);
    receiver->times[receiver->count++] = DatumGetTimestampTz(slot->tts_values[0]);
    return true;
}

bool may_be_read_directly(Relation table) {
    const Form_pg_class form = table->rd_rel;
    return form->relkind == RELKIND_RELATION && !form->relhassubclass &&
           table->rd_tableam == GetHeapamTableAmRoutine() &&
           check_enable_rls(RelationGetRelid(table), InvalidOid, true) != RLS_ENABLED &&
           pg_class_aclcheck(RelationGetRelid(table), GetUserId(), ACL_SELECT) == ACLCHECK_OK;
}

/// Whether the index is a complete one on (instrument_id int4, timeframe text "C", ts timestamptz), all ascending.
bool is_key(Relation table, Relation index) {
    static constexpr Oid types[] = {INT4OID, TEXTOID, TIMESTAMPTZOID};
    const Form_pg_index form = index->rd_index;
    if (!form->indisunique || !form->indisvalid || form->indnkeyatts != 3 || index->rd_rel->relam != BTREE_AM_OID ||
        RelationGetIndexPredicate(index) != NIL || RelationGetIndexExpressions(index) != NIL ||
        index->rd_indcollation[1] != C_COLLATION_OID)
        return false;
    for (int i = 0; i < 3; ++i) {
        const AttrNumber attno = form->indkey.values[i];
        if (attno < 1 || index->rd_indoption[i] != 0) return false;
        Form_pg_attribute column = TupleDescAttr(RelationGetDescr(table), attno - 1);
        if (column->atttypid != types[i] || key_part(NameStr(column->attname)) != i) return false;
    }
    return true;
}

/// The third of three columns that are never null, an int4 and a text before it; index_getattr() finds it, too, but
/// takes three times as long.
TimestampTz time_of(IndexTuple entry) {
    const char* data = reinterpret_cast<const char*>(entry) + IndexInfoFindDataOffset(entry->t_info);
    Size at = att_align_pointer(sizeof(int32), TYPALIGN_INT, -1, data + sizeof(int32));
    at = att_addlength_pointer(at, -1, data + at);
    return *reinterpret_cast<const TimestampTz*>(data + att_align_nominal(at, TYPALIGN_DOUBLE));
}

}  // namespace

bool CandleStarts::open_index() {
    table_ = table_open(find_table(schema_, "candle_data"), AccessShareLock);
    if (may_be_read_directly(table_)) {
        List* indexes = RelationGetIndexList(table_);
        ListCell* cell;
        foreach (cell, indexes) {
            index_ = index_open(lfirst_oid(cell), AccessShareLock);
            if (is_key(table_, index_)) return true;
            index_close(index_, NoLock);
        }
    }
    table_close(table_, NoLock);
    return false;
}

void CandleStarts::begin_scan(int keys) {
    scan_ = compat::begin_index_scan(table_, index_, GetActiveSnapshot(), keys);
    scan_->xs_want_itup = true;
    index_rescan(scan_, keys_, keys, nullptr, 0);
}

void CandleStarts::open(const Series& series, TimestampTz from, TimestampTz to) {
    ended_ = false;
    receiver_.count = 0;
    const Datum id = Int32GetDatum(series.instrument_id), timeframe = CStringGetTextDatum(series.timeframe);
    if (open_index()) {
        slot_ = table_slot_create(table_, nullptr);
        to_ = to;
        // The index looks at every key for every candle. The end is ours to notice, and the beginning is no key either
        // where the series begins later, which is what most ranges are: all there is.
        ScanKeyEntryInitialize(&keys_[0], 0, 1, BTEqualStrategyNumber, InvalidOid, InvalidOid, F_INT4EQ, id);
        ScanKeyEntryInitialize(&keys_[1], 0, 2, BTEqualStrategyNumber, InvalidOid, C_COLLATION_OID, F_TEXTEQ,
                               timeframe);
        ScanKeyEntryInitialize(&keys_[2], 0, 3, BTGreaterEqualStrategyNumber, InvalidOid, InvalidOid, F_TIMESTAMPTZ_GE,
                               TimestampTzGetDatum(from));
        begin_scan(2);
        const bool begins_before = index_getnext_tid(scan_, ForwardScanDirection) && time_of(scan_->xs_itup) < from;
        index_endscan(scan_);
        begin_scan(begins_before ? 3 : 2);
        return;
    }
    if (!query_) {
        Oid types[] = {INT4OID, TEXTOID, TIMESTAMPTZOID, TIMESTAMPTZOID};
        query_ =
            prepare_query(psprintf("SELECT ts FROM %s WHERE instrument_id OPERATOR(pg_catalog.=) $1 AND timeframe "
                                   "OPERATOR(pg_catalog.=) $2 "
                                   "AND ts OPERATOR(pg_catalog.>=) $3 AND ts OPERATOR(pg_catalog.<) $4 ORDER BY ts",
                                   table_name(schema_, "candle_data")),
                          4, types, memory_);
    }
    Datum values[] = {id, timeframe, TimestampTzGetDatum(from), TimestampTzGetDatum(to)};
    receiver_.base = make_receiver(receive);
    portal_ = open_ordered(query_, values, nullptr, true);
}

/// As PostgreSQL's index-only scan: a page that all transactions see need not be visited.
int CandleStarts::read_index() {
    int count = 0;
    while (count < capacity) {
        const ItemPointer tid = index_getnext_tid(scan_, ForwardScanDirection);
        const TimestampTz time = tid ? time_of(scan_->xs_itup) : to_;
        if (time >= to_) {
            ended_ = true;
            break;
        }
        const BlockNumber block = ItemPointerGetBlockNumber(tid);
        if (VM_ALL_VISIBLE(table_, block, &visibility_)) {
            PredicateLockPage(table_, block, scan_->xs_snapshot);
        } else {
            if (!index_fetch_heap(scan_, slot_)) continue;
            ExecClearTuple(slot_);
        }
        receiver_.times[count++] = time;
    }
    return count;
}

int CandleStarts::read(const TimestampTz*& times) {
    CHECK_FOR_INTERRUPTS();
    times = receiver_.times;
    if (ended_) return 0;
    if (scan_) return read_index();
    receiver_.count = 0;
    fetch_into(portal_, capacity, &receiver_.base);
    ended_ = receiver_.count < capacity;
    return receiver_.count;
}

void CandleStarts::close() {
    if (!scan_) {
        SPI_cursor_close(portal_);
        return;
    }
    if (BufferIsValid(visibility_)) ReleaseBuffer(visibility_);
    visibility_ = InvalidBuffer;
    index_endscan(scan_);
    scan_ = nullptr;
    ExecDropSingleTupleTableSlot(slot_);
    index_close(index_, NoLock);
    table_close(table_, NoLock);
}

}  // namespace pg_candle
