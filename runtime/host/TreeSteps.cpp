// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/host/TreeSteps.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace ncc::host {

using isa::AccessPattern;

void RankTable::add(const DecisionTrees &trees) {
  for (size_t i = 0; i < trees.asked.size(); ++i) {
    std::vector<float> &limits = collected[trees.asked[i]];
    if (!std::isnan(trees.limits[i])) {
      limits.push_back(trees.limits[i]);
    }
  }
}

bool RankTable::finish() {
  for (auto &[number, limits] : collected) {
    std::sort(limits.begin(), limits.end());
    limits.erase(std::unique(limits.begin(), limits.end()), limits.end());
    if (limits.size() >= kRankOfNan || asked.size() > std::numeric_limits<uint16_t>::max()) {
      return false;
    }
    const size_t count = limits.size();
    size_t size = 1;
    while (size < count) {
      size = 2 * size + 1;
    }
    limits.resize(size, NAN);
    asked.push_back({number, std::move(limits), count});
  }
  collected.clear();
  return true;
}

int64_t RankTable::bytes(const VectorKernels &kernels) const {
  return (rows + kernels.rankRows - 1) / kernels.rankRows * kernels.rankRows * static_cast<int64_t>(asked.size() * sizeof(int16_t));
}

std::vector<RankNode> RankTable::nodesOf(const DecisionTrees &trees) const {
  std::vector<RankNode> nodes(trees.asked.size());
  for (size_t i = 0; i < nodes.size(); ++i) {
    auto row = std::lower_bound(asked.begin(), asked.end(), trees.asked[i], [](const Row &r, int32_t number) { return r.number < number; });
    auto end = row->limits.begin() + static_cast<int64_t>(row->count);
    const bool never = std::isnan(trees.limits[i]);
    nodes[i].row = static_cast<uint16_t>(row - asked.begin());
    nodes[i].limit = static_cast<int16_t>(never ? -1 : std::lower_bound(row->limits.begin(), end, trees.limits[i]) - row->limits.begin());
  }
  return nodes;
}

bool worthRanks(const DecisionTrees &trees, const VectorKernels &kernels) {
  // Measured: a vector compared at a node takes a third of what one row takes at a level.
  const int64_t padded = (trees.rows + kernels.rankRows - 1) / kernels.rankRows * kernels.rankRows;
  return (padded << trees.depth) < 3 * kernels.rankLanes * trees.rows * trees.depth;
}

