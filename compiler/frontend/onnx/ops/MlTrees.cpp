// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Tree ensembles on the engines. Shallow trees are filled up to perfect ones, a graph.forest for each piece of rows. Deep trees,
// doubles and comparisons for equality: every row walks every tree, one gather per level and table.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/ops/Ml.h"
#include "compiler/frontend/onnx/ops/MlTreeModel.h"
#include "dialects/graph/Forest.h"

#include "absl/strings/str_cat.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace ncc::frontend {

using graph::CompareKind;
using graph::ReduceKind;

namespace {

/// Deepest tree whose nodes are all compared; the filled-up trees double with every level.
constexpr int64_t kPerfectDepth = 10, kPerfectNodes = 1 << 21;
/// Rows of one piece: what stays on chip beside a block of nodes. More pieces than this would be a program without end.
constexpr int64_t kPieceRows = 512, kPieces = 4096;
/// Stands for "no vote" where votes are compared.
constexpr double kNoVote = 3e38f;

class TreeLowering {
public:
  TreeLowering(NodeContext &node, const TreeEnsemble &trees, Value x)
      : node(node), trees(trees), x(x), type(node.elementOf(x)), dtype(type.isF64() ? DType::F64 : DType::F32) {}

  /// scores[N, targets], aggregated, plus a base value per target when there are any.
  Value run(ArrayRef<double> base = {}) {
    extreme = trees.aggregate == "MIN" || trees.aggregate == "MAX";
    if (!extreme && trees.aggregate != "SUM" && trees.aggregate != "AVERAGE") {
      return node.OpBuilding::fail("aggregate_function '" + trees.aggregate + "' is not known");
    }
    if (node.dimsOf(x)[1] < trees.features) {
      return node.OpBuilding::fail(absl::StrCat("it reads feature ", trees.features - 1, " of ", node.dimsOf(x)[1]));
    }
    Value scores = isShallow() ? byForest() : bySteps();
    if (!scores) {
      return {};
    }
    if (trees.aggregate == "AVERAGE") {
      scores = node.mul(scores, node.scalarLike(scores, 1.0 / static_cast<double>(trees.roots.size())));
    }
    Value sum = base.empty() ? scores : node.add(scores, rowConstant(node, base, scores));
    if (extreme) { // nobody voted: zero, without a base
      Value none = node.compare(CompareKind::Ge, node.unary(graph::UnaryKind::Abs, scores), node.scalarLike(scores, kNoVote));
      sum = node.select(none, node.scalarLike(scores, 0), sum);
    }
    return sum;
  }

private:
  double empty() const { return !extreme ? 0 : trees.aggregate == "MIN" ? kNoVote : -kNoVote; }

  int64_t deepest() const { return std::max<int64_t>(1, *std::max_element(trees.depths.begin(), trees.depths.end())); }

  //===--- perfect trees ---===//

  bool isShallow() const {
    bool equal = llvm::any_of(trees.nodes, [](const TreeNode &here) { return here.equal && !here.leaf(); });
    auto count = static_cast<int64_t>(trees.roots.size());
    return dtype == DType::F32 && !equal && deepest() <= kPerfectDepth && count << deepest() <= kPerfectNodes &&
           (count << deepest()) * trees.targets <= 4 * kPerfectNodes && node.dimsOf(x)[0] <= kPieces * kPieceRows;
  }

  Value byForest() {
    int64_t depth = deepest(), count = static_cast<int64_t>(trees.roots.size()), leaves = int64_t(1) << depth;
    Filled filled{Tensor(DType::I32, {count, leaves - 1}), Tensor(DType::F32, {count, leaves - 1}), Tensor(DType::F32, {count, leaves, trees.targets})};
    for (int64_t i = 0; extreme && i < filled.weights.size(); ++i) {
      filled.weights.setDouble(i, empty());
    }
    for (int64_t t = 0; t < count; ++t) {
      fill(filled, t, trees.roots[static_cast<size_t>(t)], 0, 0, depth);
    }
    Value columns = node.transpose(x, {1, 0});
    if (filled.negated && columns) {
      columns = node.concat({columns, node.unary(graph::UnaryKind::Neg, columns)}, 0);
    }
    Value asked = node.constant(filled.features, "features"), limits = node.constant(filled.thresholds, "thresholds");
    Value weights = node.constant(filled.weights, "weights");
    graph::ForestOp::Properties properties;
    properties.kind = graph::ReduceKindAttr::get(node.context(), !extreme ? ReduceKind::Sum : trees.aggregate == "MIN" ? ReduceKind::Min : ReduceKind::Max);
    int64_t rows = node.dimsOf(x)[0];
    SmallVector<Value> parts;
    for (int64_t row = 0; row < rows && columns; row += kPieceRows) {
      Value piece = node.sliceAxis(columns, 1, row, std::min(kPieceRows, rows - row));
      parts.push_back(piece ? node.one<graph::ForestOp>({piece, asked, limits, weights}, properties) : Value());
    }
    if (rows == 0 || llvm::is_contained(parts, Value())) {
      return rows == 0 ? node.splat(RankedTensorType::get({0, trees.targets}, type), 0) : node.OpBuilding::fail("the ensemble cannot be built");
    }
    return node.concat(parts, 0);
  }

