#pragma once
#include "backend/postgres/compat.hpp"

extern "C" {
#include "access/generic_xlog.h"
}

namespace pg_candle {

/// A run of ascending entries that belong next to each other on a leaf page of a B-tree, and are put there in one
/// change of the page.
///
/// index_insert() goes down the tree for each entry, searches the page for its place, and logs it by itself; that was
/// half of the time that storing a row took. A run is searched for once. Each of its entries is compared, by the
/// index's own operators, with the entries before and behind it, or with the bound of the page. If it is strictly
/// between them, then that is its place, and no other entry is equal to it. What was added is logged as one GenericXLog
/// record (access/generic_xlog.h), PostgreSQL's interface for extensions that write pages. All else is
/// index_insert()'s: equal entries, full pages and how they are split, and pages with entries that are marked as dead.
/// Those marks are hints, which are not logged: index_insert() makes room by them, and a page that we logged with them
/// would differ from what a standby has.
class BtreeLeafBatch {
public:
    /// `index`: a B-tree of `table`. Both stay open as long as this lives, which is as long as the current memory
    /// context.
    BtreeLeafBatch(Relation table, Relation index) : table_(table), index_(index), memory_(CurrentMemoryContext) {}

    /// Finds and locks the page of an entry. Then append() begins with that one; the current memory context may not be
    /// reset before end(). `values`: the entry's columns, none of them null.
    void begin(const Datum* values);

    /// Adds an entry behind the one before; false if it does not belong there, or finds no room.
    bool append(const Datum* values, const ItemPointerData& row);

    /// Writes and logs what was added, and unlocks the page.
    void end();

private:
    void set_key(const Datum* values);
    int compare(OffsetNumber item) { return _bt_compare(index_, key_, page_, item); }

    Relation table_, index_;
    MemoryContext memory_;
    BTScanInsert key_ = nullptr;  // made once; its arguments change
    Buffer buffer_ = InvalidBuffer;
    GenericXLogState* change_ = nullptr;
    Page page_ = nullptr;  // as it is, or, once something was added, as it will be
    OffsetNumber place_ = InvalidOffsetNumber;
    bool has_dead_ = false;
};

}  // namespace pg_candle
