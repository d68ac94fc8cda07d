// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// A segment tree with range addition and range maximum.
#include "passes/schedule/Headroom.h"

#include <algorithm>
#include <bit>
#include <limits>

using namespace ncc::schedule;

Headroom::Headroom(size_t positions, int64_t limit)
    : positions(std::max<size_t>(positions, 1)), limit(limit), steps(this->positions + 1), tree(2 * std::bit_ceil(this->positions)) {}

void Headroom::add(size_t birth, size_t death, int64_t bytes) {
  steps[birth] += bytes;
  steps[death + 1] -= bytes;
}

void Headroom::settle(double share) {
  std::vector<int64_t> need(positions);
  auto most = static_cast<int64_t>(static_cast<double>(limit) * share);
  int64_t now = 0;
  for (size_t i = 0; i < positions; ++i) {
    now += steps[i];
    need[i] = std::min(now, most);
  }
  build(1, 0, positions, need);
  steps = {};
}

bool Headroom::fits(size_t now, size_t birth, int64_t bytes) const {
  return birth <= now || highest(1, 0, positions, now, birth) + bytes <= limit;
}

void Headroom::change(size_t begin, size_t end, int64_t bytes) {
  if (begin < end) {
    change(1, 0, positions, begin, end, bytes);
  }
}

int64_t Headroom::build(size_t node, size_t low, size_t high, const std::vector<int64_t> &need) {
  if (high - low == 1) {
    return tree[node].most = need[low];
  }
  size_t middle = (low + high + 1) / 2;
  int64_t left = build(2 * node, low, middle, need);
  return tree[node].most = std::max(left, build(2 * node + 1, middle, high, need));
}

void Headroom::change(size_t node, size_t low, size_t high, size_t begin, size_t end, int64_t bytes) {
  if (begin <= low && high <= end) {
    tree[node].most += bytes;
    tree[node].pending += bytes;
    return;
  }
  size_t middle = (low + high + 1) / 2;
  if (begin < middle) {
    change(2 * node, low, middle, begin, end, bytes);
  }
  if (end > middle) {
    change(2 * node + 1, middle, high, begin, end, bytes);
  }
  tree[node].most = std::max(tree[2 * node].most, tree[2 * node + 1].most) + tree[node].pending;
}

int64_t Headroom::highest(size_t node, size_t low, size_t high, size_t begin, size_t end) const {
  if (begin <= low && high <= end) {
    return tree[node].most;
  }
  size_t middle = (low + high + 1) / 2;
  int64_t most = std::numeric_limits<int64_t>::min() / 2;
  if (begin < middle) {
    most = highest(2 * node, low, middle, begin, end);
  }
  if (end > middle) {
    most = std::max(most, highest(2 * node + 1, middle, high, begin, end));
  }
  return most + tree[node].pending;
}
