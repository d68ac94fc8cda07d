// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// com.microsoft's mixture of experts: every row goes through all experts, in one batched product, and what the router did not
// choose has weight zero. Shapes stay static that way.
#include "compiler/frontend/onnx/Handlers.h"

#include "absl/strings/str_cat.h"

using namespace mlir;

namespace ncc::frontend {

namespace {

using graph::ReduceKind;
using graph::UnaryKind;

class Experts {
public:
  Experts(NodeContext &node) : node(node) {}

  LogicalResult run() {
    if (!node.needInputs(5, 8) || node.rankOf(node.input(1)) != 2 || node.rankOf(node.input(2)) != 3 || node.rankOf(node.input(4)) != 3) {
      return node.fail("needs an input, router logits [rows, experts] and weights [experts, outputs, inputs] of two layers");
    }
    if (node.attrInt("use_sparse_mixer", 0) != 0 || node.attrInt("swiglu_fusion", 0) == 2) {
      return node.fail("a sparse mixer, and a gate apart from its value, are not supported");
    }
    Value x = node.input(0);
    rows = node.dimsOf(node.input(1))[0];
    experts = node.dimsOf(node.input(1))[1];
    int64_t size = node.rankOf(x) > 0 ? node.dimsOf(x).back() : 0;
    if (node.dimsOf(node.input(2))[0] != experts || node.typeOf(x).getNumElements() != rows * size) {
      return node.fail(absl::StrCat("router logits of ", experts, " experts for ", rows, " rows do not fit the input or the weights"));
    }
    Value share = shares();
    Value flat = node.reshape(x, {1, rows, size});
    Value hidden = activated(layer(flat, 2, 3), flat);
    Value y = hidden ? layer(hidden, 4, 5) : Value(); // [experts, rows, size]
    y = y && share ? node.mul(y, node.reshape(node.transpose(share, {1, 0}), {experts, rows, 1})) : Value();
    return y ? node.result(node.reshape(node.reduce(ReduceKind::Sum, y, {0}, false), node.dimsOf(x))) : failure();
  }

private:
  /// x times the transposed weights of each expert, plus its bias.
  Value layer(Value x, size_t weights, size_t bias) {
    Value y = node.matmul(x, node.input(weights), false, /*transposeB=*/true);
    return y && node.has(bias) ? node.add(y, node.reshape(node.input(bias), {experts, 1, node.dimsOf(y)[2]})) : y;
  }

  Value activated(Value y, Value x) {
    std::string kind = node.attrString("activation_type", "relu");
    if (!y) {
      return {};
    }
    if (kind == "swiglu") {
      return gated(y);
    }
    static constexpr std::pair<StringLiteral, UnaryKind> kKinds[] = {{"relu", UnaryKind::Relu}, {"gelu", UnaryKind::Gelu}, {"silu", UnaryKind::Silu}};
    for (const auto &[name, unary] : kKinds) {
      if (kind == name || kind == "identity") {
        Value z = kind == name ? node.unary(unary, y) : y;
        return node.has(6) ? node.mul(z, layer(x, 6, 7)) : z; // a third layer multiplies the first's
      }
    }
    return node.OpBuilding::fail("activation_type '" + kind + "' is not supported");
  }

  /// Gate and value alternate: gate * sigmoid(alpha * gate) * (value + beta), both within the limit.
  Value gated(Value y) {
    Ints dims(node.dimsOf(y));
    int64_t half = dims[2] / 2;
    if (node.attrInt("swiglu_fusion", 0) != 1 || dims[2] % 2 != 0) {
      return node.OpBuilding::fail("swiglu needs gate and value interleaved in the first layer");
    }
    Value pairs = node.reshape(y, {dims[0], dims[1], half, 2});
    auto part = [&](int64_t which) { return node.reshape(node.sliceAxis(pairs, 3, which, 1), {dims[0], dims[1], half}); };
    Value gate = part(0), value = part(1);
    if (node.hasAttr("swiglu_limit")) {
      double limit = node.attrFloat("swiglu_limit", 0);
      gate = node.binary(graph::BinaryKind::Min, gate, node.scalarLike(gate, limit));
      value = node.unary(UnaryKind::Clip, value, -limit, limit);
    }
    Value open = node.unary(UnaryKind::Sigmoid, node.mul(gate, node.scalarLike(gate, node.attrFloat("activation_alpha", 1))));
    return node.mul(node.mul(gate, open), node.add(value, node.scalarLike(value, node.attrFloat("activation_beta", 0))));
  }

  /// [rows, experts]: the softmax of the logits where they are among the k largest, else zero.
  Value shares() {
    int64_t k = node.attrInt("k", 1);
    if (k < 1 || k > experts) {
      return node.OpBuilding::fail(absl::StrCat("cannot choose ", k, " of ", experts, " experts"));
    }
    Value probabilities = node.softmax(node.input(1), 1);
    graph::TopkOp::Properties properties;
    properties.k = node.intAttr(k);
    properties.axis = node.intAttr(1);
    SmallVector<Value> best = probabilities ? node.create<graph::TopkOp>(probabilities, properties) : SmallVector<Value>();
    if (best.empty()) {
      return {};
    }
    Value kept = best[0];
    if (node.attrInt("normalize_routing_weights", 0) != 0) {
      kept = node.div(kept, node.reduce(ReduceKind::Sum, kept, {1}));
    }
    graph::ScatterElementsOp::Properties scatter;
    scatter.axis = node.intAttr(1);
    Value zeros = node.splat(node.typeOf(probabilities), 0);
    return kept && zeros ? node.one<graph::ScatterElementsOp>({zeros, best[1], kept}, scatter) : Value();
  }

  NodeContext &node;
  int64_t rows = 0, experts = 0;
};

LogicalResult mixture(NodeContext &node) { return Experts(node).run(); }

} // namespace

void addContribExpertHandlers(HandlerTable &table) { table.add("MoE", 1, mixture, kMicrosoft); }

} // namespace ncc::frontend
