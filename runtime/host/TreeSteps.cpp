// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/host/TreeSteps.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace ncc::host {

using isa::AccessPattern;

std::vector<RankOrder::Known>::iterator RankOrder::find(const DecisionTrees &trees) {
  return std::find_if(known.begin(), known.end(), [&](const Known &other) {
    const auto same = [](const auto &a, const auto &b) { return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(a[0])) == 0; };
    return same(other.trees->asked, trees.asked) && same(other.trees->limits, trees.limits);
  });
}

void RankOrder::add(const DecisionTrees &trees) {
  if (find(trees) != known.end()) {
    return;
  }
  known.push_back({&trees, nullptr});
  for (size_t i = 0; i < trees.asked.size(); ++i) {
    std::vector<float> &limits = collected[trees.asked[i]];
    if (!std::isnan(trees.limits[i])) {
      limits.push_back(trees.limits[i]);
    }
  }
}

bool RankOrder::finish() {
  for (auto &[number, limits] : collected) {
    std::sort(limits.begin(), limits.end());
    limits.erase(std::unique(limits.begin(), limits.end()), limits.end());
    if (limits.size() >= kRankOfNan || asked.size() > std::numeric_limits<uint16_t>::max()) {
      return false;
    }
    size_t size = 1;
    while (size < limits.size()) {
      size = 2 * size + 1;
    }
    limits.resize(size, NAN);
    asked.push_back({number, std::move(limits)});
  }
  collected.clear();
  return true;
}

std::shared_ptr<const std::vector<RankNode>> RankOrder::nodesOf(const DecisionTrees &trees) {
  Known &entry = *find(trees);
  if (entry.nodes) {
    return entry.nodes;
  }
  std::vector<RankNode> nodes(trees.asked.size());
  for (size_t i = 0; i < nodes.size(); ++i) {
    const float limit = trees.limits[i];
    const auto row = std::lower_bound(asked.begin(), asked.end(), trees.asked[i], [](const Row &r, int32_t number) { return r.number < number; });
    size_t below = 0; // without branches: there are many nodes, and no order in them
    for (size_t half = (row->limits.size() + 1) / 2; half > 0; half /= 2) {
      below += row->limits[below + half - 1] < limit ? half : 0;
    }
    nodes[i] = {static_cast<int16_t>(std::isnan(limit) ? -1 : static_cast<int>(below)), static_cast<uint16_t>(row - asked.begin())};
  }
  entry.nodes = std::make_shared<const std::vector<RankNode>>(std::move(nodes));
  return entry.nodes;
}

int64_t Ranking::bytes(const VectorKernels &kernels) const {
  return (rows + kernels.rankRows - 1) / kernels.rankRows * kernels.rankRows * static_cast<int64_t>(order->asked.size() * sizeof(int16_t));
}

bool worthRanks(const DecisionTrees &trees, const VectorKernels &kernels) {
  // Measured: a vector compared at a node takes a third of what one row takes at a level.
  const int64_t padded = (trees.rows + kernels.rankRows - 1) / kernels.rankRows * kernels.rankRows;
  const bool enough = 4 * trees.rows >= kernels.rankRows; // ranking itself takes as long for one row as for many
  return enough && (padded << trees.depth) < 3 * kernels.rankLanes * trees.rows * trees.depth;
}

