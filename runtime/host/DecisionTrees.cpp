// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/host/DecisionTrees.h"

#include "runtime/host/Kernels.h"

#include <algorithm>
#include <cstring>

namespace ncc::host {

using namespace isa;

namespace {

int64_t bytesOf(DType type) { return static_cast<int64_t>(dtypeSize(type)); }

/// Types of leaf numbers, and the largest.
int64_t largestLeaf(DType type) { return type == DType::U8 ? 255 : type == DType::I16 ? 32767 : -1; }

/// First bytes, from the pattern's own, of the runs of `length` elements it consists of; empty unless the elements of every run
/// are `stride` bytes apart.
std::vector<int64_t> runsOf(const AccessPattern &ap, int64_t length, int64_t stride) {
  std::vector<std::pair<int64_t, int64_t>> dims; // size, stride; neighbours merged
  for (int d = 0; d < ap.rank; ++d) {
    const int64_t size = ap.dims[d].size, step = ap.dims[d].stride * bytesOf(ap.dtype);
    if (size == 1) {
      continue;
    }
    if (!dims.empty() && dims.back().second == step * size) {
      dims.back() = {dims.back().first * size, step};
    } else {
      dims.push_back({size, step});
    }
  }
  if (length > 1) {
    if (dims.empty() || dims.back().second != stride || dims.back().first % length != 0) {
      return {};
    }
    dims.back() = {dims.back().first / length, stride * length};
  }
  std::vector<int64_t> starts{0};
  for (auto [size, step] : dims) {
    std::vector<int64_t> inner;
    for (int64_t start : starts) {
      for (int64_t i = 0; i < size; ++i) {
        inner.push_back(start + i * step);
      }
    }
    starts = std::move(inner);
  }
  return starts;
}

int64_t loadNumber(const uint8_t *from, DType type) {
  int64_t wide = 0;
  int32_t narrow = 0;
  int16_t half = 0;
  switch (type) {
  case DType::U8:
    return *from;
  case DType::I16:
    std::memcpy(&half, from, 2);
    return half;
  case DType::I32:
    std::memcpy(&narrow, from, 4);
    return narrow;
  default:
    std::memcpy(&wide, from, 8);
    return wide;
  }
}

} // namespace

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
    for (Fetch &fetch : fetches) {
      fetch.until = fetch.until == SIZE_MAX && Region(fetch.gather->src).overlaps(Region(ap)) ? at : fetch.until;
    }
  });
  overwrite(inst);
  for (const Value &value : made) {
    (std::holds_alternative<DmaGather>(inst) ? rows : values).insert(value);
  }
}

//===----------------------------------------------------------------------===//
// Parts of trees
//===----------------------------------------------------------------------===//

/// Rows of a table in DRAM, their numbers known.
bool DecisionFinder::fetch(size_t at, const DmaGather &inst) {
  const AccessPattern &src = inst.src, &dst = inst.dst;
  const bool plain = dst.space == Space::Sbuf && dst.dtype == DType::F32 && src.dtype == DType::F32 && src.space == Space::Dram && isDense(dst) &&
                     !runsOf(dst, dst.freeSize(), 4).empty() &&
                     (src.rank == 1 || (src.rank == 2 && (src.dims[1].stride == 1 || src.dims[1].size == 1)));
  const uint8_t *memory = plain && inst.index.space == Space::Dram ? data.weight(inst.index.buffer) : nullptr;
  const int64_t count = inst.index.freeSize(), size = bytesOf(inst.index.dtype), rows = plain ? src.dims[0].size : 0;
  if (!memory || runsOf(inst.index, count, size).empty()) {
    return false;
  }
  Fetch found{&inst, at, SIZE_MAX, rowSize(src), dst.freeSize() / rowSize(src), {}};
  found.numbers.resize(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    int64_t number = loadNumber(memory + inst.index.offset + i * size, inst.index.dtype);
    number += number < 0 ? rows : 0;
    if (number < 0 || number >= rows || number * src.dims[0].stride > INT32_MAX) {
      return false;
    }
    found.numbers[static_cast<size_t>(i)] = number;
  }
  if (count != found.line * dst.partitions) {
    return false;
  }
  made.push_back({Region(dst), fetches.size(), at, true});
  fetches.push_back(std::move(found));
  return true;
}

bool DecisionFinder::compare(size_t at, const TensorScalar &inst) {
  const double added = inst.op1 == AluOp::add && !inst.s1.isPattern() ? inst.s1.asDouble() : inst.op1 == AluOp::bypass ? 0 : -1;
  if (inst.op0 != AluOp::le || inst.reverse0 || inst.reverse1 || !(added >= 0 && added < static_cast<double>(largestLeaf(inst.dst.dtype))) ||
      added != static_cast<double>(static_cast<int64_t>(added))) {
    return false;
  }
  const AccessPattern *limit = inst.s0.isPattern() ? &inst.s0.pattern : nullptr;
  return nodesOf(at, inst.dst, inst.src, limit, static_cast<float>(inst.s0.asDouble()), static_cast<int64_t>(added));
}

bool DecisionFinder::compare(size_t at, const TensorTensor &inst) {
  return inst.op == AluOp::le && largestLeaf(inst.dst.dtype) > 0 && nodesOf(at, inst.dst, inst.a, &inst.b, 0, 0);
}

