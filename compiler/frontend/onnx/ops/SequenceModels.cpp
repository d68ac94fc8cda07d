// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Operators of recent sequence models: linear attention, causal convolution with a carried state, flexible attention, SwiGLU.
#include "compiler/frontend/onnx/Handlers.h"

#include "absl/strings/str_cat.h"

#include <cmath>

using namespace mlir;

namespace ncc::frontend {

using graph::UnaryKind;

/// Steps a recurrence is unrolled for at most.
static constexpr int64_t kMaxSteps = 4096;

static LogicalResult swiglu(NodeContext &node) {
  if (!node.needInputs(2, 2)) {
    return failure();
  }
  Value a = node.input(0);
  double alpha = node.attrFloat("alpha", 1.0);
  Value gate = alpha == 1 ? node.unary(UnaryKind::Silu, a) : node.mul(a, node.unary(UnaryKind::Sigmoid, node.mul(a, node.scalarLike(a, alpha))));
  return node.result(node.mul(gate, node.input(1)));
}

/// input[B,C,L], weight[C,1,k]: the state holds the k - 1 positions before the input.
static LogicalResult causalConv(NodeContext &node) {
  std::string activation = node.attrString("activation", "none");
  if (!node.needInputs(2, 4) || node.rankOf(node.input(0)) != 3 || node.rankOf(node.input(1)) != 3 || node.dimsOf(node.input(1))[1] != 1) {
    return node.fail("needs an input [batch, channels, length] and weights [channels, 1, kernel]");
  }
  if (activation != "none" && activation != "silu" && activation != "swish" && !activation.empty()) {
    return node.fail("activation '" + activation + "' is not none, silu or swish");
  }
  Value x = node.input(0), w = node.input(1);
  IntsRef d = node.dimsOf(x);
  int64_t before = node.dimsOf(w)[2] - 1, channels = d[1];
  if (node.dimsOf(w)[0] != channels) {
    return node.fail("the weights do not have one filter per channel");
  }
  Value padded = node.has(3) && before > 0 ? node.concat({node.input(3), x}, 2) : node.pad(x, {0, 0, before}, {0, 0, 0});
  graph::ConvOp::Properties properties;
  properties.strides = node.intsAttr({1});
  properties.pads = node.intsAttr({0, 0});
  properties.dilations = node.intsAttr({1});
  properties.group = node.intAttr(channels);
  SmallVector<Value> operands{padded, w};
  if (node.has(2)) {
    operands.push_back(node.input(2));
  }
  Value y = padded ? node.one<graph::ConvOp>(operands, properties) : Value();
  if (activation == "silu" || activation == "swish") {
    y = node.unary(UnaryKind::Silu, y);
  }
  Value state = padded ? node.sliceAxis(padded, 2, node.dimsOf(padded)[2] - before, before) : Value();
  return node.results({y, state});
}

namespace {

/// Linear attention with its tensors as [batch, heads, time, size] in f32.
class LinearAttention {
public:
  LinearAttention(NodeContext &node) : node(node) {}

  LogicalResult run() {
    std::string rule = node.attrString("update_rule", "gated_delta");
    queries = node.attrInt("q_num_heads", 0);
    heads = node.attrInt("kv_num_heads", 0);
    gated = rule == "gated" || rule == "gated_delta";
    delta = rule == "delta" || rule == "gated_delta";
    if (!node.needInputs(3, 6) || (!gated && !delta && rule != "linear")) {
      return node.fail("update_rule must be linear, gated, delta or gated_delta");
    }
    if (queries < 1 || heads < 1 || queries % heads != 0 || (gated && !node.has(4)) || (delta && !node.has(5))) {
      return node.fail("q_num_heads must be a multiple of kv_num_heads, and the rule's decay and beta be given");
    }
    Value q = split(node.input(0), queries), k = split(node.input(1), heads), v = split(node.input(2), heads);
    Value decay = gated ? split(node.input(4), heads) : Value(), beta = delta ? split(node.input(5), sharedBeta() ? 1 : heads) : Value();
    if (!q || !k || !v || (gated && !decay) || (delta && !beta)) {
      return failure();
    }
    return scan(q, k, v, decay, beta);
  }

private:
  /// One beta for all heads.
  bool sharedBeta() { return node.rankOf(node.input(5)) == 3 && node.dimsOf(node.input(5))[2] == 1; }

  Value split(Value x, int64_t count) {
    if (node.rankOf(x) != 3 || node.dimsOf(x)[2] % count != 0) {
      return node.OpBuilding::fail("its operands must be [batch, time, heads * size]");
    }
    IntsRef d = node.dimsOf(x);
    Value y = node.reshape(node.cast(x, Float32Type::get(node.context())), {d[0], d[1], count, d[2] / count});
    return node.transpose(y, {0, 2, 1, 3});
  }