  /// Constants of the trees filled up to one depth; node i has children 2i + 1 (no) and 2i + 2 (yes).
  struct Filled {
    Tensor features, thresholds, weights;
    bool negated = false; // behind the features come their negatives
  };

  void fill(Filled &filled, int64_t tree, int64_t at, int64_t place, int64_t level, int64_t depth) {
    const TreeNode &here = trees.nodes[static_cast<size_t>(at)];
    int64_t inner = (int64_t(1) << depth) - 1;
    if (level == depth) {
      for (auto [target, weight] : here.weights) {
        int64_t slot = (tree * (inner + 1) + place - inner) * trees.targets + target;
        double before = filled.weights.asDouble(slot);
        filled.weights.setDouble(slot, (before == empty() ? 0 : before) + weight);
      }
      return;
    }
    int64_t slot = tree * inner + place, yes = here.leaf() ? at : here.yes, no = here.leaf() ? at : here.no;
    filled.features.setInt(slot, here.leaf() ? 0 : here.feature);
    filled.thresholds.setDouble(slot, here.leaf() ? 0 : here.threshold);
    if (!here.leaf() && here.nanTrue) { // the opposite is never true of NaN: x > t is -x <= -t', where t' is the next number after t
      auto above = -std::nextafterf(static_cast<float>(here.threshold), INFINITY);
      filled.features.setInt(slot, here.feature + node.dimsOf(x)[1]);
      filled.thresholds.setDouble(slot, here.threshold == INFINITY ? NAN : above);
      filled.negated = true;
      std::swap(yes, no);
    }
    fill(filled, tree, no, 2 * place + 1, level + 1, depth);
    fill(filled, tree, yes, 2 * place + 2, level + 1, depth);
  }

  Value decide(Value values, Value thresholds, Value equal, Value nan) {
    Value yes = node.compare(CompareKind::Le, values, thresholds);
    if (equal) {
      yes = node.select(equal, node.compare(CompareKind::Eq, values, thresholds), yes);
    }
    if (nan) {
      Value missing = node.binary(graph::BinaryKind::LogicalAnd, node.unary(graph::UnaryKind::IsNan, values), nan);
      yes = node.binary(graph::BinaryKind::LogicalOr, yes, missing);
    }
    return yes;
  }

  //===--- steps ---===//

  Value table(const Tensor &values, Value at) { return node.gather(node.constant(values, "trees"), at, 0); }

  /// Every row walks every tree, one level at a time; leaves lead to themselves.
  Value bySteps() {
    auto count = static_cast<int64_t>(trees.nodes.size()), forest = static_cast<int64_t>(trees.roots.size());
    int64_t rows = node.dimsOf(x)[0], features = node.dimsOf(x)[1];
    if (rows * features >= (int64_t(1) << 31)) {
      return node.OpBuilding::fail("it has more than 2^31 elements to look up");
    }
    if (!node.canMake(dtype, {count, trees.targets}) || !node.canMake(DType::I32, {rows})) {
      return {};
    }
    Tensor feature(DType::I32, {count}), threshold(dtype, {count}), yes(DType::I32, {count}), no(DType::I32, {count});
    Tensor equal(DType::I32, {count}), nan(DType::I32, {count}), weights(dtype, {count, trees.targets});
    bool anyEqual = false, anyNan = false;
    for (int64_t i = 0; i < count; ++i) {
      const TreeNode &here = trees.nodes[static_cast<size_t>(i)];
      feature.setInt(i, here.leaf() ? 0 : here.feature);
      threshold.setDouble(i, here.threshold);
      yes.setInt(i, here.leaf() ? i : here.yes);
      no.setInt(i, here.leaf() ? i : here.no);
      equal.setInt(i, here.equal);
      nan.setInt(i, here.nanTrue);
      anyEqual |= here.equal && !here.leaf();
      anyNan |= here.nanTrue && !here.leaf();
      for (int64_t t = 0; extreme && t < trees.targets; ++t) {
        weights.setDouble(i * trees.targets + t, empty());
      }
      for (auto [target, weight] : here.weights) {
        double before = weights.asDouble(i * trees.targets + target);
        weights.setDouble(i * trees.targets + target, (before == empty() ? 0 : before) + weight);
      }
    }
    Tensor roots(DType::I32, {1, forest}), starts(DType::I32, {rows, 1});
    for (int64_t t = 0; t < forest; ++t) {
      roots.setInt(t, trees.roots[static_cast<size_t>(t)]);
    }
    for (int64_t r = 0; r < rows; ++r) {
      starts.setInt(r, r * features);
    }
    Value flat = node.reshape(x, {rows * features}), begin = node.constant(starts), at = node.expand(node.constant(roots), {rows, forest});
    auto flagged = [&](bool any, const Tensor &flags) {
      Value read = any ? table(flags, at) : Value();
      return read ? node.cast(read, IntegerType::get(node.context(), 1)) : Value();
    };
    for (int64_t level = 0; level < deepest() && at; ++level) {
      Value values = node.gather(flat, node.add(table(feature, at), begin), 0);
      Value go = decide(values, table(threshold, at), flagged(anyEqual, equal), flagged(anyNan, nan));
      at = node.select(go, table(yes, at), table(no, at));
    }
    Value votes = at ? table(weights, at) : Value(); // [rows, forest, targets]
    return node.reduce(!extreme ? ReduceKind::Sum : trees.aggregate == "MIN" ? ReduceKind::Min : ReduceKind::Max, votes, {1}, false);
  }

