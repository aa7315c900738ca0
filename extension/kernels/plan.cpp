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
}

void Plan::run(int size) noexcept {
    const Block block{next_, size};
    for (Node* node = nodes_; node; node = node->next) node->kernel->run(block);
    next_ += size;
}

}  // namespace pg_candle
