#pragma once
#include "backend/freshness/state_format.hpp"

namespace pg_candle {

/// Checkpoints of a series, the closer together the newer: a change d candles back finds one from which fewer than 2 d
/// candles and one block have to be computed again, and there are about 2 log2(candles / 256) of them.
///
/// They stand at multiples of a block. With p the largest power of two that divides its number of candles, a checkpoint
/// is kept while it is no more than 4 p candles old. Of the powers p with d <= 2 p <= 2 d there is one, all its
/// multiples of the last 4 p candles are kept, and the first of them behind d is less than p further away.
class Checkpoints {
public:
    static bool keeps(int64 bars, int64 last) { return last - bars <= 4 * (bars & -bars); }

    struct Checkpoint {
        Position position;
        const bytea* state;
    };

    /// Adds the newest checkpoint, palloc'd, and drops what it makes superfluous.
    void add(const Position& position, const bytea* state) {
        Checkpoint* kept = checkpoints_;
        for (Checkpoint* checkpoint = checkpoints_; checkpoint < checkpoints_ + count_; ++checkpoint) {
            if (keeps(checkpoint->position.bars, position.bars))
                *kept++ = *checkpoint;
            else
                pfree(const_cast<bytea*>(checkpoint->state));
        }
        *kept++ = {position, state};
        count_ = static_cast<int>(kept - checkpoints_);
    }

    void clear() { count_ = 0; }

    const Checkpoint* begin() const { return checkpoints_; }
    const Checkpoint* end() const { return checkpoints_ + count_; }

private:
    // For each power of two from a block on at most three are within 4 p, for up to 2^63 candles.
    Checkpoint checkpoints_[3 * 64];
    int count_ = 0;
};

}  // namespace pg_candle
