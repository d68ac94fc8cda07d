// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Linear models, support vector machines and scalers of ai.onnx.ml as products and elementwise ops.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/ops/Ml.h"

#include "absl/strings/str_cat.h"

#include <cmath>

using namespace mlir;

namespace ncc::frontend {

using graph::UnaryKind;

/// x[.., F] as rows [N, F].
static Value rows(NodeContext &node, Value x) {
  if (!x || node.rankOf(x) == 2) {
    return x;
  }
  if (node.rankOf(x) == 1) {
    return node.reshape(x, {1, node.dimsOf(x)[0]});
  }
  return node.OpBuilding::fail("needs rows of features");
}

/// x[N,F] times coefficients[targets,F] transposed, plus intercepts.
static Value affine(NodeContext &node, Value x, ArrayRef<double> coefficients, ArrayRef<double> intercepts, size_t targets) {
  x = rows(node, x);
  auto features = x ? static_cast<size_t>(node.sizeOf(x, 1)) : 0;
  if (!x || targets == 0 || coefficients.size() != targets * features || (!intercepts.empty() && intercepts.size() != targets)) {
    return node.OpBuilding::fail(absl::StrCat(coefficients.size(), " coefficients do not make ", targets, " rows of ", features, " features"));
  }
  Tensor weights(DType::F32, {static_cast<int64_t>(targets), static_cast<int64_t>(features)});
  for (size_t i = 0; i < coefficients.size(); ++i) {
    weights.setDouble(static_cast<int64_t>(i), coefficients[i]);
  }
  Value y = node.matmul(x, node.constant(weights, "coefficients"), false, /*transposeB=*/true);
  return intercepts.empty() ? y : node.add(y, rowConstant(node, intercepts, y));
}

static LogicalResult linearRegressor(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  int64_t targets = node.attrInt("targets", 1);
  Value y = affine(node, mlInput(node, 0), node.attrFloats("coefficients"), node.attrFloats("intercepts"),
                   static_cast<size_t>(std::max<int64_t>(targets, 0)));
  // ONNX Runtime leaves a single score as it is, but for PROBIT.
  std::string transform = node.attrString("post_transform", "NONE");
  return node.result(transformScores(node, y, targets == 1 && transform != "PROBIT" ? "NONE" : transform));
}

/// One score stands for two classes: (1 - s, s), as transformed.
static Value twoClasses(NodeContext &node, Value score, StringRef transform) {
  Value s = transformScores(node, score, transform);
  return s ? node.concat({node.sub(node.scalarLike(s, 1), s), s}, 1) : Value();
}

static LogicalResult linearClassifier(NodeContext &node) {
  std::optional<Tensor> labels = node.needInputs(1, 1) ? classLabels(node) : std::nullopt;
  if (!labels) {
    return failure();
  }
  SmallVector<double> coefficients = node.attrFloats("coefficients"), intercepts = node.attrFloats("intercepts");
  Value x = rows(node, mlInput(node, 0));
  int64_t features = x ? node.dimsOf(x)[1] : 0;
  size_t targets = features > 0 ? coefficients.size() / static_cast<size_t>(features) : 0;
  Value scores = affine(node, x, coefficients, intercepts, targets);
  if (!scores || (targets == 1 ? labels->size() != 2 : labels->size() < static_cast<int64_t>(targets))) {
    return node.fail("its labels do not match its coefficients");
  }
  std::string transform = node.attrString("post_transform", "NONE");
  if (targets == 1) {
    Value flat = node.reshape(scores, {node.dimsOf(scores)[0]});
    Value index = node.cast(node.compare(graph::CompareKind::Gt, flat, node.scalarLike(flat, 0)), IntegerType::get(node.context(), 64));
    return node.results({pickLabels(node, *labels, index), twoClasses(node, scores, transform)});
  }
  return node.results({pickLabels(node, *labels, largestIndex(node, scores)), transformScores(node, scores, transform)});
}

//===--- support vector machines ---===//

/// kernel(x[N,F], vectors[V,F]) -> [N,V].
static Value svmKernel(NodeContext &node, Value x, Value vectors) {
  std::string type = node.attrString("kernel_type", "LINEAR");
  SmallVector<double> parameters = node.attrFloats("kernel_params");
  parameters.resize(3, 0.0);
  double gamma = parameters[0], coefficient = parameters[1], degree = parameters[2];
  Value dot = node.matmul(x, vectors, false, /*transposeB=*/true);
  if (!dot || type == "LINEAR") {
    return dot;
  }
  auto affineDot = [&] { return node.add(node.mul(dot, node.scalarLike(dot, gamma)), node.scalarLike(dot, coefficient)); };
  if (type == "POLY") {
    return node.binary(graph::BinaryKind::Pow, affineDot(), node.scalarLike(dot, degree));
  }
  if (type == "SIGMOID") {
    return node.unary(UnaryKind::Tanh, affineDot());
  }
  if (type != "RBF") {
    return node.OpBuilding::fail("kernel_type '" + type + "' is not known");
  }
  // The squared distance, entry by entry: the expanded square loses digits.
  IntsRef dx = node.dimsOf(x), dv = node.dimsOf(vectors);
  Value apart = node.sub(node.reshape(x, {dx[0], 1, dx[1]}), node.reshape(vectors, {1, dv[0], dv[1]}));
  Value distance = node.reduce(graph::ReduceKind::SumSquare, apart, {2}, false);
  return node.unary(UnaryKind::Exp, node.mul(distance, node.scalarLike(distance, -gamma)));
}

static Value matrixConstant(NodeContext &node, ArrayRef<double> values, int64_t height, int64_t width) {
  if (height < 1 || width < 1 || static_cast<int64_t>(values.size()) != height * width) {
    return node.OpBuilding::fail(absl::StrCat(values.size(), " values do not make a ", height, "x", width, " matrix"));
  }
  Tensor matrix(DType::F32, {height, width});
  for (size_t i = 0; i < values.size(); ++i) {
    matrix.setDouble(static_cast<int64_t>(i), values[i]);
  }
  return node.constant(matrix);
}

static LogicalResult svmRegressor(NodeContext &node) {
  Value x = node.needInputs(1, 1) ? rows(node, mlInput(node, 0)) : Value();
  if (!x) {
    return failure();
  }
  int64_t count = node.attrInt("n_supports", 0), features = node.dimsOf(x)[1];
  SmallVector<double> coefficients = node.attrFloats("coefficients"), rho = node.attrFloats("rho");
  if (rho.empty()) {
    return node.fail("rho is missing");
  }
  Value y;
  if (count > 0) {
    Value vectors = matrixConstant(node, node.attrFloats("support_vectors"), count, features);
    Value kernel = vectors ? svmKernel(node, x, vectors) : Value();
    y = kernel ? node.matmul(kernel, matrixConstant(node, coefficients, count, 1)) : Value();
  } else {
    y = svmKernel(node, x, matrixConstant(node, coefficients, 1, features));
  }
  y = node.add(y, node.scalarLike(y, rho[0]));
  if (node.attrInt("one_class", 0) != 0 && y) {
    Value inside = node.compare(graph::CompareKind::Gt, y, node.scalarLike(y, 0));
    y = node.select(inside, node.scalarLike(y, 1), node.scalarLike(y, -1));
  }
  return node.result(transformScores(node, y, node.attrString("post_transform", "NONE")));
}

namespace {

/// A classifier by support vectors, one-against-one; or by one linear function per class.
class SvmClassifier {
public:
  SvmClassifier(NodeContext &node) : node(node) {}

