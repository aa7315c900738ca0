#pragma once
#include <cstdint>

#include "kernels/kernel.hpp"

namespace pg_candle {

struct ColumnName;

/// Kernels for a set of columns, sharing their sub-results: asking twice for the same kernel with the same parameters
/// gives the same kernel. Build it (column(), then ready()), then for each block fill candles() and call run().
///
/// Memory: about 8 bytes x capacity per output, plus each kernel's state (at most 32 bytes per candle of its lookback).
/// Its state is smaller still: of a cumulative sum 16 bytes per candle of the longest lookback, of everything else at
/// most 8. Not thread-safe; owned by the arena.
class Plan {
public:
    /// `capacity`: the largest block that will be run.
    Plan(Arena& arena, int capacity);

    /// Adds what the column needs and returns where its values will be after each run().
    const double* column(const ColumnName& name);

    /// Puts the kernels in order and prepares them. Call once, after the last column().
    void ready();

    /// Computes the next `size` candles, which the caller has put into candles().
    void run(int size) noexcept;

    const Candles& candles() const noexcept { return candles_; }
    int capacity() const noexcept { return capacity_; }

    /// Bytes of a state.
    std::size_t state_size() const noexcept { return state_size_; }

    /// Writes the state after the candles computed so far: state_size() bytes, which restore() of a plan for the same
    /// columns, built in the same order by the same version, understands.
    void save(unsigned char* state) const noexcept;

    /// Goes on after `candles` candles, where the state was saved.
    void restore(const unsigned char* state, std::int64_t candles) noexcept;

    /// Begins another series.
    void restart() noexcept { restore(start_, 0); }

    /// Candles computed so far, which is also the number of the next one.
    std::int64_t next() const noexcept { return next_; }

    // For kernels, while they are constructed.

    /// The kernel K with these parameters: the one that is there already, or a new one.
    template <class K>
    K& share(const Parameters& parameters = {}) {
        static constexpr char type_tag = 0;
        if (Node* node = find(&type_tag, parameters)) return *static_cast<K*>(node->kernel);
        K* kernel = arena_.make<K>(*this, parameters);
        add(&type_tag, parameters, kernel);
        return *kernel;
    }

    /// A buffer for one value per candle of a block.
    double* buffer() { return arena_.array<double>(capacity_); }
    Arena& arena() noexcept { return arena_; }

private:
    struct Node {
        const void* type;
        Parameters parameters;
        Kernel* kernel;
        Node* next;
    };

    std::size_t carry(State::Direction direction, unsigned char* state, std::int64_t candles) const noexcept;
    Node* find(const void* type, const Parameters& parameters) const noexcept;
    void add(const void* type, const Parameters& parameters, Kernel* kernel);

    Arena& arena_;
    int capacity_;
    Candles candles_;
    std::int64_t next_ = 0;
    Node* nodes_ = nullptr;
    std::size_t state_size_ = 0;
    unsigned char* start_ = nullptr;  // the state before the first candle
};

}  // namespace pg_candle
