// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// LSTM, GRU and RNN, kept whole; a batch-first layout becomes transposes around them.
#include "compiler/frontend/onnx/Handlers.h"

#include "absl/strings/str_cat.h"

using namespace mlir;

namespace ncc::frontend {

template <typename Properties>
static LogicalResult common(NodeContext &node, Properties &properties, int64_t gatesPerDirection) {
  std::optional<graph::Direction> direction = graph::symbolizeDirection(node.attrString("direction", "forward"));
  if (!direction) {
    return node.fail("direction '" + node.attrString("direction", "") + "' is not one");
  }
  properties.direction = graph::DirectionAttr::get(node.context(), *direction);
  int64_t hidden = node.attrInt("hidden_size", 0);
  if (hidden == 0 && node.has(2) && node.rankOf(node.input(2)) == 3) {
    hidden = node.dimsOf(node.input(2))[2];
  }
  properties.hidden_size = node.intAttr(hidden);
  SmallVector<StringRef> names;
  if (const onnx::AttributeProto *given = node.attr("activations")) {
    static constexpr StringLiteral kKnown[] = {"relu", "tanh", "sigmoid", "affine", "leakyrelu", "thresholdedrelu",
                                               "scaledtanh", "hardsigmoid", "elu", "softsign", "softplus"};
    for (const std::string &name : given->strings()) {
      if (!llvm::is_contained(kKnown, StringRef(name).lower())) {
        return node.fail("activation '" + name + "' is not known");
      }
      names.push_back(name);
    }
    int64_t need = gatesPerDirection * (*direction == graph::Direction::Bidirectional ? 2 : 1);
    if (static_cast<int64_t>(names.size()) != need) {
      return node.fail(absl::StrCat("needs ", need, " activations, has ", names.size()));
    }
  }
  properties.activations = node.attrs().getStrArrayAttr(names);
  properties.activation_alpha = node.floatsAttr(node.attrFloats("activation_alpha"));
  properties.activation_beta = node.floatsAttr(node.attrFloats("activation_beta"));
  properties.clip = node.floatAttr(node.attrFloat("clip", 0.0));
  return success();
}

/// Collects operands with their segment sizes, made time-first.
struct Operands {
  SmallVector<Value> values;
  SmallVector<int32_t> segments;

  void add(Value value) {
    if (value) {
      values.push_back(value);
    }
    segments.push_back(value ? 1 : 0);
  }
};

static Value timeFirst(NodeContext &node, Value x, bool batchFirst) {
  return x && batchFirst ? node.transpose(x, {1, 0, 2}) : x;
}

/// The first exporters left out the dim of the one direction, in weights and in the first result.
static bool omitsDirection(NodeContext &node) { return node.opset() < 7 && node.rankOf(node.input(1)) == 2; }

/// W, R, B or P with the dim of the direction.
static Value perDirection(NodeContext &node, Value x) {
  if (!x || !omitsDirection(node)) {
    return x;
  }
  Ints dims(node.dimsOf(x));
  dims.insert(dims.begin(), 1);
  return node.reshape(x, dims);
}

template <typename OpT, typename Properties>
static LogicalResult finish(NodeContext &node, Properties &properties, const Operands &operands, bool batchFirst) {
  llvm::copy(operands.segments, properties.operandSegmentSizes.begin());
  SmallVector<Value> results = node.create<OpT>(operands.values, properties);
  for (size_t i = 0; i < results.size() && batchFirst; ++i) {
    results[i] = i == 0 ? node.transpose(results[i], {2, 0, 1, 3}) : node.transpose(results[i], {1, 0, 2});
  }
  if (!results.empty() && omitsDirection(node)) {
    IntsRef d = node.dimsOf(results[0]);
    results[0] = node.reshape(results[0], {d[0], d[2], d[3]});
  }
  return node.results(results);
}

static LogicalResult lstm(NodeContext &node) {
  graph::LstmOp::Properties properties;
  if (!node.needInputs(3, 8) || failed(common(node, properties, 3))) {
    return failure();
  }
  properties.input_forget = node.flag(node.attrInt("input_forget", 0) != 0);
  bool batchFirst = node.attrInt("layout", 0) != 0;
  Operands operands;
  operands.add(timeFirst(node, node.input(0), batchFirst));
  for (size_t i : {1, 2, 3}) {
    operands.add(perDirection(node, node.input(i)));
  }
  operands.add(node.input(4));
  operands.add(timeFirst(node, node.input(5), batchFirst));
  operands.add(timeFirst(node, node.input(6), batchFirst));
  operands.add(perDirection(node, node.input(7)));
  return finish<graph::LstmOp>(node, properties, operands, batchFirst);
}

template <typename OpT, int64_t activations>
static LogicalResult recurrent(NodeContext &node) {
  typename OpT::Properties properties;
  if (!node.needInputs(3, 6) || failed(common(node, properties, activations))) {
    return failure();
  }
  if constexpr (std::is_same_v<OpT, graph::GruOp>) {
    properties.linear_before_reset = node.flag(node.attrInt("linear_before_reset", 0) != 0);
  }
  bool batchFirst = node.attrInt("layout", 0) != 0;
  Operands operands;
  operands.add(timeFirst(node, node.input(0), batchFirst));
  for (size_t i : {1, 2, 3}) {
    operands.add(perDirection(node, node.input(i)));
  }
  operands.add(node.input(4));
  operands.add(timeFirst(node, node.input(5), batchFirst));
  return finish<OpT>(node, properties, operands, batchFirst);
}

void addRecurrentHandlers(HandlerTable &table) {
  // What opset 1 had more, output_sequence, only says whether the first result is wanted.
  table.add("LSTM", 1, lstm);
  table.add("GRU", 1, recurrent<graph::GruOp, 2>);
  table.add("RNN", 1, recurrent<graph::RnnOp, 1>);
}

} // namespace ncc::frontend