  LogicalResult run() {
    std::optional<Tensor> labels = node.needInputs(1, 1) ? classLabels(node) : std::nullopt;
    Value x = labels ? rows(node, mlInput(node, 0)) : Value();
    if (!x) {
      return failure();
    }
    perClass = node.attrInts("vectors_per_class");
    classes = labels->size();
    vectorCount = 0;
    for (int64_t count : perClass) {
      vectorCount += count;
      if (count < 0 || vectorCount > (1 << 24)) {
        return node.fail("vectors_per_class is not valid");
      }
    }
    return vectorCount > 0 ? pairwise(x, *labels) : linear(x, *labels);
  }

private:
  LogicalResult linear(Value x, const Tensor &labels) {
    SmallVector<double> coefficients = node.attrFloats("coefficients"), rho = node.attrFloats("rho");
    int64_t features = node.dimsOf(x)[1];
    Value weights = matrixConstant(node, coefficients, classes, features);
    Value scores = weights ? svmKernel(node, x, weights) : Value();
    if (!scores || rho.empty()) {
      return node.fail("rho is missing");
    }
    scores = node.add(scores, node.scalarLike(scores, rho[0]));
    return node.results({pickLabels(node, labels, largestIndex(node, scores)),
                         transformScores(node, scores, node.attrString("post_transform", "NONE"))});
  }

