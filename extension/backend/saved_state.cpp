#include "backend/saved_state.hpp"

#include <cstring>

extern "C" {
#include "common/hashfn.h"
}

namespace pg_candle {
namespace {

/// Reads as another number where bytes have another order.
constexpr uint32 magic = 0x70676332;

struct Header {
    uint32 magic;
    uint32 engine;
    uint64 signature;
    Position position;
    uint64 writer;  // a TransactionId
    uint64 checksum;
};

Header header_of(const bytea* saved) {
    Header header;
    memcpy(&header, VARDATA(saved), sizeof header);
    return header;
}

uint64 hash(const void* bytes, Size count, uint64 seed) {
    return DatumGetUInt64(hash_any_extended(static_cast<const unsigned char*>(bytes), static_cast<int>(count), seed));
}

/// Over the header but its checksum, the state and the key of the series.
uint64 checksum(Header header, const unsigned char* state, Size size, const Series& series) {
    header.checksum = static_cast<uint64>(series.instrument_id);
    const uint64 key = hash(series.timeframe, strlen(series.timeframe), hash(&header, sizeof header, 0));
    return hash(state, size, key);
}

}  // namespace

uint64 fingerprint_of(TimestampTz ts, double open, double high, double low, double close, double volume) {
    struct {
        int64 ts;
        double numbers[5];
    } const candle{ts, {open, high, low, close, volume}};
    return hash(&candle, sizeof candle, 0);
}

uint64 plan_signature(const RowShape* shape, const char* zone) {
    uint64 signature = zone ? hash(zone, strlen(zone), engine_version) : engine_version;
    for (int c = 0; c < shape->count; ++c) {
        const ShapeColumn& column = shape->columns[c];
        const char* name = NameStr(TupleDescAttr(shape->desc, column.attno - 1)->attname);
        const int32 place[] = {column.attno, static_cast<int32>(column.kind)};
        signature = hash(name, strlen(name), hash(place, sizeof place, signature));
    }
    return signature;
}

bytea* save_state(const Plan& plan, const Position& position, uint64 signature, const Series& series) {
    static_assert(std::has_unique_object_representations_v<Header>);
    const Size size = VARHDRSZ + sizeof(Header) + plan.state_size();
    auto* saved = static_cast<bytea*>(palloc(size));
    SET_VARSIZE(saved, size);
    auto* state = reinterpret_cast<unsigned char*>(VARDATA(saved)) + sizeof(Header);
    plan.save(state);
    Header header{magic, engine_version, signature, position, GetCurrentTransactionId(), 0};
    header.checksum = checksum(header, state, plan.state_size(), series);
    memcpy(VARDATA(saved), &header, sizeof header);
    return saved;
}

bool check_state(const SavedState& saved, const Plan& plan, uint64 signature, const Series& series, bool any_writer,
                 Position* position) {
    if (!saved.bytes || VARSIZE(saved.bytes) != VARHDRSZ + sizeof(Header) + plan.state_size()) return false;
    const Header header = header_of(saved.bytes);
    if (header.magic != magic || header.engine != engine_version || header.signature != signature ||
        header.position.bars < 1)
        return false;
    if (!any_writer && header.writer != saved.writer) return false;
    const auto* state = reinterpret_cast<const unsigned char*>(VARDATA(saved.bytes)) + sizeof(Header);
    if (header.checksum != checksum(header, state, plan.state_size(), series)) return false;
    *position = header.position;
    return true;
}

void restore_state(Plan& plan, const SavedState& saved, const Position& position) {
    plan.restore(reinterpret_cast<const unsigned char*>(VARDATA(saved.bytes)) + sizeof(Header), position.bars);
}

}  // namespace pg_candle