namespace {

class RankStep : public Step {
  const char *name() const override { return "Rank"; }

public:
  RankStep(const Ranking &ranking, const Layouts &m, const VectorKernels &k)
      : order(ranking.order), kernels(k), table(ranking.table, m), pitch(ranking.table.dims[0].stride * 4), rows(ranking.rows), arena(ranking.arena) {}
  absl::Status run(CoreContext &context) const override {
    const uint8_t *from = table.base(context);
    auto *to = reinterpret_cast<int16_t *>(context.arena.get() + arena);
    for (const RankOrder::Row &row : order->asked) {
      const auto *x = reinterpret_cast<const float *>(from + row.number * pitch);
      for (int64_t first = 0; first < rows; first += kernels.rankRows) {
        kernels.rankRow(to + first * static_cast<int64_t>(order->asked.size()), x + first, std::min(kernels.rankRows, rows - first), row.limits.data(),
                        static_cast<int64_t>(row.limits.size()));
      }
      to += kernels.rankRows;
    }
    return absl::OkStatus();
  }

private:
  std::shared_ptr<const RankOrder> order;
  const VectorKernels &kernels;
  Walk table;
  int64_t pitch, rows, arena;
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
  RankedTreeStep(const DecisionTrees &trees, const AccessPattern &to, const Ranking &ranking, const Layouts &m, const VectorKernels &k)
      : TreeStep(trees, to, m), kernels(k), nodes(ranking.order->nodesOf(trees)), arena(ranking.arena),
        blockRanks(k.rankRows * static_cast<int64_t>(ranking.order->asked.size())) {}
  absl::Status run(CoreContext &context) const override {
    alignas(64) int16_t leaf[kMostBlockRows];
    uint8_t *to = dst.base(context);
    const auto *ranks = reinterpret_cast<const int16_t *>(context.arena.get() + arena);
    const auto size = static_cast<int64_t>(dtypeSize(dst.dtype));
    for (int64_t first = 0; first < rows; first += kernels.rankRows, ranks += blockRanks) {
      for (int64_t p = 0; p < count; ++p) {
        kernels.rankedLeaves(leaf, nodes->data() + p * inner, depth, ranks);
        store(to + p * dst.pitch + first * size, leaf, std::min(kernels.rankRows, rows - first));
      }
    }
    return absl::OkStatus();
  }

private:
  static constexpr int64_t kMostBlockRows = 128;
  const VectorKernels &kernels;
  std::shared_ptr<const std::vector<RankNode>> nodes;
  int64_t arena, blockRanks;
};

class TreeWalkStep : public TreeStep {
  const char *name() const override { return "TreeWalk"; }

public:
  TreeWalkStep(const DecisionTrees &trees, const AccessPattern &to, const Layouts &m) : TreeStep(trees, to, m), table(trees.table, m) {
    for (int level = 0; level < depth; ++level) {
      for (int64_t tree = 0; tree < count; ++tree) {
        for (int64_t i = 0; i < int64_t(1) << level; ++i) {
          const auto node = static_cast<size_t>(tree * inner + (int64_t(1) << level) - 1 + i);
          nodes.push_back({static_cast<int32_t>(trees.asked[node] * trees.table.dims[0].stride), trees.limits[node]});
        }
      }
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
    size_t at[kTogether]; // among all nodes of a level
    for (int64_t t = 0; t < n; ++t) {
      at[t] = static_cast<size_t>(first + t);
    }
    const WalkNode *here = nodes.data();
    for (int level = 0; level < depth; ++level) {
      for (int64_t t = 0; t < n; ++t) {
        const WalkNode &node = here[at[t]];
        at[t] = 2 * at[t] + (x[node.at] <= node.limit ? 1 : 0);
      }
      here += count << level;
    }
    for (int64_t t = 0; t < n; ++t) {
      leaf[t] = static_cast<int16_t>(static_cast<int64_t>(at[t]) - ((first + t) << depth));
    }
  }
  Walk table;
  std::vector<WalkNode> nodes; // level by level, of all trees: what they have in common to read lies together
};

} // namespace

StepPtr makeRankStep(const Ranking &ranking, const Layouts &layouts, const VectorKernels &kernels) {
  return std::make_unique<RankStep>(ranking, layouts, kernels);
}
StepPtr makeRankedTreeStep(const DecisionTrees &trees, const AccessPattern &dst, const Ranking &ranking, const Layouts &layouts,
                           const VectorKernels &kernels) {
  return std::make_unique<RankedTreeStep>(trees, dst, ranking, layouts, kernels);
}
StepPtr makeTreeWalkStep(const DecisionTrees &trees, const AccessPattern &dst, const Layouts &layouts) {
  return std::make_unique<TreeWalkStep>(trees, dst, layouts);
}

} // namespace ncc::host
