// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/ops/MlTreeModel.h"

#include "absl/strings/str_cat.h"

#include <cmath>
#include <functional>
#include <map>

using namespace mlir;

namespace ncc::frontend {

namespace {

constexpr int64_t kMaxNodes = 1 << 24, kMaxDepth = 1 << 10;

enum class Mode { Leq, Lt, Gte, Gt, Eq, Neq, Member, Leaf };

/// `a ? yes : no` by one of the two comparisons. Thresholds of f32 inputs have an f32 neighbour.
void setBranch(TreeNode &node, Mode mode, bool nanTrue, bool doubles, int64_t yes, int64_t no) {
  auto below = [&](double t) {
    return doubles ? std::nextafter(t, -INFINITY) : static_cast<double>(std::nextafterf(static_cast<float>(t), -INFINITY));
  };
  bool swap = mode == Mode::Gt || mode == Mode::Gte || mode == Mode::Neq;
  node.equal = mode == Mode::Eq || mode == Mode::Neq;
  node.threshold = mode == Mode::Lt || mode == Mode::Gte ? below(node.threshold) : node.threshold;
  bool nan = nanTrue || mode == Mode::Neq; // NaN is unlike everything, and not above or below anything
  node.nanTrue = swap ? !nan : nan;
  node.yes = swap ? no : yes;
  node.no = swap ? yes : no;
}

/// Depth of every tree; fails on a node that two parents share or that is its own ancestor.
bool finish(NodeContext &node, TreeEnsemble &trees) {
  std::vector<int> parents(trees.nodes.size(), 0);
  for (int64_t root : trees.roots) {
    ++parents[static_cast<size_t>(root)];
    int64_t depth = 0;
    std::vector<std::pair<int64_t, int64_t>> open{{root, 0}};
    while (!open.empty()) {
      auto [at, level] = open.back();
      open.pop_back();
      const TreeNode &here = trees.nodes[static_cast<size_t>(at)];
      depth = std::max(depth, level);
      if (here.leaf()) {
        for (auto [target, weight] : here.weights) {
          if (target < 0 || target >= trees.targets) {
            node.OpBuilding::fail(absl::StrCat("a leaf votes for target ", target, " of ", trees.targets));
            return false;
          }
        }
        continue;
      }
      if (here.feature < 0 || here.feature > (1 << 24)) {
        node.OpBuilding::fail("a feature index is not valid");
        return false;
      }
      trees.features = std::max(trees.features, here.feature + 1);
      for (int64_t child : {here.yes, here.no}) {
        bool inside = child >= 0 && child < static_cast<int64_t>(trees.nodes.size());
        if (!inside || level >= kMaxDepth || ++parents[static_cast<size_t>(child)] > 1) {
          node.OpBuilding::fail("its nodes do not form trees");
          return false;
        }
        open.push_back({child, level + 1});
      }
    }
    trees.depths.push_back(depth);
  }
  return true;
}

/// Floats, or the doubles of `name`_as_tensor.
std::optional<SmallVector<double>> numbers(NodeContext &node, StringRef name, bool &doubles) {
  if (const onnx::AttributeProto *tensor = node.attr((name + "_as_tensor").str()); tensor && tensor->t().dims_size() > 0) {
    absl::StatusOr<Tensor> read = node.scope().tensor(tensor->t());
    if (!read.ok()) {
      node.OpBuilding::fail(std::string(read.status().message()));
      return std::nullopt;
    }
    SmallVector<double> values;
    for (int64_t i = 0; i < read->size(); ++i) {
      values.push_back(read->asDouble(i));
    }
    doubles |= read->dtype() == DType::F64;
    return values;
  }
  return node.attrFloats(name);
}

Mode modeOf(StringRef text) {
  static constexpr std::pair<StringLiteral, Mode> kModes[] = {{"BRANCH_LEQ", Mode::Leq}, {"BRANCH_LT", Mode::Lt}, {"BRANCH_GTE", Mode::Gte},
                                                              {"BRANCH_GT", Mode::Gt},   {"BRANCH_EQ", Mode::Eq}, {"BRANCH_NEQ", Mode::Neq}};
  for (const auto &[name, mode] : kModes) {
    if (text == name) {
      return mode;
    }
  }
  return text == "LEAF" ? Mode::Leaf : Mode::Member; // Member does not exist in this encoding
}

} // namespace

std::optional<TreeEnsemble> readTrees(NodeContext &node, StringRef votes) {
  auto fail = [&](std::string text) {
    node.OpBuilding::fail(std::move(text));
    return std::nullopt;
  };
  TreeEnsemble trees;
  Ints ids = node.attrInts("nodes_treeids"), nodeIds = node.attrInts("nodes_nodeids"), features = node.attrInts("nodes_featureids");
  Ints yes = node.attrInts("nodes_truenodeids"), no = node.attrInts("nodes_falsenodeids");
  Ints missing = node.attrInts("nodes_missing_value_tracks_true");
  const onnx::AttributeProto *modes = node.attr("nodes_modes");
  std::optional<SmallVector<double>> values = numbers(node, "nodes_values", trees.doubles);
  size_t count = ids.size();
  if (!values || !modes || count == 0 || count > kMaxNodes || nodeIds.size() != count || features.size() != count || yes.size() != count ||
      no.size() != count || values->size() != count || modes->strings_size() != static_cast<int>(count) ||
      (!missing.empty() && missing.size() != count)) {
    return fail("its nodes_ attributes differ in length");
  }
  std::map<std::pair<int64_t, int64_t>, int64_t> places;
  std::map<int64_t, int64_t> first; // tree -> its first node
  std::vector<bool> isChild(count, false);
  for (size_t i = 0; i < count; ++i) {
    if (!places.emplace(std::pair(ids[i], nodeIds[i]), static_cast<int64_t>(i)).second) {
      return fail(absl::StrCat("node ", nodeIds[i], " of tree ", ids[i], " is given twice"));
    }
  }
  trees.nodes.resize(count);
  for (size_t i = 0; i < count; ++i) {
    TreeNode &here = trees.nodes[i];
    here.feature = features[i];
    here.threshold = (*values)[i];
    Mode mode = modeOf(modes->strings(static_cast<int>(i)));
    if (mode == Mode::Member) {
      return fail("nodes_modes holds '" + modes->strings(static_cast<int>(i)) + "'");
    }
    if (mode == Mode::Leaf) {
      continue;
    }
    auto yesAt = places.find({ids[i], yes[i]}), noAt = places.find({ids[i], no[i]});
    if (yesAt == places.end() || noAt == places.end()) {
      return fail(absl::StrCat("node ", nodeIds[i], " of tree ", ids[i], " has a child that is not there"));
    }
    isChild[static_cast<size_t>(yesAt->second)] = isChild[static_cast<size_t>(noAt->second)] = true;
    setBranch(here, mode, !missing.empty() && missing[i] != 0, trees.doubles, yesAt->second, noAt->second);
  }
  for (size_t i = 0; i < count; ++i) {
    if (!isChild[i] && !first.emplace(ids[i], static_cast<int64_t>(i)).second) {
      return fail(absl::StrCat("tree ", ids[i], " has more than one root"));
    }
  }
  for (auto [tree, root] : first) {
    trees.roots.push_back(root);
  }
  std::string prefix = votes.str();
  Ints voteTrees = node.attrInts(prefix + "_treeids"), voteNodes = node.attrInts(prefix + "_nodeids"), targets = node.attrInts(prefix + "_ids");
  std::optional<SmallVector<double>> weights = numbers(node, prefix + "_weights", trees.doubles);
  if (!weights || voteNodes.size() != voteTrees.size() || targets.size() != voteTrees.size() || weights->size() != voteTrees.size()) {
    return fail("its " + prefix + "_ attributes differ in length");
  }
  trees.targets = node.attrInt("n_targets", 0);
  for (size_t i = 0; i < voteTrees.size(); ++i) {
    auto at = places.find({voteTrees[i], voteNodes[i]});
    if (at == places.end()) {
      return fail(absl::StrCat("node ", voteNodes[i], " of tree ", voteTrees[i], " has a weight but is not there"));
    }
    if (trees.nodes[static_cast<size_t>(at->second)].leaf()) {
      trees.nodes[static_cast<size_t>(at->second)].weights.push_back({targets[i], (*weights)[i]});
    }
    trees.targets = votes == "class" ? std::max(trees.targets, targets[i] + 1) : trees.targets;
  }
  trees.aggregate = node.attrString("aggregate_function", "SUM");
  trees.transform = node.attrString("post_transform", "NONE");
  if (trees.targets < 1 || trees.targets > (1 << 20) || !finish(node, trees)) {
    return fail("it has no targets");
  }
  return trees;
}

std::optional<TreeEnsemble> readTreesV5(NodeContext &node) {
  auto fail = [&](std::string text) {
    node.OpBuilding::fail(std::move(text));
    return std::nullopt;
  };
  auto tensorOf = [&](const char *name) -> std::optional<Tensor> {
    const onnx::AttributeProto *attribute = node.attr(name);
    absl::StatusOr<Tensor> read = attribute ? node.scope().tensor(attribute->t()) : absl::NotFoundError("");
    return read.ok() ? std::optional(*read) : std::nullopt;
  };
  TreeEnsemble trees;
  Ints features = node.attrInts("nodes_featureids"), yes = node.attrInts("nodes_truenodeids"), no = node.attrInts("nodes_falsenodeids");
  Ints yesLeaf = node.attrInts("nodes_trueleafs"), noLeaf = node.attrInts("nodes_falseleafs"), roots = node.attrInts("tree_roots");
  Ints missing = node.attrInts("nodes_missing_value_tracks_true"), targets = node.attrInts("leaf_targetids");
  std::optional<Tensor> splits = tensorOf("nodes_splits"), modes = tensorOf("nodes_modes"), weights = tensorOf("leaf_weights");
  std::optional<Tensor> members = tensorOf("membership_values");
  size_t count = features.size();
  if (!splits || !modes || !weights || count == 0 || count > kMaxNodes || yes.size() != count || no.size() != count || yesLeaf.size() != count ||
      noLeaf.size() != count || splits->size() != static_cast<int64_t>(count) || modes->size() != static_cast<int64_t>(count) ||
      weights->size() != static_cast<int64_t>(targets.size()) || (!missing.empty() && missing.size() != count)) {
    return fail("its nodes_ or leaf_ attributes differ in length");
  }
  trees.doubles = splits->dtype() == DType::F64;
  size_t leafBase = count;
  trees.nodes.resize(count + targets.size());
  for (size_t i = 0; i < targets.size(); ++i) {
    trees.nodes[leafBase + i].weights.push_back({targets[i], weights->asDouble(static_cast<int64_t>(i))});
  }
  int64_t nextMember = 0;
  for (size_t i = 0; i < count; ++i) {
    auto child = [&](int64_t index, bool leaf) { return leaf ? index + static_cast<int64_t>(leafBase) : index; };
    int64_t most = static_cast<int64_t>(yesLeaf[i] ? targets.size() : count), other = static_cast<int64_t>(noLeaf[i] ? targets.size() : count);
    int64_t kind = modes->asInt(static_cast<int64_t>(i));
    if (yes[i] < 0 || yes[i] >= most || no[i] < 0 || no[i] >= other || kind < 0 || kind > 6) {
      return fail(absl::StrCat("node ", i, " has a child or a mode that is not there"));
    }
    int64_t onYes = child(yes[i], yesLeaf[i] != 0), onNo = child(no[i], noLeaf[i] != 0);
    bool nanTrue = !missing.empty() && missing[i] != 0;
    trees.nodes[i].feature = features[i];
    trees.nodes[i].threshold = splits->asDouble(static_cast<int64_t>(i));
    // A set becomes a chain of comparisons, and the branch behind it is copied for each member.
    SmallVector<double> set;
    for (; static_cast<Mode>(kind) == Mode::Member && members && nextMember < members->size(); ++nextMember) {
      if (std::isnan(members->asDouble(nextMember))) {
        ++nextMember;
        break;
      }
      set.push_back(members->asDouble(nextMember));
    }
    if (static_cast<Mode>(kind) != Mode::Member) {
      setBranch(trees.nodes[i], static_cast<Mode>(kind), nanTrue, trees.doubles, onYes, onNo);
      continue;
    }
    if (set.empty() || !yesLeaf[i]) {
      return fail("a set must have members and lead to a leaf");
    }
    size_t at = i;
    for (size_t m = 0; m < set.size(); ++m) {
      bool last = m + 1 == set.size();
      auto copy = static_cast<int64_t>(trees.nodes.size());
      trees.nodes.push_back(trees.nodes[static_cast<size_t>(onYes)]);
      if (!last) {
        trees.nodes.push_back(TreeNode());
        trees.nodes.back().feature = features[i];
      }
      trees.nodes[at].threshold = set[m];
      setBranch(trees.nodes[at], Mode::Eq, nanTrue, trees.doubles, copy, last ? onNo : copy + 1);
      at = static_cast<size_t>(copy + 1);
    }
  }
  trees.targets = node.attrInt("n_targets", 1);
  static constexpr const char *kAggregates[] = {"AVERAGE", "SUM", "MIN", "MAX"};
  static constexpr const char *kTransforms[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};
  int64_t aggregate = node.attrInt("aggregate_function", 1), transform = node.attrInt("post_transform", 0);
  if (aggregate < 0 || aggregate > 3 || transform < 0 || transform > 4 || trees.targets < 1 || trees.targets > (1 << 20)) {
    return fail("its aggregate_function, post_transform or n_targets is not valid");
  }
  trees.aggregate = kAggregates[aggregate];
  trees.transform = kTransforms[transform];
  // A root that is a leaf has both branches on it.
  for (int64_t root : roots) {
    if (root < 0 || root >= static_cast<int64_t>(count)) {
      return fail("a tree root is not there");
    }
    TreeNode &here = trees.nodes[static_cast<size_t>(root)];
    if (here.yes == here.no && !here.leaf()) {
      TreeNode leaf = trees.nodes[static_cast<size_t>(here.yes)];
      here = leaf;
    }
    trees.roots.push_back(root);
  }
  if (trees.roots.empty() || !finish(node, trees)) {
    return fail("it has no trees");
  }
  return trees;
}

} // namespace ncc::frontend