bool DecisionFinder::nodesOf(size_t at, const AccessPattern &dst, const AccessPattern &src, const AccessPattern *limit, float number, int64_t leaf) {
  const std::optional<size_t> from = fetchedBy(src);
  const uint8_t *known = limit && limit->dtype == DType::F32 ? data.constantTile(*limit) : nullptr;
  if (!from || dst.space != Space::Sbuf || (limit && !known)) {
    return false;
  }
  const Fetch &fetch = fetches[*from];
  const int64_t row = fetch.row, size = bytesOf(dst.dtype), fetched = static_cast<int64_t>(fetch.gather->dst.offset);
  const std::vector<int64_t> asked = runsOf(src, row, 4), to = runsOf(dst, row, size);
  std::vector<int64_t> with = !limit || limit->freeSize() == 1 ? std::vector<int64_t>(to.size()) : runsOf(*limit, row, 0);
  if (asked.empty() || asked.size() != to.size() || with.size() != to.size()) {
    return false;
  }
  for (int64_t run : asked) {
    if ((static_cast<int64_t>(src.offset) + run - fetched) % (row * 4) != 0) {
      return false;
    }
  }
  for (size_t i = 0; i < to.size(); ++i) {
    const int64_t begin = static_cast<int64_t>(src.offset) + asked[i] - fetched;
    make(at, dst, to[i], row * size, {*from, limits.size(), src.partition - fetch.gather->dst.partition, begin / (row * 4), -1, -1, leaf, 1});
    for (int64_t p = 0; p < src.partitions; ++p) {
      float value = number;
      if (known) {
        std::memcpy(&value, known + p * data.pitch + with[i], 4);
      }
      limits.push_back(value);
    }
  }
  operands[at].push_back(fetch.at);
  return true;
}

/// Numbers of leaves are added to comparisons, the same on all partitions.
bool DecisionFinder::raise(size_t at, const TensorTensor &inst) {
  const Value *first = valueFrom(inst.a);
  const bool alike = inst.op == AluOp::add && inst.a.dtype == inst.dst.dtype && inst.b.dtype == inst.dst.dtype;
  const uint8_t *known = first && alike ? data.constantTile(inst.b) : nullptr;
  if (!known || inst.dst.space != Space::Sbuf) {
    return false;
  }
  const int64_t size = bytesOf(inst.dst.dtype), bytes = first->region.b1 - first->region.b0, row = bytes / size;
  const std::vector<int64_t> from = runsOf(inst.a, row, size), to = runsOf(inst.dst, row, size), with = runsOf(inst.b, row, 0);
  std::vector<size_t> sources;
  for (size_t i = 0; i < to.size() && from.size() == to.size() && with.size() == to.size(); ++i) {
    const Value *value = valueAt(inst.a, from[i], bytes);
    const int64_t added = loadNumber(known + with[i], inst.b.dtype);
    if (!value || nodes[value->number].height != 1 || added < 0 || nodes[value->number].leaf + added >= largestLeaf(inst.dst.dtype)) {
      return false;
    }
    for (int64_t p = 1; p < inst.b.partitions; ++p) {
      if (loadNumber(known + p * data.pitch + with[i], inst.b.dtype) != added) {
        return false;
      }
    }
    Node raised = nodes[value->number];
    raised.leaf += added;
    sources.push_back(value->at);
    make(at, inst.dst, to[i], bytes, raised);
  }
  operands[at].insert(operands[at].end(), sources.begin(), sources.end());
  return !made.empty();
}

bool DecisionFinder::choose(size_t at, const Select &inst) {
  const bool tiles = inst.a.isPattern() && inst.b.isPattern();
  const Value *first = tiles ? valueFrom(inst.a.pattern) : nullptr;
  const DType type = inst.dst.dtype;
  if (!first || inst.dst.space != Space::Sbuf || largestLeaf(type) < 0 || inst.a.pattern.dtype != type || inst.b.pattern.dtype != type) {
    return false;
  }
  const int64_t size = bytesOf(type), bytes = first->region.b1 - first->region.b0, row = bytes / size, asked = row * bytesOf(inst.pred.dtype);
  const std::vector<int64_t> to = runsOf(inst.dst, row, size), pred = runsOf(inst.pred, row, bytesOf(inst.pred.dtype));
  const std::vector<int64_t> odd = runsOf(inst.a.pattern, row, size), even = runsOf(inst.b.pattern, row, size);
  std::vector<size_t> sources;
  for (size_t i = 0; i < to.size() && pred.size() == to.size() && odd.size() == to.size() && even.size() == to.size(); ++i) {
    const Value *decides = valueAt(inst.pred, pred[i], asked), *yes = valueAt(inst.a.pattern, odd[i], bytes), *no = valueAt(inst.b.pattern, even[i], bytes);
    if (!decides || !yes || !no || nodes[yes->number].height != nodes[no->number].height || nodes[yes->number].height >= kDeepestTree) {
      return false;
    }
    Node chosen = nodes[decides->number];
    if (chosen.height != 1 || chosen.leaf != 0) { // not a plain comparison
      return false;
    }
    chosen.yes = static_cast<int64_t>(yes->number);
    chosen.no = static_cast<int64_t>(no->number);
    chosen.height = nodes[yes->number].height + 1;
    sources.insert(sources.end(), {decides->at, yes->at, no->at});
    make(at, inst.dst, to[i], bytes, chosen);
  }
  operands[at] = std::move(sources);
  return !made.empty();
}

void DecisionFinder::make(size_t at, const AccessPattern &dst, int64_t begin, int64_t bytes, const Node &node) {
  Region region(dst);
  region.b0 = static_cast<int64_t>(dst.offset) + begin;
  region.b1 = region.b0 + bytes;
  made.push_back({region, nodes.size(), at, true});
  madeBy[at].push_back(nodes.size());
  nodes.push_back(node);
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
  auto it = ap.space == Space::Sbuf ? values.places.find(static_cast<int64_t>(ap.offset)) : values.places.end();
  return it == values.places.end() ? nullptr : valueAt(ap, 0, it->second.region.b1 - it->second.region.b0);
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