  LogicalResult scan(Value q, Value k, Value v, Value decay, Value beta) {
    int64_t batch = node.dimsOf(k)[0], steps = node.dimsOf(k)[2], size = node.dimsOf(k)[3], width = node.dimsOf(v)[3];
    if (steps > kMaxSteps || steps < 1) {
      return node.fail(absl::StrCat("a sequence of ", steps, " steps is not unrolled"));
    }
    Type f32 = Float32Type::get(node.context());
    double scale = node.attrFloat("scale", 0);
    scale = scale == 0 ? 1 / std::sqrt(static_cast<double>(size)) : scale;
    q = node.mul(q, node.scalarLike(q, scale));
    Value state = node.has(3) ? node.cast(node.input(3), f32) : node.splat(RankedTensorType::get({batch, heads, size, width}, f32), 0);
    SmallVector<Value> outputs;
    for (int64_t t = 0; t < steps && state; ++t) {
      Value key = node.sliceAxis(k, 2, t, 1), value = node.sliceAxis(v, 2, t, 1); // rows
      Value column = node.transpose(key, {0, 1, 3, 2});
      if (gated) { // one factor per key entry, or per head
        state = node.mul(state, node.unary(UnaryKind::Exp, node.transpose(node.sliceAxis(decay, 2, t, 1), {0, 1, 3, 2})));
      }
      if (delta) {
        value = node.mul(node.sliceAxis(beta, 2, t, 1), node.sub(value, node.matmul(key, state)));
      }
      state = node.add(state, node.matmul(column, value));
      // Query heads that share a state are rows of one product.
      Value query = node.reshape(node.sliceAxis(q, 2, t, 1), {batch, heads, queries / heads, size});
      outputs.push_back(node.reshape(node.matmul(query, state), {batch, 1, queries * width}));
    }
    if (!state || !outputs.back()) {
      return failure();
    }
    Type type = node.elementOf(node.input(0));
    Type stateType = node.has(3) ? node.elementOf(node.input(3)) : type;
    return node.results({node.cast(node.concat(outputs, 1), type), node.cast(state, stateType)});
  }

  NodeContext &node;
  int64_t queries = 0, heads = 0;
  bool gated = false, delta = false;
};

} // namespace

static LogicalResult linearAttention(NodeContext &node) { return LinearAttention(node).run(); }

/// Attention whose scores and probabilities pass through graphs of the model's own.
static LogicalResult flexAttention(NodeContext &node) {
  if (!node.needInputs(3, 3) || node.rankOf(node.input(0)) != 4 || node.rankOf(node.input(1)) != 4 || node.rankOf(node.input(2)) != 4) {
    return node.fail("needs query, key and value [batch, heads, length, size]");
  }
  Value q = node.input(0), k = node.input(1), v = node.input(2);
  IntsRef dq = node.dimsOf(q), dk = node.dimsOf(k), dv = node.dimsOf(v);
  if (dk[1] < 1 || dq[1] % dk[1] != 0 || dq[3] < 1) {
    return node.fail("the query heads are no multiple of the key heads");
  }
  int64_t share = dq[1] / dk[1];
  Type type = node.elementOf(q), wide = type.isF64() ? type : Type(Float32Type::get(node.context()));
  double scale = node.attrFloat("scale", 0);
  scale = scale == 0 ? 1 / std::sqrt(static_cast<double>(dq[3])) : scale;
  Value scores = node.matmul(node.reshape(q, {dq[0], dk[1], share * dq[2], dq[3]}), k, false, /*transposeB=*/true);
  scores = node.cast(node.reshape(scores, {dq[0], dq[1], dq[2], dk[2]}), wide);
  scores = node.mul(scores, node.scalarLike(scores, scale));
  auto modify = [&](StringRef name, Value x) -> Value {
    const onnx::AttributeProto *body = node.attr(name);
    if (!body || !x) {
      return x;
    }
    SmallVector<Value> results = node.scope().importBody(body->g(), x);
    return results.size() == 1 ? results.front() : node.OpBuilding::fail(name.str() + " must be a graph of one input and one output");
  };
  scores = modify("score_mod", scores);
  Value weights = modify("prob_mod", node.softmax(scores, 3));
  weights = weights ? node.reshape(node.cast(weights, type), {dq[0], dk[1], share * dq[2], dk[2]}) : Value();
  return node.result(node.reshape(node.matmul(weights, v), {dq[0], dq[1], dq[2], dv[3]}));
}

void addSequenceModelHandlers(HandlerTable &table) {
  table.add("SwiGLU", 1, swiglu);
  table.add("CausalConvWithState", 1, causalConv);
  table.add("CausalConvWithState", 1, causalConv, kMicrosoft);
  table.add("LinearAttention", 1, linearAttention);
  table.add("LinearAttention", 1, linearAttention, kMicrosoft);
  table.add("FlexAttention", 1, flexAttention, kPreview);
}

} // namespace ncc::frontend
