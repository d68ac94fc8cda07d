// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What an instruction may be to a decision tree: rows it asks for, comparisons at its nodes, numbers of its leaves, a choice between two
// subtrees.
#include "runtime/host/DecisionTrees.h"
#include "runtime/host/Kernels.h"

#include <cstring>

namespace ncc::host {

using namespace isa;

namespace {

/// Memory stays within bounds whatever a file holds.
constexpr int64_t kMostLimits = int64_t(1) << 25;

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

/// Rows of a table in DRAM, their numbers known.
bool DecisionFinder::fetch(size_t at, const DmaGather &inst) {
  const AccessPattern &src = inst.src, &dst = inst.dst;
  const bool plain = dst.space == Space::Sbuf && dst.dtype == DType::F32 && src.dtype == DType::F32 && src.space == Space::Dram &&
                     src.dims[0].stride >= 0 && isDense(dst) && !runsOf(dst, dst.freeSize(), 4).empty() &&
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
  if (!from || dst.space != Space::Sbuf || (limit && !known) || static_cast<int64_t>(limits.size()) + dst.freeSize() * dst.partitions > kMostLimits) {
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
    make(at, dst, to[i], row * size, {*from, limits.size(), src.partition - fetch.gather->dst.partition, begin / (row * 4), -1, -1, leaf, 1, false});
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
    raised.taken = false;
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
  const int64_t size = bytesOf(type), bytes = first->region.b1 - first->region.b0, row = bytes / size, predSize = bytesOf(inst.pred.dtype);
  const std::vector<int64_t> to = runsOf(inst.dst, row, size), pred = runsOf(inst.pred, row, predSize);
  const std::vector<int64_t> odd = runsOf(inst.a.pattern, row, size), even = runsOf(inst.b.pattern, row, size);
  std::vector<size_t> sources;
  for (size_t i = 0; i < to.size() && pred.size() == to.size() && odd.size() == to.size() && even.size() == to.size(); ++i) {
    const Value *decides = valueAt(inst.pred, pred[i], row * predSize);
    const Value *yes = valueAt(inst.a.pattern, odd[i], bytes), *no = valueAt(inst.b.pattern, even[i], bytes);
    if (!decides || !yes || !no || nodes[yes->number].height != nodes[no->number].height || nodes[yes->number].height >= kDeepestTree) {
      return false;
    }
    Node node = nodes[decides->number];
    const bool plain = node.height == 1 && node.leaf == 0; // a comparison as it is
    for (const Value *child : {yes, no}) {                 // a tree, no graph that would be far larger as a tree
      if (!plain || nodes[child->number].taken) {
        return false;
      }
      nodes[child->number].taken = true;
    }
    node.yes = static_cast<int64_t>(yes->number);
    node.no = static_cast<int64_t>(no->number);
    node.height = nodes[yes->number].height + 1;
    node.taken = false;
    sources.insert(sources.end(), {decides->at, yes->at, no->at});
    make(at, inst.dst, to[i], bytes, node);
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

} // namespace ncc::host