  NodeContext &node;
  const TreeEnsemble &trees;
  Value x;
  Type type;
  DType dtype;
  bool extreme = false;
};

/// x[N, F] (one row when it is a vector); doubles are compared as doubles.
Value treeInput(NodeContext &node) {
  Value x = node.needInputs(1, 1) ? mlInput(node, 0, /*keepDouble=*/true) : Value();
  if (x && node.rankOf(x) == 1) {
    x = node.reshape(x, {1, node.dimsOf(x)[0]});
  }
  return x && node.rankOf(x) != 2 ? node.OpBuilding::fail("needs rows of features") : x;
}

SmallVector<double> baseValues(NodeContext &node) {
  const onnx::AttributeProto *tensor = node.attr("base_values_as_tensor");
  absl::StatusOr<Tensor> read = tensor ? node.scope().tensor(tensor->t()) : absl::NotFoundError("");
  SmallVector<double> values = node.attrFloats("base_values");
  for (int64_t i = 0; read.ok() && i < read->size(); ++i) {
    values.push_back(read->asDouble(i));
  }
  return values;
}

} // namespace

/// ONNX Runtime leaves a single score as it is, but for PROBIT.
static StringRef targetTransform(const TreeEnsemble &trees) {
  return trees.targets == 1 && trees.transform != "PROBIT" ? StringRef("NONE") : StringRef(trees.transform);
}

static LogicalResult treeRegressor(NodeContext &node) {
  Value x = treeInput(node);
  std::optional<TreeEnsemble> trees = x ? readTrees(node, "target") : std::nullopt;
  SmallVector<double> base = baseValues(node);
  if (!trees || (!base.empty() && static_cast<int64_t>(base.size()) != trees->targets)) {
    return node.fail("base_values must have one entry per target");
  }
  Value scores = TreeLowering(node, *trees, x).run(base);
  scores = transformScores(node, scores, targetTransform(*trees));
  return node.result(node.cast(scores, Float32Type::get(node.context())));
}

static LogicalResult treeEnsemble(NodeContext &node) {
  Value x = treeInput(node);
  std::optional<TreeEnsemble> trees = x ? readTreesV5(node) : std::nullopt;
  Value scores = trees ? TreeLowering(node, *trees, x).run() : Value();
  scores = scores ? transformScores(node, scores, targetTransform(*trees)) : Value();
  return scores ? node.result(node.cast(scores, node.elementOf(node.input(0)))) : failure();
}

/// Two classes whose trees vote for one of them only: the score decides the label by its sign, or by one half.
static LogicalResult binaryClasses(NodeContext &node, const TreeEnsemble &trees, const Tensor &labels, Value score, bool positive,
                                   ArrayRef<double> base) {
  if (base.size() == 2) {
    score = node.add(score, node.scalarLike(score, base[1]));
  } else if (base.size() == 1) {
    score = node.add(score, node.scalarLike(score, base[0]));
  }
  Value flat = score ? node.reshape(score, {node.dimsOf(score)[0]}) : Value();
  bool half = positive && base.size() != 2;
  Value index = node.compare(CompareKind::Gt, flat, node.scalarLike(flat, positive ? 0.5 : 0));
  Value label = pickLabels(node, labels, node.cast(index, IntegerType::get(node.context(), 64)));
  Value negative = node.unary(graph::UnaryKind::Neg, score), scores;
  if (base.size() != 2 && trees.transform == "PROBIT") { // of a share and what is left of one
    scores = transformScores(node, node.concat({node.sub(node.scalarLike(score, 1), score), score}, 1), "PROBIT");
  } else if (half) {
    scores = node.concat({node.sub(node.scalarLike(score, 1), score), score}, 1);
  } else if (base.size() != 2 && trees.transform == "LOGISTIC") {
    scores = node.unary(graph::UnaryKind::Sigmoid, node.concat({negative, score}, 1));
  } else if (base.size() == 2) {
    scores = transformScores(node, node.concat({negative, score}, 1), trees.transform);
  } else {
    scores = node.concat({negative, score}, 1);
  }
  return node.results({label, node.cast(scores, Float32Type::get(node.context()))});
}

