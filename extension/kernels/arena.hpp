#pragma once
#include <cstddef>
#include <cstring>
#include <new>
#include <type_traits>
#include <utility>

namespace pg_candle {

/// Where a plan lives. The caller says how to allocate (palloc in the backend, new in tests) and frees everything at
/// once; nothing here has a destructor, so a longjmp over a plan leaks nothing that its memory context does not free.
/// All memory is zeroed. An allocator that fails must not return: it throws, or jumps.
class Arena {
public:
    using Allocate = void* (*)(void* context, std::size_t bytes);

    constexpr Arena(Allocate allocate, void* context) : allocate_(allocate), context_(context) {}

    template <class T>
    T* array(std::size_t count) {
        static_assert(std::is_trivially_copyable_v<T> && std::is_trivially_destructible_v<T>);
        void* memory = allocate_(context_, count * sizeof(T));
        std::memset(memory, 0, count * sizeof(T));
        return static_cast<T*>(memory);
    }

    template <class T, class... Args>
    T* make(Args&&... args) {
        static_assert(std::is_trivially_destructible_v<T>);
        return new (allocate_(context_, sizeof(T))) T{std::forward<Args>(args)...};
    }

private:
    Allocate allocate_;
    void* context_;
};

}  // namespace pg_candle
