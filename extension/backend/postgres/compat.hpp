#pragma once
// Everything that differs between PostgreSQL 14 and 18, and the only place where a version number is looked at.
extern "C" {
#include "postgres.h"

#include "access/genam.h"
#include "access/nbtree.h"
#include "access/table.h"
#include "access/tableam.h"
#include "access/heapam.h"
#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "executor/spi.h"
#include "fmgr.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "nodes/execnodes.h"
#include "storage/bufmgr.h"
#include "storage/freespace.h"
#include "storage/lmgr.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/rel.h"
#include "utils/syscache.h"
#include "utils/timestamp.h"
}

#if PG_VERSION_NUM < 140000 || PG_VERSION_NUM >= 190000
#error "pg_candle supports PostgreSQL 14 to 18"
#endif
#if SIZEOF_DATUM != 8
#error "pg_candle needs a 64-bit PostgreSQL"
#endif

/// 18 lets a module say its name and version (postgres commit 9324c8c580).
#ifdef PG_MODULE_MAGIC_EXT
#define PG_CANDLE_MODULE_MAGIC PG_MODULE_MAGIC_EXT(.name = "pg_candle", .version = PG_CANDLE_VERSION)
#else
#define PG_CANDLE_MODULE_MAGIC PG_MODULE_MAGIC
#endif

namespace pg_candle::compat {

/// Adds a stored row to all indexes of its table; a duplicate is an error.
/// 16 added onlySummarizing (postgres commit 19d8e2308b).
inline void insert_index_tuples(ResultRelInfo* relation, TupleTableSlot* slot, EState* estate) {
#if PG_VERSION_NUM >= 160000
    List* recheck = ExecInsertIndexTuples(relation, slot, estate, false, false, nullptr, NIL, false);
#else
    List* recheck = ExecInsertIndexTuples(relation, slot, estate, false, false, nullptr, NIL);
#endif
    list_free(recheck);
}

/// Adds empty pages to a table at once and returns the first, or InvalidBlockNumber where table_multi_insert() does
/// that itself: from 16 on (postgres commit 31966b151e). Page by page, one of two writers goes to sleep each time that
/// they meet at the extension lock.
inline BlockNumber add_pages([[maybe_unused]] Relation table, [[maybe_unused]] int pages) {
    BlockNumber first = InvalidBlockNumber;
#if PG_VERSION_NUM < 160000
    LockRelationForExtension(table, ExclusiveLock);
    for (int i = 0; i < pages; ++i) {
        Buffer buffer = ReadBufferExtended(table, MAIN_FORKNUM, P_NEW, RBM_ZERO_AND_LOCK, nullptr);
        if (i == 0) first = BufferGetBlockNumber(buffer);
        // All zeros, as a crash would leave it; whoever uses it first initialises it.
        MarkBufferDirty(buffer);
        UnlockReleaseBuffer(buffer);
    }
    UnlockRelationForExtension(table, ExclusiveLock);
#endif
    return first;
}

/// Whether pages of B-trees may be written past PostgreSQL's own code (btree_leaf_batch.hpp): on majors on which that
/// was tried with amcheck, a standby and wal_consistency_checking.
inline constexpr bool index_pages_proven = PG_VERSION_NUM < 180000;

/// What a page of a B-tree says of itself. 15 made a macro of it (postgres commit d16773cdc8).
inline BTPageOpaque btree_opaque(Page page) {
#if PG_VERSION_NUM >= 150000
    return BTPageGetOpaque(page);
#else
    return reinterpret_cast<BTPageOpaque>(PageGetSpecialPointer(page));
#endif
}

/// Goes down a B-tree to the first leaf page on which the key may be, and locks it for writing.
/// 16 added the table (postgres commit 61b313e47e), 17 dropped the snapshot (f691f5b80a).
inline void search_leaf([[maybe_unused]] Relation table, Relation index, BTScanInsert key, Buffer* leaf) {
#if PG_VERSION_NUM >= 170000
    _bt_freestack(_bt_search(index, table, key, leaf, BT_WRITE));
#elif PG_VERSION_NUM >= 160000
    _bt_freestack(_bt_search(index, table, key, leaf, BT_WRITE, nullptr));
#else
    _bt_freestack(_bt_search(index, key, leaf, BT_WRITE, nullptr));
#endif
}

/// 18 added the counters of EXPLAIN (postgres commit 0fbceae841).
inline IndexScanDesc begin_index_scan(Relation table, Relation index, Snapshot snapshot, int keys) {
#if PG_VERSION_NUM >= 180000
    return index_beginscan(table, index, snapshot, nullptr, keys, 0);
#else
    return index_beginscan(table, index, snapshot, keys, 0);
#endif
}

/// No other module, and no typing error, may use settings of this prefix.
/// 15 renamed EmitWarningsOnPlaceholders (postgres commit 88103567cb).
inline void reserve_settings(const char* prefix) {
#if PG_VERSION_NUM >= 150000
    MarkGUCPrefixReserved(prefix);
#else
    EmitWarningsOnPlaceholders(prefix);
#endif
}

/// Calls `request`, which asks for shared memory, at the time when that is allowed; for _PG_init.
/// 15 moved that into a hook (postgres commit 4f2400cb3f).
inline void when_shared_memory_is_requested(void (*request)()) {
#if PG_VERSION_NUM >= 150000
    static constinit shmem_request_hook_type previous = nullptr;
    using Request = void (*)();
    static constinit Request ours = nullptr;
    previous = shmem_request_hook;
    ours = request;
    shmem_request_hook = [] {
        if (previous) previous();
        ours();
    };
#else
    request();
#endif
}

}  // namespace pg_candle::compat
