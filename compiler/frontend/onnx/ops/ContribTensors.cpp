// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// com.microsoft's operators that diffusion, speech and retrieval models use, each as a few standard pieces.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/ops/FusedActivation.h"

#include "absl/strings/str_cat.h"

using namespace mlir;

namespace ncc::frontend {

namespace {

using graph::ReduceKind;
using graph::UnaryKind;

Value made(NodeContext &node, StringRef op, int64_t version, ArrayRef<Value> operands, StringRef domain = "") {
  SmallVector<Value> results = node.standard(op, version, operands, domain);
  return results.empty() ? Value() : results.front();
}

/// x with its channels turned behind the batch, or back.
Value turned(NodeContext &node, Value x, bool back) { return node.transpose(x, back ? IntsRef{0, 2, 3, 1} : IntsRef{0, 3, 1, 2}); }

/// Groups of the channels normalized, scaled and shifted, perhaps through SiLU. x is [N,C,H,W], or [N,H,W,C] with channels last.
Value normalizedGroups(NodeContext &node, Value x, Value scale, Value bias) {
  bool last = node.attrInt("channels_last", 1) != 0;
  Type type = node.elementOf(x), wide = node.elementOf(scale);
  x = node.cast(last ? turned(node, x, false) : x, wide);
  int64_t groups = node.attrInt("groups", 0), channels = x ? node.dimsOf(x)[1] : 0;
  if (!x || groups < 1 || channels % groups != 0) {
    return node.OpBuilding::fail(absl::StrCat(channels, " channels do not divide into ", groups, " groups"));
  }
  Ints dims(node.dimsOf(x));
  Value flat = node.reshape(x, {dims[0], groups, channels / groups * dims[2] * dims[3]});
  graph::LayerNormOp::Properties properties;
  properties.axis = node.intAttr(2);
  properties.epsilon = node.floatAttr(node.attrFloat("epsilon", 1e-5));
  Value y = flat ? node.one<graph::LayerNormOp>({flat, node.splat(RankedTensorType::get({1}, wide), 1)}, properties) : Value();
  y = node.mul(node.reshape(y, dims), node.channelVector(scale, 4));
  y = node.add(y, node.channelVector(bias, 4));
  y = node.attrInt("activation", 0) == 1 ? node.unary(UnaryKind::Silu, y) : y;
  y = node.cast(y, type);
  return last ? turned(node, y, true) : y;
}

LogicalResult groupNorm(NodeContext &node) {
  if (!node.needInputs(3, 3) || node.rankOf(node.input(0)) != 4) {
    return node.fail("needs an image, gamma and beta");
  }
  return node.result(normalizedGroups(node, node.input(0), node.input(1), node.input(2)));
}

/// The same of x + skip (+ bias); the sum is the second result.
LogicalResult skipGroupNorm(NodeContext &node) {
  auto fits = [&](size_t i) { return !node.has(i) || llvm::is_contained({1, 2, 4}, node.rankOf(node.input(i))); };
  if (!node.needInputs(4, 5) || node.rankOf(node.input(0)) != 4 || !fits(3) || !fits(4)) {
    return node.fail("needs an image, gamma, beta, a skipped image or vector, and a bias");
  }
  Value x = node.input(0), skip = node.input(3);
  bool last = node.attrInt("channels_last", 1) != 0;
  auto perImage = [&](Value v) { // [C] or [N,C], one for all places
    if (node.rankOf(v) == 4) {
      return v;
    }
    int64_t channels = node.dimsOf(v).back(), images = node.rankOf(v) == 2 ? node.dimsOf(v)[0] : 1;
    return node.reshape(v, last ? Ints{images, 1, 1, channels} : Ints{images, channels, 1, 1});
  };
  Value sum = node.add(x, perImage(skip));
  sum = node.has(4) ? node.add(sum, perImage(node.input(4))) : sum;
  return sum ? node.results({normalizedGroups(node, sum, node.input(1), node.input(2)), sum}) : failure();
}

/// A product, and FusedGemm's activations or Gelu behind it.
LogicalResult fusedMatMulActivation(NodeContext &node) {
  std::string activation = node.attrString("activation", "");
  Value y = made(node, "FusedMatMul", 1, node.inputs(), kMicrosoft);
  if (!y || activation.empty()) {
    return node.fail("needs an activation");
  }
  return activation == "Gelu" ? node.result(node.unary(UnaryKind::Gelu, y)) : fuseActivation(node, y);
}

LogicalResult gemmFastGelu(NodeContext &node) {
  Value y = node.needInputs(2, 3) ? node.matmul(node.input(0), node.input(1)) : Value();
  y = y && node.has(2) ? node.add(y, node.input(2)) : y;
  return y ? node.result(made(node, "FastGelu", 1, {y}, kMicrosoft)) : failure();
}

/// The distance of every row of a from every row of b.
LogicalResult distances(NodeContext &node) {
  std::string metric = node.attrString("metric", "sqeuclidean");
  if (!node.needInputs(2, 2) || node.rankOf(node.input(0)) != 2 || node.rankOf(node.input(1)) != 2 || (metric != "euclidean" && metric != "sqeuclidean")) {
    return node.fail("needs two matrices, and the metric euclidean or sqeuclidean");
  }
  Value a = node.input(0), b = node.input(1);
  int64_t rows = node.dimsOf(a)[0], columns = node.dimsOf(b)[0];
  // |a - b|^2 = |a|^2 + |b|^2 - 2 a b, which rounding may make negative.
  Value squaresA = node.reshape(node.reduce(ReduceKind::SumSquare, a, {1}), {rows, 1}), squaresB = node.reshape(node.reduce(ReduceKind::SumSquare, b, {1}), {1, columns});
  Value cross = node.matmul(a, b, false, /*transposeB=*/true);
  Value y = node.sub(node.add(squaresA, squaresB), node.mul(cross, node.scalarLike(a, 2)));
  y = node.unary(UnaryKind::Relu, y);
  return node.result(metric == "euclidean" ? node.unary(UnaryKind::Sqrt, y) : y);
}

/// Slices of `size` along a dim, every `step`, as a new last dim.
LogicalResult unfold(NodeContext &node) {
  int64_t rank = node.needInputs(1, 1) ? node.rankOf(node.input(0)) : 0, size = node.attrInt("size", 0), step = node.attrInt("step", 1);
  std::optional<int64_t> along = node.axis(node.attrInt("dim", -1), rank);
  if (!along) {
    return failure();
  }
  int64_t length = node.dimsOf(node.input(0))[*along];
  if (size < 1 || step < 1 || size > length || !node.canMake(DType::I64, {(length - size) / step + 1, size})) {
    return node.fail(absl::StrCat("slices of ", size, " every ", step, " do not fit ", length));
  }
  int64_t count = (length - size) / step + 1;
  Tensor places(DType::I64, {count, size});
  for (int64_t i = 0; i < count * size; ++i) {
    places.setInt(i, i / size * step + i % size);
  }
  Value y = node.gather(node.input(0), node.constant(places, "places"), *along);
  Ints perm;
  for (int64_t i = 0; i <= rank; ++i) {
    if (i != *along + 1) {
      perm.push_back(i);
    }
  }
  perm.push_back(*along + 1);
  return node.result(node.transpose(y, perm));
}

/// A mean between conversions.
LogicalResult qlinearReduceMean(NodeContext &node) {
  Ints axes = node.attrInts("axes");
  Value x = node.needInputs(5, 5) ? made(node, "DequantizeLinear", 13, {node.input(0), node.input(1), node.input(2)}) : Value();
  for (int64_t i = 0; x && axes.empty() && i < node.rankOf(x); ++i) {
    axes.push_back(i);
  }
  std::optional<Ints> along = x ? node.axes(axes, node.rankOf(x)) : std::nullopt;
  Value y = along ? node.reduce(ReduceKind::Mean, x, *along, node.attrInt("keepdims", 1) != 0) : Value();
  return y ? node.result(made(node, "QuantizeLinear", 13, {y, node.input(3), node.input(4)})) : failure();
}

} // namespace

void addContribTensorHandlers(HandlerTable &table) {
  table.add("GroupNorm", 1, groupNorm, kMicrosoft);
  table.add("SkipGroupNorm", 1, skipGroupNorm, kMicrosoft);
  table.add("FusedMatMulActivation", 1, fusedMatMulActivation, kMicrosoft);
  table.add("GemmFastGelu", 1, gemmFastGelu, kMicrosoft);
  table.add("CDist", 1, distances, kMicrosoft);
  table.add("UnfoldTensor", 1, unfold, kMicrosoft);
  table.add("QLinearReduceMean", 1, qlinearReduceMean, kMicrosoft);
}

} // namespace ncc::frontend