  /// Decision values of the pairs (i, j), i < j: one product of the kernel matrix with coefficients laid out per pair.
  Value decisions(Value kernel) {
    SmallVector<double> coefficients = node.attrFloats("coefficients"), rho = node.attrFloats("rho");
    int64_t pairs = classes * (classes - 1) / 2;
    if (static_cast<int64_t>(perClass.size()) != classes || static_cast<int64_t>(rho.size()) < pairs ||
        static_cast<int64_t>(coefficients.size()) < (classes - 1) * vectorCount) {
      return node.OpBuilding::fail("coefficients, rho and vectors_per_class do not match the classes");
    }
    if (!node.canMake(DType::F32, {pairs, std::max(vectorCount, classes)})) {
      return {};
    }
    Ints starts{0};
    for (int64_t count : perClass) {
      starts.push_back(starts.back() + count);
    }
    Tensor weights(DType::F32, {vectorCount, pairs});
    int64_t pair = 0;
    for (int64_t i = 0; i < classes; ++i) {
      for (int64_t j = i + 1; j < classes; ++j, ++pair) {
        for (int64_t v = starts[i]; v < starts[i + 1]; ++v) {
          weights.setDouble(v * pairs + pair, coefficients[static_cast<size_t>((j - 1) * vectorCount + v)]);
        }
        for (int64_t v = starts[j]; v < starts[j + 1]; ++v) {
          weights.setDouble(v * pairs + pair, coefficients[static_cast<size_t>(i * vectorCount + v)]);
        }
      }
    }
    rho.resize(static_cast<size_t>(pairs));
    Value values = node.matmul(kernel, node.constant(weights, "coefficients"));
    return values ? node.add(values, rowConstant(node, rho, values)) : Value();
  }

  /// votes[N, classes] of decision values [N, pairs].
  Value votesOf(Value values) {
    int64_t pairs = classes * (classes - 1) / 2, pair = 0;
    Tensor winner(DType::F32, {pairs, classes}), loser(DType::F32, {pairs, classes});
    for (int64_t i = 0; i < classes; ++i) {
      for (int64_t j = i + 1; j < classes; ++j, ++pair) {
        winner.setDouble(pair * classes + i, 1);
        loser.setDouble(pair * classes + j, 1);
      }
    }
    Value won = node.cast(node.compare(graph::CompareKind::Gt, values, node.scalarLike(values, 0)), node.elementOf(values));
    Value lost = node.sub(node.scalarLike(values, 1), won);
    return node.add(node.matmul(won, node.constant(winner)), node.matmul(lost, node.constant(loser)));
  }

