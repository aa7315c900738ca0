#pragma once
#include "backend/candles/position.hpp"
#include "backend/catalog/tables.hpp"
#include "backend/postgres/compat.hpp"
#include "backend/rows/row_shape.hpp"

namespace pg_candle {

/// Which version of the kernels, and which sessions; `zone`: of those, or null where every candle is a session.
uint64 kernels_signature(const char* zone);

/// The same, and which columns of the table are computed, and by what plan. A state that was saved under another
/// signature says nothing about this table.
uint64 plan_signature(const RowShape* shape, const char* zone);

/// The plan's state as a bytea in the current memory context: a header with position, signature, a checksum over
/// everything and the series, and who wrote it; then Plan::save(). It is to be stored by the current subtransaction.
/// `columns`: what the plan was made for, and where that stood in the table (columns_of()), if the state is to be of
/// use to tables with other columns.
bytea* save_state(const Plan& plan, const Position& position, uint64 signature, const Series& series,
                  const char* columns = "");

/// The same without a state: it tells of columns only. Needs no plan.
bytea* save_columns(const Series& series, const char* columns);

/// A state as it is stored, and the transaction that wrote its row: one that was put there by somebody else (an older
/// one, from a backup, say) knows nothing of what changed in between.
struct SavedState {
    const bytea* bytes = nullptr;  ///< null: there is none
    TransactionId writer = InvalidTransactionId;
};

/// The columns that save_state() was told; palloc'd. Null if there are none, or the state is damaged or of another
/// series.
const char* saved_columns(const SavedState& saved, const Series& series);

/// Reads the position of a saved state. False, and nothing is touched, if it is damaged, of another series, another
/// signature, another version or another machine, or if `any_writer` is false and its row was not written by whoever
/// saved it. It may be restored only if true.
bool check_state(const SavedState& saved, const Plan& plan, uint64 signature, const Series& series, bool any_writer,
                 Position* position);

/// Lets the plan go on from a state that check_state() accepted.
void restore_state(Plan& plan, const SavedState& saved, const Position& position);

}  // namespace pg_candle
