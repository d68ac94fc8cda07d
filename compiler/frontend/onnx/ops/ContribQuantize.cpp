// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// com.microsoft's quantized operators beyond the QLinear family: each is a standard operator between conversions, or one that
// keeps its channels last.
#include "compiler/frontend/onnx/Handlers.h"

#include "absl/strings/str_cat.h"

using namespace mlir;

namespace ncc::frontend {

namespace {

/// The first result of a standard operator on operands; null after a failure.
Value made(NodeContext &node, StringRef op, int64_t version, ArrayRef<Value> operands, StringRef domain = "") {
  SmallVector<Value> results = node.standard(op, version, operands, domain);
  return results.empty() ? Value() : results.front();
}

Value dequantized(NodeContext &node, Value x, Value scale, Value zero) {
  return x && scale ? made(node, "DequantizeLinear", 13, {x, scale, zero}) : Value();
}

/// Chooses between two quantized tensors.
LogicalResult qlinearWhere(NodeContext &node) {
  if (!node.needInputs(9, 9)) {
    return failure();
  }
  Value x = dequantized(node, node.input(1), node.input(2), node.input(3)), y = dequantized(node, node.input(4), node.input(5), node.input(6));
  Value z = x && y ? node.select(node.input(0), x, y) : Value();
  return z ? node.result(made(node, "QuantizeLinear", 13, {z, node.input(7), node.input(8)})) : failure();
}

/// Embeddings, gamma and beta of 8 bits.
LogicalResult qEmbedLayerNorm(NodeContext &node) {
  if (!node.needInputs(1, 18)) {
    return failure();
  }
  SmallVector<Value> operands(node.inputs().take_front(std::min<size_t>(8, node.numInputs())));
  operands.resize(8);
  for (size_t i = 2; i < 7; ++i) { // scales are inputs 8 to 12, zero points 13 to 17
    if (!operands[i]) {
      continue;
    }
    operands[i] = dequantized(node, operands[i], node.input(i + 6), node.input(i + 11));
    if (!operands[i]) {
      return node.fail("an embedding has no scale");
    }
  }
  SmallVector<Value> results = node.standard("EmbedLayerNormalization", 1, operands, kMicrosoft);
  return results.empty() ? failure() : node.results(results);
}

/// [directions, inputs, 4 hidden] of 8 bits as the [directions, 4 hidden, inputs] of an LSTM.
Value gateWeights(NodeContext &node, Value w, Value scale, Value zero) {
  if (!w || !scale || node.rankOf(w) != 3) {
    return node.OpBuilding::fail("quantized weights need three dims and a scale");
  }
  int64_t directions = node.dimsOf(w)[0];
  auto spread = [&](Value parameter) { // one per direction, or per direction and gate
    int64_t each = node.typeOf(parameter).getNumElements() / std::max<int64_t>(directions, 1);
    return node.reshape(parameter, {directions, 1, each});
  };
  Type real = node.elementOf(scale);
  Value y = node.cast(w, real);
  y = zero ? node.sub(y, spread(node.cast(zero, real))) : y;
  return node.transpose(node.mul(y, spread(scale)), {0, 2, 1});
}

/// Weights of 8 bits; what ONNX Runtime rounds to 8 bits on the fly, inputs and states, stays as it is.
LogicalResult dynamicQuantizeLstm(NodeContext &node) {
  if (!node.needInputs(3, 12)) {
    return failure();
  }
  SmallVector<Value> operands(node.inputs().take_front(std::min<size_t>(8, node.numInputs())));
  operands[1] = gateWeights(node, node.input(1), node.input(8), node.input(9));
  operands[2] = operands[1] ? gateWeights(node, node.input(2), node.input(10), node.input(11)) : Value();
  SmallVector<Value> results = operands[2] ? node.standard("LSTM", 14, operands) : SmallVector<Value>();
  return results.empty() ? failure() : node.results(results);
}

/// The given operands and the first result turned between channels last and channels second.
LogicalResult channelsLast(NodeContext &node, StringRef op, StringRef domain, ArrayRef<size_t> images) {
  SmallVector<Value> operands(node.inputs());
  for (size_t i : images) {
    if (i >= operands.size() || !operands[i]) {
      continue;
    }
    Ints perm{0, node.rankOf(operands[i]) - 1};
    for (int64_t d = 1; d < node.rankOf(operands[i]) - 1; ++d) {
      perm.push_back(d);
    }
    operands[i] = perm.size() >= 3 ? node.transpose(operands[i], perm) : Value();
    if (!operands[i]) {
      return node.fail("needs an image with its channels last");
    }
  }
  Value y = made(node, op, 1, operands, domain);
  if (!y) {
    return failure();
  }
  Ints back{0};
  for (int64_t d = 2; d < node.rankOf(y); ++d) {
    back.push_back(d);
  }
  back.push_back(1);
  return node.result(node.transpose(y, back));
}

LogicalResult nhwcFusedConv(NodeContext &node) { return channelsLast(node, "FusedConv", kMicrosoft, {0, 3}); }

/// Embeddings of 4 or 8 bits with a scale per block of the last axis: rows are gathered, then converted.
LogicalResult gatherBlockQuantized(NodeContext &node) {
  int64_t rank = node.needInputs(3, 4) ? node.rankOf(node.input(0)) : 0, block = node.attrInt("block_size", 128);
  std::optional<int64_t> gathered = node.axis(node.attrInt("gather_axis", 0), rank), along = node.axis(node.attrInt("quantize_axis", 1), rank);
  if (!gathered || !along || *along != rank - 1 || *gathered == *along || block < 1 || node.dimsOf(node.input(0)).back() % block != 0) {
    return node.fail("needs whole blocks along the last axis, and another axis to gather along");
  }
  Value data = node.gather(node.input(0), node.input(1), *gathered), scale = node.gather(node.input(2), node.input(1), *gathered);
  Value zero = node.has(3) ? node.gather(node.input(3), node.input(1), *gathered) : Value();
  if (!data || !scale) {
    return failure();
  }
  Ints whole(node.dimsOf(data)), blocks(node.dimsOf(scale)), apart(blocks);
  apart.push_back(block);
  blocks.push_back(1);
  Type real = node.elementOf(scale);
  bool nibble = node.elementOf(data).isUnsignedInteger(4);
  Value y = node.cast(node.reshape(data, apart), real);
  if (zero) {
    y = node.sub(y, node.cast(node.reshape(zero, blocks), real));
  } else if (nibble || node.elementOf(data).isUnsignedInteger(8)) {
    y = node.sub(y, node.scalarLike(y, nibble ? 8 : 128));
  }
  return node.result(node.reshape(node.mul(y, node.reshape(scale, blocks)), whole));
}

/// Operators that the standard took over, under the version whose form they have.
template <const StringLiteral &op, int64_t version>
LogicalResult standardForm(NodeContext &node) {
  SmallVector<Value> results = node.standard(op, version, node.inputs());
  return results.empty() ? failure() : node.results(results);
}
constexpr StringLiteral kRange = "Range", kTrilu = "Trilu", kGatherNd = "GatherND", kPad = "Pad", kGridSample = "GridSample", kUnsqueeze = "Unsqueeze";

/// Blocks of channels as wide as the vectors of the CPU that wrote the file.
LogicalResult blockedLayout(NodeContext &node) {
  return node.fail("its layout is that of one CPU's vectors; save the model with ONNX Runtime's level 'extended' instead of 'all'");
}

} // namespace

void addContribQuantizeHandlers(HandlerTable &table) {
  table.add("QLinearWhere", 1, qlinearWhere, kMicrosoft);
  table.add("QEmbedLayerNormalization", 1, qEmbedLayerNorm, kMicrosoft);
  table.add("DynamicQuantizeLSTM", 1, dynamicQuantizeLstm, kMicrosoft);
  table.add("NhwcFusedConv", 1, nhwcFusedConv, kMicrosoft);
  table.add("GatherBlockQuantized", 1, gatherBlockQuantized, kMicrosoft);
  table.add("Range", 1, standardForm<kRange, 11>, kMicrosoft);
  table.add("Trilu", 1, standardForm<kTrilu, 14>, kMicrosoft);
  table.add("GatherND", 1, standardForm<kGatherNd, 12>, kMicrosoft);
  table.add("Pad", 1, standardForm<kPad, 11>, kMicrosoft);
  table.add("ExpandDims", 1, standardForm<kUnsqueeze, 13>, kMicrosoft);
  table.add("GridSample", 1, standardForm<kGridSample, 16>, kMicrosoft);
  for (StringRef op : {"Conv", "MaxPool", "AveragePool", "GlobalMaxPool", "GlobalAveragePool", "Upsample", "ReorderInput", "ReorderOutput"}) {
    table.add(op, 1, blockedLayout, "com.microsoft.nchwc");
  }
}

} // namespace ncc::frontend
