#include "kernels/plan.hpp"

#include "kernels/column_name.hpp"

namespace pg_candle {

Plan::Plan(Arena& arena, int capacity) : arena_(arena), capacity_(capacity) {
    candles_ = {buffer(), buffer(), buffer(), buffer(), buffer(), arena.array<std::int64_t>(capacity)};
}

const double* Plan::column(const ColumnName& name) {
    return name.indicator->build(*this, name.parameters).output(name.output);
}

Plan::Node* Plan::find(const void* type, const Parameters& parameters) const noexcept {
    for (Node* node = nodes_; node; node = node->next)
        if (node->type == type && node->parameters == parameters) return node;
    return nullptr;
}

void Plan::add(const void* type, const Parameters& parameters, Kernel* kernel) {
    nodes_ = arena_.make<Node>(type, parameters, kernel, nodes_);
}

// Insertion sort: plans have tens of kernels, and it needs no memory.
void Plan::ready() {
    Node* sorted = nullptr;
    while (Node* node = nodes_) {
        nodes_ = node->next;
        Node** place = &sorted;
        while (*place && (*place)->kernel->level() < node->kernel->level()) place = &(*place)->next;
        node->next = *place;
        *place = node;
    }
    nodes_ = sorted;
    for (Node* node = nodes_; node; node = node->next) node->kernel->prepare(arena_, capacity_);
    state_size_ = carry(State::Direction::measure, nullptr, 0);
    start_ = arena_.array<unsigned char>(state_size_);
    save(start_);
}

std::size_t Plan::carry(State::Direction direction, unsigned char* bytes, std::int64_t candles) const noexcept {
    State state(direction, bytes, candles);
    for (Node* node = nodes_; node; node = node->next) node->kernel->carry(state);
    return state.size();
}

void Plan::save(unsigned char* state) const noexcept { carry(State::Direction::save, state, next_); }

void Plan::restore(const unsigned char* state, std::int64_t candles) noexcept {
    carry(State::Direction::restore, const_cast<unsigned char*>(state), candles);
    next_ = candles;
}

void Plan::run(int size) noexcept {
    const Block block{next_, size};
    for (Node* node = nodes_; node; node = node->next) node->kernel->run(block);
    next_ += size;
}

}  // namespace pg_candle