namespace {

class RankStep : public Step {
  const char *name() const override { return "Rank"; }

public:
  RankStep(std::shared_ptr<const RankTable> ranks, const Layouts &m, const VectorKernels &k, int64_t arena)
      : ranks(std::move(ranks)), kernels(k), table(this->ranks->table, m), arena(arena) {}
  absl::Status run(CoreContext &context) const override {
    const uint8_t *from = table.base(context);
    auto *to = reinterpret_cast<int16_t *>(context.arena.get() + arena);
    const int64_t block = kernels.rankRows, pitch = ranks->table.dims[0].stride * 4;
    for (const RankTable::Row &row : ranks->asked) {
      const auto *x = reinterpret_cast<const float *>(from + row.number * pitch);
      for (int64_t first = 0; first < ranks->rows; first += block) {
        kernels.rankRow(to + first * static_cast<int64_t>(ranks->asked.size()), x + first, std::min(block, ranks->rows - first), row.limits.data(),
                        static_cast<int64_t>(row.limits.size()));
      }
      to += block;
    }
    return absl::OkStatus();
  }

private:
  std::shared_ptr<const RankTable> ranks;
  const VectorKernels &kernels;
  Walk table;
  int64_t arena;
};

/// What the two forms share: where numbers of leaves go.
class TreeStep : public Step {
protected:
  TreeStep(const DecisionTrees &trees, const AccessPattern &to, const Layouts &m)
      : dst(to, m), count(trees.count), rows(trees.rows), inner(trees.inner()), depth(trees.depth), leaves(trees.leaves) {
    for (size_t i = 0; i < leaves.size(); ++i) {
      numbered = numbered && leaves[i] == static_cast<int16_t>(i);
    }
  }
  void store(uint8_t *to, const int16_t *leaf, int64_t n) const {
    dst.dtype == DType::U8 ? storeAs<uint8_t>(to, leaf, n) : storeAs<int16_t>(to, leaf, n);
  }
  template <typename T>
  void storeAs(uint8_t *to, const int16_t *leaf, int64_t n) const {
    T *values = reinterpret_cast<T *>(to);
    if (numbered) {
      for (int64_t i = 0; i < n; ++i) {
        values[i] = static_cast<T>(leaf[i]);
      }
      return;
    }
    for (int64_t i = 0; i < n; ++i) {
      values[i] = static_cast<T>(leaves[static_cast<size_t>(leaf[i])]);
    }
  }
  Walk dst;
  int64_t count, rows, inner;
  int depth;
  std::vector<int16_t> leaves;
  bool numbered = true; // every leaf gives its own number
};

class RankedTreeStep : public TreeStep {
  const char *name() const override { return "RankedTrees"; }

public:
  RankedTreeStep(const DecisionTrees &trees, const AccessPattern &to, const RankTable &table, const Layouts &m, const VectorKernels &k, int64_t arena)
      : TreeStep(trees, to, m), kernels(k), nodes(table.nodesOf(trees)), arena(arena), blockRanks(k.rankRows * static_cast<int64_t>(table.asked.size())) {}
  absl::Status run(CoreContext &context) const override {
    alignas(64) int16_t leaf[kMostBlockRows];
    uint8_t *to = dst.base(context);
    const auto *ranks = reinterpret_cast<const int16_t *>(context.arena.get() + arena);
    const auto size = static_cast<int64_t>(dtypeSize(dst.dtype));
    for (int64_t first = 0; first < rows; first += kernels.rankRows, ranks += blockRanks) {
      for (int64_t p = 0; p < count; ++p) {
        kernels.rankedLeaves(leaf, nodes.data() + p * inner, depth, ranks);
        store(to + p * dst.pitch + first * size, leaf, std::min(kernels.rankRows, rows - first));
      }
    }
    return absl::OkStatus();
  }

private:
  static constexpr int64_t kMostBlockRows = 128;
  const VectorKernels &kernels;
  std::vector<RankNode> nodes;
  int64_t arena, blockRanks;
};

class TreeWalkStep : public TreeStep {
  const char *name() const override { return "TreeWalk"; }

public:
  TreeWalkStep(const DecisionTrees &trees, const AccessPattern &to, const Layouts &m) : TreeStep(trees, to, m), table(trees.table, m) {
    for (size_t i = 0; i < trees.asked.size(); ++i) {
      nodes.push_back({static_cast<int32_t>(trees.asked[i] * trees.table.dims[0].stride), trees.limits[i]});
    }
  }
  absl::Status run(CoreContext &context) const override {
    uint8_t *to = dst.base(context);
    const auto *x = reinterpret_cast<const float *>(table.base(context));
    const auto size = static_cast<int64_t>(dtypeSize(dst.dtype));
    for (int64_t p = 0; p < count; p += kTogether) {
      const int64_t trees = std::min(kTogether, count - p);
      for (int64_t row = 0; row < rows; ++row) {
        int16_t leaf[kTogether];
        trees == kTogether ? walk<kTogether>(x + row, p, leaf, trees) : walk<0>(x + row, p, leaf, trees);
        for (int64_t t = 0; t < trees; ++t) {
          store(to + (p + t) * dst.pitch + row * size, leaf + t, 1);
        }
      }
    }
    return absl::OkStatus();
  }

private:
  struct WalkNode {
    int32_t at; // floats from the start of the table
    float limit;
  };
  static constexpr int64_t kTogether = 8; // side by side they hide each other's latency

  template <int64_t kCount>
  void walk(const float *x, int64_t first, int16_t *leaf, int64_t trees) const {
    const int64_t n = kCount > 0 ? kCount : trees;
    int64_t at[kTogether] = {};
    for (int level = 0; level < depth; ++level) {
      for (int64_t t = 0; t < n; ++t) {
        const WalkNode &node = nodes[static_cast<size_t>((first + t) * inner + at[t])];
        at[t] = 2 * at[t] + 1 + (x[node.at] <= node.limit ? 1 : 0);
      }
    }
    for (int64_t t = 0; t < n; ++t) {
      leaf[t] = static_cast<int16_t>(at[t] - inner);
    }
  }
  Walk table;
  std::vector<WalkNode> nodes;
};

} // namespace

StepPtr makeRankStep(std::shared_ptr<const RankTable> table, const Layouts &layouts, const VectorKernels &kernels, int64_t arena) {
  return std::make_unique<RankStep>(std::move(table), layouts, kernels, arena);
}
StepPtr makeRankedTreeStep(const DecisionTrees &trees, const AccessPattern &dst, const RankTable &table, const Layouts &layouts,
                           const VectorKernels &kernels, int64_t arena) {
  return std::make_unique<RankedTreeStep>(trees, dst, table, layouts, kernels, arena);
}
StepPtr makeTreeWalkStep(const DecisionTrees &trees, const AccessPattern &dst, const Layouts &layouts) {
  return std::make_unique<TreeWalkStep>(trees, dst, layouts);
}

} // namespace ncc::host
