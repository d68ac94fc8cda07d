// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Steps of decision trees. Few rows walk from the root to a leaf. Many rows are first ranked among the thresholds, once for
// all trees that ask the same table; x <= t exactly when x's rank (thresholds less than x) is at most t's position.
#pragma once

#include "runtime/host/DecisionTrees.h"
#include "runtime/host/Steps.h"

#include <memory>

namespace ncc::host {

/// The sorted thresholds of every row of a table that trees ask for.
class RankTable {
public:
  RankTable(const isa::AccessPattern &table, int64_t rows) : table(table), rows(rows) {}
  void add(const DecisionTrees &trees);
  /// After all trees; false if ranks of 16 bits are too short.
  bool finish();
  int64_t bytes(const VectorKernels &kernels) const;
  std::vector<RankNode> nodesOf(const DecisionTrees &trees) const;

  struct Row {
    int32_t number;            // in the table
    std::vector<float> limits; // ascending, then NaN up to one less than a power of two
    size_t count = 0;
  };
  const isa::AccessPattern table;
  const int64_t rows;
  std::vector<Row> asked; // by number

private:
  std::map<int32_t, std::vector<float>> collected;
};

/// Whether comparing all nodes of a block of rows beats walking.
bool worthRanks(const DecisionTrees &trees, const VectorKernels &kernels);

/// Writes the ranks to the arena.
StepPtr makeRankStep(std::shared_ptr<const RankTable> table, const Layouts &layouts, const VectorKernels &kernels, int64_t arena);
/// By ranks in the arena.
StepPtr makeRankedTreeStep(const DecisionTrees &trees, const isa::AccessPattern &dst, const RankTable &table, const Layouts &layouts,
                           const VectorKernels &kernels, int64_t arena);
StepPtr makeTreeWalkStep(const DecisionTrees &trees, const isa::AccessPattern &dst, const Layouts &layouts);

} // namespace ncc::host
