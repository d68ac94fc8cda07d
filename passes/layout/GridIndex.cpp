// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Cuts are products of cuts of single dims nearly always: the ranges of each dim, sorted, and a table of combinations.
#include "passes/layout/GridIndex.h"

#include <algorithm>

using namespace ncc::layout;
using llvm::ArrayRef;

GridIndex::GridIndex(ArrayRef<Rows> rows, ArrayRef<Box> boxes) : rowCount(rows.size()), boxCount(boxes.size()) {
  for (const Rows &row : rows) {
    if (!rowRanges.empty() && row.start < rowRanges.back().end) {
      rowRanges.clear();
      break;
    }
    rowRanges.push_back({row.start, row.start + row.count});
  }
  makeAxes(boxes);
}

void GridIndex::makeAxes(ArrayRef<Box> boxes) {
  constexpr size_t kFew = 4;
  size_t rank = boxes.empty() ? 0 : boxes.front().size.size(), combinations = 1;
  if (boxes.size() <= kFew || rank == 0) {
    return;
  }
  for (size_t f = 0; f < rank; ++f) {
    llvm::SmallVector<Range> axis;
    for (const Box &box : boxes) {
      axis.push_back({box.start[f], box.start[f] + box.size[f]});
    }
    llvm::sort(axis, [](const Range &a, const Range &b) { return std::pair(a.start, a.end) < std::pair(b.start, b.end); });
    axis.erase(std::unique(axis.begin(), axis.end(), [](const Range &a, const Range &b) { return a.start == b.start && a.end == b.end; }), axis.end());
    for (size_t i = 1; i < axis.size(); ++i) {
      if (axis[i].start < axis[i - 1].end) { // pieces of different cuts
        axes.clear();
        return;
      }
    }
    combinations *= axis.size();
    axes.push_back(std::move(axis));
    if (combinations > boxes.size()) {
      axes.clear();
      return;
    }
  }
  if (combinations != boxes.size()) {
    axes.clear();
    return;
  }
  table.assign(combinations, boxes.size());
  for (auto [b, box] : llvm::enumerate(boxes)) {
    size_t at = 0;
    for (size_t f = 0; f < rank; ++f) {
      auto it = llvm::partition_point(axes[f], [&](const Range &range) { return range.start < box.start[f]; });
      at = at * axes[f].size() + static_cast<size_t>(it - axes[f].begin());
    }
    table[at] = b;
  }
  if (llvm::is_contained(table, boxes.size())) { // a box twice
    axes.clear();
  }
}

void GridIndex::forEachRow(const Rows &wanted, llvm::function_ref<void(size_t)> fn) const {
  if (rowRanges.empty()) {
    for (size_t r = 0; r < rowCount; ++r) {
      fn(r);
    }
    return;
  }
  const Range *it = llvm::partition_point(rowRanges, [&](const Range &range) { return range.end <= wanted.start; });
  for (; it != rowRanges.end() && it->start < wanted.start + wanted.count; ++it) {
    fn(static_cast<size_t>(it - rowRanges.begin()));
  }
}

void GridIndex::forEachBox(const Box &wanted, llvm::function_ref<void(size_t)> fn) const {
  if (axes.empty()) {
    for (size_t b = 0; b < boxCount; ++b) {
      fn(b);
    }
    return;
  }
  llvm::SmallVector<std::pair<size_t, size_t>, 4> met; // per dim: first, one past the last
  for (size_t f = 0; f < axes.size(); ++f) {
    auto first = llvm::partition_point(axes[f], [&](const Range &range) { return range.end <= wanted.start[f]; });
    auto last = llvm::partition_point(axes[f], [&](const Range &range) { return range.start < wanted.start[f] + wanted.size[f]; });
    if (last <= first) {
      return;
    }
    met.push_back({first - axes[f].begin(), last - axes[f].begin()});
  }
  llvm::SmallVector<size_t, 8> found;
  llvm::SmallVector<size_t, 4> at;
  for (auto &[first, last] : met) {
    at.push_back(first);
  }
  while (true) {
    size_t index = 0;
    for (size_t f = 0; f < axes.size(); ++f) {
      index = index * axes[f].size() + at[f];
    }
    found.push_back(table[index]);
    size_t f = axes.size();
    while (f-- > 0 && ++at[f] == met[f].second) {
      at[f] = met[f].first;
    }
    if (f == static_cast<size_t>(-1)) {
      break;
    }
  }
  llvm::sort(found);
  llvm::for_each(found, fn);
}