/// Scores in which classes that nobody voted for cannot win.
static Value amongVoted(NodeContext &node, const TreeEnsemble &trees, Value x, Value scores) {
  TreeEnsemble votes = trees;
  std::vector<bool> always(static_cast<size_t>(trees.targets), false);
  for (int64_t root : trees.roots) { // a class every leaf of one tree votes for is never without a vote
    std::vector<size_t> counts(static_cast<size_t>(trees.targets), 0);
    std::vector<int64_t> open{root};
    size_t leaves = 0;
    while (!open.empty()) {
      const TreeNode &here = trees.nodes[static_cast<size_t>(open.back())];
      open.pop_back();
      if (!here.leaf()) {
        open.push_back(here.yes);
        open.push_back(here.no);
        continue;
      }
      ++leaves;
      for (auto [target, weight] : here.weights) {
        ++counts[static_cast<size_t>(target)];
      }
    }
    for (size_t target = 0; target < counts.size(); ++target) {
      always[target] = always[target] || counts[target] >= leaves;
    }
  }
  if (llvm::all_of(always, [](bool given) { return given; })) {
    return scores;
  }
  for (TreeNode &here : votes.nodes) {
    for (auto &[target, weight] : here.weights) {
      weight = 1;
    }
  }
  votes.aggregate = "SUM";
  Value counts = TreeLowering(node, votes, x).run();
  Value voted = node.compare(CompareKind::Gt, counts, node.scalarLike(counts, 0));
  return node.select(voted, scores, node.scalarLike(scores, -kNoVote));
}

static LogicalResult treeClassifier(NodeContext &node) {
  Value x = treeInput(node);
  std::optional<Tensor> labels = x ? classLabels(node) : std::nullopt;
  std::optional<TreeEnsemble> trees = labels ? readTrees(node, "class") : std::nullopt;
  if (!trees) {
    return failure();
  }
  Ints ids = node.attrInts("class_ids");
  bool single = llvm::all_of(ids, [&](int64_t id) { return id == ids[0]; }), positive = true;
  for (const TreeNode &here : trees->nodes) {
    for (auto [target, weight] : here.weights) {
      positive &= weight >= 0;
    }
  }
  bool binary = labels->size() == 2 && single;
  if (trees->targets > labels->size()) {
    return node.fail("a class index is beyond the labels");
  }
  trees->targets = labels->size();
  Value scores = TreeLowering(node, *trees, x).run();
  SmallVector<double> base = baseValues(node);
  if (!scores || (!base.empty() && static_cast<int64_t>(base.size()) != labels->size() && base.size() != 1)) {
    return node.fail("base_values must have one entry per class");
  }
  if (binary && ids[0] == 0) {
    return binaryClasses(node, *trees, *labels, node.sliceAxis(scores, 1, 0, 1), positive, base);
  }
  if (static_cast<int64_t>(base.size()) == labels->size()) {
    scores = node.add(scores, rowConstant(node, base, scores));
  }
  Value index = largestIndex(node, base.empty() ? amongVoted(node, *trees, x, scores) : scores);
  if (binary) { // the second class alone has votes
    Value second = node.reshape(node.sliceAxis(scores, 1, 1, 1), {node.dimsOf(scores)[0]});
    index = node.cast(node.compare(CompareKind::Gt, second, node.scalarLike(second, positive ? 0.5 : 0)), IntegerType::get(node.context(), 64));
  }
  scores = transformScores(node, scores, trees->transform);
  return node.results({pickLabels(node, *labels, index), node.cast(scores, Float32Type::get(node.context()))});
}

void addMlTreeHandlers(HandlerTable &table) {
  table.add("TreeEnsembleRegressor", 1, treeRegressor, kMl);
  table.add("TreeEnsembleClassifier", 1, treeClassifier, kMl);
  table.add("TreeEnsemble", 5, treeEnsemble, kMl);
}

} // namespace ncc::frontend
