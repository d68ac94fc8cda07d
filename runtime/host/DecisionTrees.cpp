// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/host/DecisionTrees.h"

#include <algorithm>

namespace ncc::host {

using namespace isa;

DecisionFinder::DecisionFinder(absl::Span<const Instruction> program, LoadTimeData data)
    : program(program), data(std::move(data)), operands(program.size()), madeBy(program.size()), part(program.size()), outside(program.size()) {}

void DecisionFinder::add(size_t at) {
  const Instruction &inst = program[at];
  made.clear();
  if (const auto *gather = std::get_if<DmaGather>(&inst)) {
    part[at] = fetch(at, *gather);
  } else if (const auto *scalar = std::get_if<TensorScalar>(&inst)) {
    part[at] = compare(at, *scalar);
  } else if (const auto *tensor = std::get_if<TensorTensor>(&inst)) {
    part[at] = compare(at, *tensor) || raise(at, *tensor);
  } else if (const auto *select = std::get_if<Select>(&inst)) {
    part[at] = choose(at, *select);
  }
  if (!part[at]) {
    made.clear();
    madeBy[at].clear();
    readByOthers(inst);
  }
  forEachWrite(inst, [&](const AccessPattern &ap) {
    for (size_t f = 0; ap.space == Space::Dram && f < fetches.size(); ++f) {
      Fetch &fetch = fetches[f];
      fetch.until = fetch.until == SIZE_MAX && Region(fetch.gather->src).overlaps(Region(ap)) ? at : fetch.until;
    }
  });
  overwrite(inst);
  for (const Value &value : made) {
    (std::holds_alternative<DmaGather>(inst) ? rows : values).insert(value);
  }
}

//===----------------------------------------------------------------------===//
// What lies where
//===----------------------------------------------------------------------===//

void DecisionFinder::Values::insert(const Value &value) {
  places.emplace(value.region.b0, value);
  longest = std::max(longest, value.region.b1 - value.region.b0);
}

template <typename Fn>
void DecisionFinder::Values::forEachOverlap(const Region &region, Fn fn) const {
  for (auto it = places.lower_bound(region.b0 - longest); it != places.end() && it->first < region.b1; ++it) {
    if (it->second.region.overlaps(region)) {
      fn(it->second);
    }
  }
}

void DecisionFinder::Values::overwrite(const Region &region, bool dense) {
  std::vector<Value> rests;
  std::vector<Region> pieces;
  for (auto it = places.lower_bound(region.b0 - longest); it != places.end() && it->first < region.b1;) {
    Value &value = it->second;
    if (!value.region.overlaps(region)) {
      ++it;
      continue;
    }
    value.whole = false;
    if (!dense) { // something of it may be left anywhere
      ++it;
      continue;
    }
    pieces.clear();
    subtract(value.region, region, pieces);
    for (const Region &piece : pieces) {
      rests.push_back({piece, value.number, value.at, false});
    }
    it = places.erase(it);
  }
  for (const Value &rest : rests) {
    insert(rest);
  }
}

std::optional<size_t> DecisionFinder::fetchedBy(const AccessPattern &src) const {
  std::optional<size_t> found;
  const Region region(src);
  rows.forEachOverlap(region, [&](const Value &value) {
    if (value.whole && value.region.covers(region) && src.dtype == DType::F32) {
      found = value.number;
    }
  });
  return found;
}

const DecisionFinder::Value *DecisionFinder::valueAt(const AccessPattern &ap, int64_t begin, int64_t bytes) const {
  if (ap.space != Space::Sbuf) {
    return nullptr;
  }
  const int64_t first = static_cast<int64_t>(ap.offset) + begin;
  auto [it, end] = values.places.equal_range(first);
  for (; it != end; ++it) {
    const Region &region = it->second.region;
    if (it->second.whole && region.b1 == first + bytes && region.p0 == ap.partition && region.p1 == ap.partition + ap.partitions) {
      return &it->second;
    }
  }
  return nullptr;
}

/// The value a pattern begins with.
const DecisionFinder::Value *DecisionFinder::valueFrom(const AccessPattern &ap) const {
  auto [it, end] = values.places.equal_range(static_cast<int64_t>(ap.offset));
  const Value *found = nullptr;
  for (; it != end && !found; ++it) {
    found = valueAt(ap, 0, it->second.region.b1 - it->second.region.b0);
  }
  return found;
}

void DecisionFinder::readByOthers(const Instruction &inst) {
  forEachRead(inst, [&](const AccessPattern &ap) {
    for (const Values *list : {&rows, &values}) {
      list->forEachOverlap(Region(ap), [&](const Value &value) { outside[value.at] = true; });
    }
  });
}

void DecisionFinder::overwrite(const Instruction &inst) {
  forEachWrite(inst, [&](const AccessPattern &ap) {
    rows.overwrite(Region(ap), isDense(ap));
    values.overwrite(Region(ap), isDense(ap));
  });
}

//===----------------------------------------------------------------------===//
// Whole trees
//===----------------------------------------------------------------------===//

FoundDecisions DecisionFinder::finish() {
  // The next inference finds what this one left.
  for (size_t at = 0; at < program.size() && !nodes.empty(); ++at) {
    readByOthers(program[at]);
    overwrite(program[at]);
  }
  FoundDecisions found{std::vector<bool>(program.size()), {}};
  for (size_t at = program.size(); at-- > 0;) {
    if (!part[at]) {
      continue;
    }
    if (!outside[at]) {
      found.dropped[at] = true;
    } else if (std::optional<DecisionTrees> trees = treesAt(at)) {
      found.trees.emplace(at, std::move(*trees));
    } else {
      for (size_t operand : operands[at]) {
        outside[operand] = true;
      }
    }
  }
  return found;
}

std::optional<DecisionTrees> DecisionFinder::treesAt(size_t at) const {
  if (madeBy[at].size() != 1) {
    return std::nullopt;
  }
  const Node &root = nodes[madeBy[at][0]];
  const Fetch &fetch = fetches[root.fetch];
  DecisionTrees trees;
  trees.table = fetch.gather->src;
  trees.until = fetch.until;
  trees.rows = fetch.row;
  trees.depth = root.height;
  forEachWrite(program[at], [&](const AccessPattern &ap) { trees.count = ap.partitions; });
  trees.asked.resize(static_cast<size_t>(trees.count * trees.inner()));
  trees.limits.resize(trees.asked.size());
  trees.leaves.resize(static_cast<size_t>(trees.inner() + 1));
  return trees.until > at && place(trees, madeBy[at][0], 0) ? std::optional(std::move(trees)) : std::nullopt;
}

/// Writes a node and what is below it to place `at`; false if it asks another table.
bool DecisionFinder::place(DecisionTrees &trees, size_t number, int64_t at) const {
  const Node &node = nodes[number];
  const Fetch &fetch = fetches[node.fetch];
  if (!(fetch.gather->src == trees.table) || fetch.until != trees.until) {
    return false;
  }
  for (int64_t p = 0; p < trees.count; ++p) {
    const auto slot = static_cast<size_t>(p * trees.inner() + at);
    trees.asked[slot] = static_cast<int32_t>(fetch.numbers[static_cast<size_t>((node.partition + p) * fetch.line + node.line)]);
    trees.limits[slot] = limits[node.limits + static_cast<size_t>(p)];
  }
  if (node.yes >= 0) {
    return place(trees, static_cast<size_t>(node.no), 2 * at + 1) && place(trees, static_cast<size_t>(node.yes), 2 * at + 2);
  }
  const auto leaf = static_cast<size_t>(2 * at + 1 - trees.inner());
  trees.leaves[leaf] = static_cast<int16_t>(node.leaf);
  trees.leaves[leaf + 1] = static_cast<int16_t>(node.leaf + 1);
  return true;
}

} // namespace ncc::host
