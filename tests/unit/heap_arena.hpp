#pragma once
#include <cstddef>
#include <memory>
#include <vector>

#include "kernels/arena.hpp"

namespace pg_candle {

/// An arena on the heap, for tests and benchmarks; everything goes when it goes. Zeroed, as an Arena promises, and with
/// exact sizes, so that AddressSanitizer sees every overrun.
class HeapArena {
public:
    Arena& arena() { return arena_; }

private:
    static void* allocate(void* self, std::size_t bytes) {
        auto& blocks = static_cast<HeapArena*>(self)->blocks_;
        blocks.push_back(std::make_unique<std::byte[]>(bytes));
        return blocks.back().get();
    }

    std::vector<std::unique_ptr<std::byte[]>> blocks_;
    Arena arena_{&HeapArena::allocate, this};
};

}  // namespace pg_candle
