// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Steps of decision trees. Few rows walk from the root to a leaf. Many rows are first ranked among the thresholds, once for
// all trees that ask the same table; x <= t exactly when x's rank (thresholds less than x) is at most t's position.
#pragma once

#include "runtime/host/DecisionTrees.h"
#include "runtime/host/Steps.h"

#include <memory>

namespace ncc::host {

/// The sorted thresholds of every row that trees ask for, of tables of one size. Trees over other pieces of a batch have the
/// same nodes: those are kept once.
class RankOrder {
public:
  /// `trees` stays where it is.
  void add(const DecisionTrees &trees);
  /// After all trees; false if ranks of 16 bits are too short.
  bool finish();
  std::shared_ptr<const std::vector<RankNode>> nodesOf(const DecisionTrees &trees);

  struct Row {
    int32_t number;            // in the table
    std::vector<float> limits; // ascending, then NaN up to one less than a power of two
  };
  std::vector<Row> asked; // by number

private:
  struct Known {
    const DecisionTrees *trees;
    std::shared_ptr<const std::vector<RankNode>> nodes;
  };
  std::vector<Known>::iterator find(const DecisionTrees &trees);
  std::vector<Known> known;
  std::map<int32_t, std::vector<float>> collected;
};

/// The ranks of one table's rows: where they are, and the instructions whose trees go by them.
struct Ranking {
  isa::AccessPattern table;
  size_t until; // the table is overwritten
  int64_t rows;
  std::shared_ptr<RankOrder> order;
  std::vector<size_t> users; // ascending
  int64_t arena = 0;
  int64_t bytes(const VectorKernels &kernels) const;
};

/// Whether comparing all nodes of a block of rows beats walking.
bool worthRanks(const DecisionTrees &trees, const VectorKernels &kernels);

/// Writes the ranks to the arena.
StepPtr makeRankStep(const Ranking &ranking, const Layouts &layouts, const VectorKernels &kernels);
/// By ranks in the arena.
StepPtr makeRankedTreeStep(const DecisionTrees &trees, const isa::AccessPattern &dst, const Ranking &ranking, const Layouts &layouts,
                           const VectorKernels &kernels);
StepPtr makeTreeWalkStep(const DecisionTrees &trees, const isa::AccessPattern &dst, const Layouts &layouts);

} // namespace ncc::host
