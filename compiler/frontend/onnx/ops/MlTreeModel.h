// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// A tree ensemble as plain data, whichever of ONNX's two encodings the node uses. All comparisons are brought to "x <= t" or
// "x == t" by moving thresholds to the next number and swapping branches.
#pragma once

#include "compiler/frontend/onnx/NodeContext.h"

#include <string>
#include <vector>

namespace ncc::frontend {

struct TreeNode {
  int64_t feature = 0;
  double threshold = 0;
  bool equal = false;   // x == threshold instead of x <= threshold
  bool nanTrue = false; // where NaN goes
  int64_t yes = -1, no = -1; // nodes of the same ensemble; -1: a leaf
  std::vector<std::pair<int64_t, double>> weights; // of a leaf: target and weight
  bool leaf() const { return yes < 0; }
};

struct TreeEnsemble {
  std::vector<TreeNode> nodes; // children come after their parents
  std::vector<int64_t> roots;
  std::vector<int64_t> depths; // per root
  int64_t targets = 0, features = 0; // features: one more than the largest used
  bool doubles = false; // thresholds or weights are given as doubles
  std::string aggregate = "SUM", transform = "NONE";
};

/// Fails with a reason when the arrays contradict each other. `votes` is "target" or "class".
std::optional<TreeEnsemble> readTrees(NodeContext &node, llvm::StringRef votes);
/// The newer encoding, operator TreeEnsemble.
std::optional<TreeEnsemble> readTreesV5(NodeContext &node);

} // namespace ncc::frontend