  LogicalResult pairwise(Value x, const Tensor &labels) {
    Value vectors = matrixConstant(node, node.attrFloats("support_vectors"), vectorCount, node.dimsOf(x)[1]);
    Value kernel = vectors ? svmKernel(node, x, vectors) : Value();
    Value values = kernel ? decisions(kernel) : Value();
    if (!values) {
      return failure();
    }
    std::string transform = node.attrString("post_transform", "NONE");
    SmallVector<double> a = node.attrFloats("prob_a"), b = node.attrFloats("prob_b");
    if (classes == 2 && !a.empty() && !b.empty()) { // Platt's two-class probabilities
      Value f = node.add(node.mul(values, node.scalarLike(values, a[0])), node.scalarLike(values, b[0]));
      Value first = node.unary(UnaryKind::Sigmoid, node.unary(UnaryKind::Neg, f));
      Value scores = node.concat({first, node.sub(node.scalarLike(first, 1), first)}, 1);
      return node.results({pickLabels(node, labels, largestIndex(node, scores)), transformScores(node, scores, transform)});
    }
    Value index = largestIndex(node, votesOf(values));
    if (!a.empty()) { // probabilities of all pairs, brought together
      graph::PairwiseCouplingOp::Properties properties;
      properties.a = node.floatsAttr(a);
      properties.b = node.floatsAttr(b);
      Value scores = node.one<graph::PairwiseCouplingOp>(values, properties,
                                                         RankedTensorType::get({node.dimsOf(values)[0], classes}, node.elementOf(values)));
      return node.results({pickLabels(node, labels, index), transformScores(node, scores, transform)});
    }
    if (classes != 2) {
      return node.results({pickLabels(node, labels, index), transformScores(node, values, transform)});
    }
    // Two classes: the one decision value and its negative.
    Value scores = node.concat({node.unary(UnaryKind::Neg, values), values}, 1);
    return node.results({pickLabels(node, labels, index), transformScores(node, scores, transform)});
  }

  NodeContext &node;
  Ints perClass;
  int64_t classes = 0, vectorCount = 0;
};

} // namespace

static LogicalResult svmClassifier(NodeContext &node) { return SvmClassifier(node).run(); }

//===--- scalers ---===//

/// A list of one entry, or of one per feature, as an operand that broadcasts.
static Value perFeature(NodeContext &node, ArrayRef<double> values, Value x) {
  int64_t last = node.rankOf(x) > 0 ? node.sizeOf(x, -1) : 1;
  if (values.size() != 1 && static_cast<int64_t>(values.size()) != last) {
    return node.OpBuilding::fail(absl::StrCat(values.size(), " values for ", last, " features"));
  }
  Value row = rowConstant(node, values, x);
  return row ? node.reshape(row, {static_cast<int64_t>(values.size())}) : Value();
}

static LogicalResult scaler(NodeContext &node) {
  Value x = node.needInputs(1, 1) ? mlInput(node, 0) : Value();
  SmallVector<double> offset = node.attrFloats("offset"), scale = node.attrFloats("scale");
  if (!x || offset.empty() || scale.empty()) {
    return node.fail("needs offset and scale");
  }
  return node.result(node.mul(node.sub(x, perFeature(node, offset, x)), perFeature(node, scale, x)));
}

static LogicalResult normalizer(NodeContext &node) {
  Value x = node.needInputs(1, 1) ? mlInput(node, 0) : Value();
  if (!x || node.rankOf(x) < 1) {
    return node.fail("needs rows of numbers");
  }
  std::string norm = node.attrString("norm", "MAX");
  int64_t last = node.rankOf(x) - 1;
  using graph::ReduceKind;
  ReduceKind kind = norm == "L1" ? ReduceKind::L1 : norm == "L2" ? ReduceKind::L2 : ReduceKind::Max;
  if (norm != "L1" && norm != "L2" && norm != "MAX") {
    return node.fail("norm '" + norm + "' is not MAX, L1 or L2");
  }
  Value size = node.reduce(kind, x, {last});
  Value none = node.compare(graph::CompareKind::Eq, size, node.scalarLike(x, 0)); // such rows stay
  return node.result(node.div(x, node.select(none, node.scalarLike(x, 1), size)));
}

static LogicalResult binarizer(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  Value x = node.input(0);
  Value over = node.compare(graph::CompareKind::Gt, x, node.scalarLike(x, node.attrFloat("threshold", 0)));
  return node.result(node.cast(over, node.elementOf(x)));
}

void addMlLinearHandlers(HandlerTable &table) {
  table.add("LinearRegressor", 1, linearRegressor, kMl);
  table.add("LinearClassifier", 1, linearClassifier, kMl);
  table.add("SVMRegressor", 1, svmRegressor, kMl);
  table.add("SVMClassifier", 1, svmClassifier, kMl);
  table.add("Scaler", 1, scaler, kMl);
  table.add("Normalizer", 1, normalizer, kMl);
  table.add("Binarizer", 1, binarizer, kMl);
}

} // namespace ncc::frontend
