#include "backend/freshness/state_format.hpp"

#include <cstring>

namespace pg_candle {
namespace {

/// Reads as another number where bytes have another order.
constexpr uint32 magic = 0x70676333;

struct Header {
    uint32 magic;
    uint32 engine;
    uint64 signature;
    Position position;
    uint64 writer;        // a TransactionId
    uint64 columns_size;  // of what stands before the plan's state
    uint64 checksum;
};

Header header_of(const bytea* saved) {
    Header header;
    memcpy(&header, VARDATA(saved), sizeof header);
    return header;
}

/// What follows the header: columns, and the plan's state.
unsigned char* contents(const bytea* saved) {
    return reinterpret_cast<unsigned char*>(VARDATA(const_cast<bytea*>(saved))) + sizeof(Header);
}

/// Over the header but its checksum, what follows it, and the key of the series.
uint64 checksum(Header header, const unsigned char* state, Size size, const Series& series) {
    header.checksum = static_cast<uint64>(series.instrument_id);
    const uint64 key = hash(series.timeframe, strlen(series.timeframe), hash(&header, sizeof header, 0));
    return hash(state, size, key);
}

/// Room for a header, columns and a state.
bytea* make(const char* columns, Size state_size) {
    const Size size = VARHDRSZ + sizeof(Header) + strlen(columns) + state_size;
    auto* saved = static_cast<bytea*>(palloc(size));
    SET_VARSIZE(saved, size);
    memcpy(contents(saved), columns, strlen(columns));
    return saved;
}

/// Writes the header, when all else is there.
bytea* seal(bytea* saved, Header header, const Series& series) {
    static_assert(std::has_unique_object_representations_v<Header>);
    header.checksum = checksum(header, contents(saved), VARSIZE(saved) - VARHDRSZ - sizeof(Header), series);
    memcpy(VARDATA(saved), &header, sizeof header);
    return saved;
}

/// Reads the header; false if there is none, or it is of something else.
bool read_header(const SavedState& saved, const Series& series, Header* header) {
    if (!saved.bytes || VARSIZE(saved.bytes) < VARHDRSZ + sizeof(Header)) return false;
    *header = header_of(saved.bytes);
    const Size size = VARSIZE(saved.bytes) - VARHDRSZ - sizeof(Header);
    return header->magic == magic && header->engine == kernels_version && header->columns_size <= size &&
           header->checksum == checksum(*header, contents(saved.bytes), size, series);
}

}  // namespace

uint64 kernels_signature(const char* zone) {
    return zone ? hash(zone, strlen(zone), kernels_version) : kernels_version;
}

uint64 plan_signature(const RowShape* shape, const char* zone) {
    uint64 signature = hash(shape->indicators, strlen(shape->indicators), kernels_signature(zone));
    for (int c = 0; c < shape->count; ++c) {
        const ShapeColumn& column = shape->columns[c];
        const char* name = NameStr(TupleDescAttr(shape->desc, column.attno - 1)->attname);
        const int32 place[] = {column.attno, static_cast<int32>(column.kind)};
        signature = hash(name, strlen(name), hash(place, sizeof place, signature));
    }
    return signature;
}

bytea* save_state(const Plan& plan, const Position& position, uint64 signature, const Series& series,
                  const char* columns) {
    bytea* saved = make(columns, plan.state_size());
    plan.save(contents(saved) + strlen(columns));
    return seal(saved, {magic, kernels_version, signature, position, GetCurrentTransactionId(), strlen(columns), 0},
                series);
}

bytea* save_columns(const Series& series, const char* columns) {
    return seal(make(columns, 0), {magic, kernels_version, 0, {}, GetCurrentTransactionId(), strlen(columns), 0},
                series);
}

const char* saved_columns(const SavedState& saved, const Series& series) {
    Header header;
    if (!read_header(saved, series, &header)) return nullptr;
    return pnstrdup(reinterpret_cast<const char*>(contents(saved.bytes)), header.columns_size);
}

bool check_state(const SavedState& saved, const Plan& plan, uint64 signature, const Series& series, bool any_writer,
                 Position* position) {
    Header header;
    if (!read_header(saved, series, &header) || header.signature != signature || header.position.bars < 1 ||
        VARSIZE(saved.bytes) != VARHDRSZ + sizeof(Header) + header.columns_size + plan.state_size() ||
        (!any_writer && header.writer != saved.writer))
        return false;
    *position = header.position;
    return true;
}

void restore_state(Plan& plan, const SavedState& saved, const Position& position) {
    plan.restore(contents(saved.bytes) + header_of(saved.bytes).columns_size, position.bars);
}

}  // namespace pg_candle
