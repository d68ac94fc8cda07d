// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// com.microsoft's other operators that ONNX Runtime's optimizer and quantizer write.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/ops/DynamicQuantize.h"

#include "absl/strings/str_cat.h"

#include <cmath>

using namespace mlir;

namespace ncc::frontend {

using graph::ReduceKind;
using graph::UnaryKind;

/// Values that share a scale, at most.
static constexpr int64_t kMostBlock = 1 << 24;

/// Weights of 2, 4 or 8 bits in blocks along K, written out as floats [N, K] at import.
static LogicalResult matmulNBits(NodeContext &node) {
  int64_t k = node.attrInt("K", 0), n = node.attrInt("N", 0), bits = node.attrInt("bits", 4), block = node.attrInt("block_size", 0);
  if (!node.needInputs(3, 6) || k < 1 || n < 1 || block < 16 || block > kMostBlock || (bits != 2 && bits != 4 && bits != 8) || k > (1 << 24) || n > (int64_t(1) << 33) / k) {
    return node.fail("needs K, N, a block_size of at least 16, and 2, 4 or 8 bits");
  }
  std::optional<Tensor> packed = node.constTensor(1, "weights"), scales = packed ? node.constTensor(2, "scales") : std::nullopt;
  std::optional<Tensor> zeros = scales && node.has(3) ? node.constTensor(3, "zero points") : std::nullopt;
  if (!scales || (node.has(3) && !zeros) || node.has(4)) {
    return node.fail("weights, scales and zero points must be constant, without group indices");
  }
  int64_t blocks = (k + block - 1) / block, blockBytes = block * bits / 8, zeroBytes = (blocks * bits + 7) / 8;
  bool packedZeros = zeros && zeros->dtype() == DType::U8;
  if (packed->dtype() != DType::U8 || packed->size() != n * blocks * blockBytes || scales->size() != n * blocks ||
      (zeros && zeros->size() != (packedZeros ? n * zeroBytes : n * blocks))) {
    return node.fail(absl::StrCat("weights, scales or zero points do not have ", blocks, " blocks per row"));
  }
  Tensor weights(DType::F32, {n, k});
  auto field = [&](const Tensor &bytes, int64_t base, int64_t i) {
    return (bytes.as<uint8_t>()[static_cast<size_t>(base + i * bits / 8)] >> (i * bits % 8)) & ((1 << bits) - 1);
  };
  float *out = weights.mutableAs<float>().data();
  for (int64_t row = 0; row < n; ++row) {
    for (int64_t b = 0; b < blocks; ++b) {
      auto scale = static_cast<float>(scales->asDouble(row * blocks + b));
      float zero = static_cast<float>(1 << (bits - 1));
      if (zeros) {
        zero = packedZeros ? static_cast<float>(field(*zeros, row * zeroBytes, b)) : static_cast<float>(zeros->asDouble(row * blocks + b));
      }
      for (int64_t i = 0; i < block && b * block + i < k; ++i) {
        out[row * k + b * block + i] = (static_cast<float>(field(*packed, (row * blocks + b) * blockBytes, i)) - zero) * scale;
      }
    }
  }
  Value x = node.input(0), w = node.cast(node.constant(weights, "weights"), node.elementOf(x));
  Value y = node.matmul(x, w, false, /*transposeB=*/true);
  return node.result(node.has(5) ? node.add(y, node.input(5)) : y);
}

/// What four bits stand for, in units of a block's largest magnitude: bitsandbytes' FP4 and NF4.
static constexpr float kBnb4[2][16] = {
    {0, 1 / 192.0f, 2 / 3.0f, 1, 1 / 3.0f, 1 / 2.0f, 1 / 6.0f, 1 / 4.0f, 0, -1 / 192.0f, -2 / 3.0f, -1, -1 / 3.0f, -1 / 2.0f, -1 / 6.0f, -1 / 4.0f},
    {-1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f, -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f, 0.0f,
     0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f, 0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f}};

/// Weights [N, K] of 4 bits in blocks of the flattened matrix, the first of two in the higher half, written out at import.
static LogicalResult matmulBnb4(NodeContext &node) {
  int64_t k = node.attrInt("K", 0), n = node.attrInt("N", 0), block = node.attrInt("block_size", 0), kind = node.attrInt("quant_type", -1);
  if (!node.needInputs(3, 3) || k < 1 || n < 1 || block < 16 || block > kMostBlock || (kind != 0 && kind != 1) || node.attrInt("transB", 1) != 1 || k > (1 << 24) ||
      n > (int64_t(1) << 33) / k) {
    return node.fail("needs K, N, a block_size of at least 16, transposed weights, and quant_type 0 (FP4) or 1 (NF4)");
  }
  std::optional<Tensor> packed = node.constTensor(1, "weights"), largest = packed ? node.constTensor(2, "scales") : std::nullopt;
  if (!largest) {
    return failure();
  }
  if (packed->dtype() != DType::U8 || packed->size() != (n * k + 1) / 2 || largest->size() != (n * k + block - 1) / block) {
    return node.fail(absl::StrCat("weights or scales do not fit ", n, " by ", k, " values in blocks of ", block));
  }
  Tensor weights(DType::F32, {n, k});
  float *out = weights.mutableAs<float>().data();
  for (int64_t i = 0; i < n * k; ++i) {
    int bits = packed->as<uint8_t>()[static_cast<size_t>(i / 2)] >> (i % 2 == 0 ? 4 : 0) & 15;
    out[i] = kBnb4[kind][bits] * static_cast<float>(largest->asDouble(i / block));
  }
  Value x = node.input(0);
  return node.result(node.matmul(x, node.cast(node.constant(weights, "weights"), node.elementOf(x)), false, /*transposeB=*/true));
}

/// Quantizes A on the fly, multiplies as integers.
static LogicalResult dynamicQuantizeMatMul(NodeContext &node) {
  if (!node.needInputs(3, 5)) {
    return failure();
  }
  // A's own rounding to 8 bits, then real arithmetic on exact integers.
  Value a = node.input(0);
  auto [scale, point] = dynamicScale(node, a);
  if (!scale) {
    return failure();
  }
  Value integers = node.unary(UnaryKind::Clip, node.add(node.unary(UnaryKind::Round, node.div(a, scale)), point), 0.0, 255.0);
  Type type = node.elementOf(a);
  Value b = node.cast(node.input(1), type);
  b = node.has(3) ? node.sub(b, node.cast(node.input(3), type)) : b;
  Value product = node.matmul(node.sub(integers, point), b);
  Value y = node.mul(product, node.mul(scale, node.input(2)));
  return node.result(node.has(4) ? node.add(y, node.input(4)) : y);
}

LogicalResult fuseActivation(NodeContext &node, Value y) {
  std::string activation = node.attrString("activation", "");
  auto alpha = [&](double fallback) { return node.attrFloat("activation_alpha", fallback); };
  auto beta = [&](double fallback) { return node.attrFloat("activation_beta", fallback); };
  if (activation == "LeakyRelu") {
    return node.result(node.unary(UnaryKind::LeakyRelu, y, alpha(0.01)));
  }
  if (activation == "Elu" || activation == "Celu") {
    return node.result(node.unary(activation == "Elu" ? UnaryKind::Elu : UnaryKind::Celu, y, alpha(1)));
  }
  if (activation == "ThresholdedRelu") {
    return node.result(node.unary(UnaryKind::ThresholdedRelu, y, alpha(1)));
  }
  if (activation == "HardSigmoid" || activation == "Selu") {
    return node.result(activation == "Selu" ? node.unary(UnaryKind::Selu, y, alpha(1.67326319217681884765625), node.attrFloat("activation_gamma", 1.05070102214813232421875))
                                            : node.unary(UnaryKind::HardSigmoid, y, alpha(0.2), beta(0.5)));
  }
  static constexpr std::pair<StringLiteral, UnaryKind> kActivations[] = {{"Relu", UnaryKind::Relu}, {"Sigmoid", UnaryKind::Sigmoid},
                                                                         {"Tanh", UnaryKind::Tanh}, {"Softplus", UnaryKind::Softplus},
                                                                         {"Softsign", UnaryKind::Softsign}};
  for (const auto &[name, kind] : kActivations) {
    if (activation == name) {
      return node.result(node.unary(kind, y));
    }
  }
  return activation.empty() ? node.result(y) : node.fail("activation '" + activation + "' is not supported");
}

LogicalResult fusedGemm(NodeContext &node, const HandlerTable &table) {
  Handler gemm = table.find("", "Gemm", 13);
  return gemm && succeeded(gemm(node)) ? fuseActivation(node, node.outputs().front()) : failure();
}

static LogicalResult staticFusedGemm(NodeContext &node) { return fusedGemm(node, handlers()); }

/// Word, position and segment embeddings, added and normalized.
static LogicalResult embedLayerNorm(NodeContext &node) {
  if (!node.needInputs(1, 9) || !node.has(2) || !node.has(3) || !node.has(5) || !node.has(6) || node.rankOf(node.input(0)) != 2) {
    return node.fail("needs token ids [batch, length], word and position embeddings, gamma and beta");
  }
  Value ids = node.input(0);
  int64_t batch = node.dimsOf(ids)[0], length = node.dimsOf(ids)[1];
  Value x = node.gather(node.input(2), ids, 0);
  Value where = node.has(8) ? node.gather(node.input(3), node.input(8), 0) : node.sliceAxis(node.input(3), 0, 0, length);
  x = node.add(x, where);
  if (node.has(1) && node.has(4)) {
    x = node.add(x, node.gather(node.input(4), node.input(1), 0));
  }
  if (!x) {
    return failure();
  }
  graph::LayerNormOp::Properties properties;
  properties.axis = node.intAttr(2);
  properties.epsilon = node.floatAttr(node.attrFloat("epsilon", 1e-12));
  Value y = node.one<graph::LayerNormOp>({x, node.input(5), node.input(6)}, properties), mask;
  if (node.wantsOutput(1)) { // how many tokens each row has
    Type i32 = IntegerType::get(node.context(), 32);
    mask = node.has(7) ? node.reduce(ReduceKind::Sum, node.cast(node.input(7), i32), {1}, false) : node.splat(RankedTensorType::get({batch}, i32), 0);
  }
  return node.results({y, mask, x});
}

static LogicalResult biasSoftmax(NodeContext &node) {
  if (!node.needInputs(2, 2)) {
    return failure();
  }
  Value x = node.add(node.input(0), node.input(1));
  std::optional<int64_t> axis = x ? node.axis(node.attrInt("axis", 1), node.rankOf(x)) : std::nullopt;
  if (!axis) {
    return failure();
  }
  Ints dims(node.dimsOf(x)), flat{1, 1};
  for (size_t i = 0; i < dims.size(); ++i) { // all dims from the axis on are one
    flat[static_cast<int64_t>(i) < *axis ? 0 : 1] *= dims[i];
  }
  return node.result(node.reshape(node.softmax(node.reshape(x, flat), 1), dims));
}

static LogicalResult biasAdd(NodeContext &node) {
  return node.needInputs(3, 3) ? node.result(node.add(node.add(node.input(0), node.input(1)), node.input(2))) : failure();
}

/// The first half of the channels times the GELU of the second.
static LogicalResult biasSplitGelu(NodeContext &node) {
  Value x = node.needInputs(2, 2) ? node.add(node.input(0), node.input(1)) : Value();
  if (!x || node.rankOf(x) < 1 || node.dimsOf(x).back() % 2 != 0) {
    return node.fail("needs an even last dim");
  }
  int64_t last = node.rankOf(x) - 1, half = node.dimsOf(x).back() / 2;
  return node.result(node.mul(node.sliceAxis(x, last, 0, half), node.unary(UnaryKind::Gelu, node.sliceAxis(x, last, half, half))));
}

/// The standard pool between two turns of the channels.
static LogicalResult nhwcMaxPool(NodeContext &node) {
  if (!node.needInputs(1, 1) || node.rankOf(node.input(0)) != 4 || node.attrInts("kernel_shape").size() != 2) {
    return node.fail("needs an image [N,H,W,C] and a kernel_shape of two sizes");
  }
  Handler pool = handlers().find("", "MaxPool", 12);
  Value turned = node.transpose(node.input(0), {0, 3, 1, 2});
  if (!pool || !turned) {
    return failure();
  }
  node.replaceInput(0, turned);
  return failed(pool(node)) ? failure() : node.result(node.transpose(node.outputs().front(), {0, 2, 3, 1}));
}

void addContribHandlers(HandlerTable &table) {
  table.add("MatMulNBits", 1, matmulNBits, kMicrosoft);
  table.add("MatMulBnb4", 1, matmulBnb4, kMicrosoft);
  table.add("DynamicQuantizeMatMul", 1, dynamicQuantizeMatMul, kMicrosoft);
  table.add("FusedGemm", 1, staticFusedGemm, kMicrosoft);
  table.add("EmbedLayerNormalization", 1, embedLayerNorm, kMicrosoft);
  table.add("BiasSoftmax", 1, biasSoftmax, kMicrosoft);
  table.add("BiasAdd", 1, biasAdd, kMicrosoft);
  table.add("BiasSplitGelu", 1, biasSplitGelu, kMicrosoft);
  table.add("NhwcMaxPool", 1, nhwcMaxPool, kMicrosoft);
}

} // namespace ncc::frontend
