// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Attention (opset 23) and rotary embeddings.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/ops/Attention.h"

#include "absl/strings/str_cat.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace ncc::frontend {

using graph::UnaryKind;

Value splitHeads(NodeContext &node, Value x, int64_t heads) {
  if (!x || node.rankOf(x) == 4) {
    return x;
  }
  IntsRef d = node.dimsOf(x);
  if (d.size() != 3 || heads < 1 || d[2] % heads != 0) {
    return node.OpBuilding::fail("the hidden size does not divide by the number of heads");
  }
  return node.transpose(node.reshape(x, {d[0], d[1], heads, d[2] / heads}), {0, 2, 1, 3});
}

Value mergeHeads(NodeContext &node, Value x) {
  Value y = node.transpose(x, {0, 2, 1, 3});
  return y ? node.reshape(y, {node.dimsOf(y)[0], node.dimsOf(y)[1], node.dimsOf(y)[2] * node.dimsOf(y)[3]}) : Value();
}

static double lowest(Value like) {
  // -inf would make a fully hidden row NaN in the same way; ONNX says -inf.
  return -std::numeric_limits<double>::infinity();
}

/// The keys j that query i sees: at most `right` after and `left` before key i + offset; negative means no bound.
struct Band {
  int64_t left = -1, right = -1;
};

/// The additive [S,T] mask of a band.
static Value bandMask(NodeContext &node, Value like, int64_t queries, int64_t keys, int64_t offset, Band band) {
  if (!node.canMake(DType::F32, {queries, keys})) {
    return {};
  }
  Tensor mask(DType::F32, {queries, keys});
  for (int64_t i = 0; i < queries; ++i) {
    for (int64_t j = 0; j < keys; ++j) {
      int64_t ahead = j - (i + offset);
      bool hidden = (band.right >= 0 && ahead > band.right) || (band.left >= 0 && -ahead > band.left);
      mask.setDouble(i * keys + j, hidden ? lowest(like) : 0);
    }
  }
  return node.cast(node.constant(mask, "band_mask"), node.elementOf(like));
}

/// The additive [B,1,S,T] mask for `lengths` [B] valid keys, where the last query stands at the last valid key.
static Value lengthMask(NodeContext &node, Value like, Value lengths, int64_t queries, int64_t keys, bool causal) {
  using graph::CompareKind;
  Type index = IntegerType::get(node.context(), 64);
  if (node.rankOf(lengths) != 1) {
    return node.OpBuilding::fail("nonpad_kv_seqlen must be a vector over the batch");
  }
  if (!node.canMake(DType::I64, {std::max<int64_t>(queries, 1), keys})) {
    return {};
  }
  Tensor position(DType::I64, {1, keys}), ahead(DType::I64, {queries, keys});
  for (int64_t j = 0; j < keys; ++j) {
    position.setInt(j, j);
    for (int64_t i = 0; i < queries; ++i) {
      ahead.setInt(i * keys + j, j - i + queries);
    }
  }
  Value valid = node.reshape(node.cast(lengths, index), {node.dimsOf(lengths)[0], 1, 1, 1});
  Value seen = node.compare(CompareKind::Lt, node.constant(position), valid);
  if (causal) {
    Value before = node.compare(CompareKind::Le, node.constant(ahead), valid);
    seen = node.binary(graph::BinaryKind::LogicalAnd, seen, before);
  }
  return node.select(seen, node.scalarLike(like, 0), node.scalarLike(like, lowest(like)));
}

Value additiveMask(NodeContext &node, Value mask, Value like, int64_t keys) {
  if (node.elementOf(mask).isInteger(1)) {
    mask = node.select(mask, node.scalarLike(like, 0), node.scalarLike(like, lowest(like)));
  }
  mask = mask ? node.cast(mask, node.elementOf(like)) : mask;
  if (!mask || node.rankOf(mask) < 1) {
    return mask;
  }
  int64_t missing = keys - node.dimsOf(mask).back(), rank = node.rankOf(mask);
  if (missing > 0 && node.dimsOf(mask).back() > 1) { // a short mask hides the keys it does not reach
    Ints low(rank, 0), high(rank, 0);
    high.back() = missing;
    mask = node.pad(mask, low, high, graph::PadMode::Constant, lowest(like));
  }
  return mask;
}

/// Softmax attention from plain ops, for models that want the scores out.
static LogicalResult decomposed(NodeContext &node, Value q, Value k, Value v, Value mask, double scale,
                                double softcap, bool merge, SmallVector<Value> results) {
  int64_t repeat = node.dimsOf(q)[1] / std::max<int64_t>(node.dimsOf(k)[1], 1);
  auto spread = [&](Value x) {
    Ints d(node.dimsOf(x));
    return repeat == 1 ? x : node.reshape(node.expand(node.reshape(x, {d[0], d[1], 1, d[2], d[3]}),
                                                      {d[0], d[1], repeat, d[2], d[3]}),
                                          {d[0], d[1] * repeat, d[2], d[3]});
  };
  int64_t mode = node.attrInt("qk_matmul_output_mode", 0);
  Value scores = node.mul(node.matmul(q, spread(k), false, true), node.scalarLike(q, scale));
  Value capped = scores;
  if (softcap != 0.0 && scores) {
    Value limit = node.scalarLike(q, softcap);
    capped = node.mul(node.unary(UnaryKind::Tanh, node.div(scores, limit)), limit);
  }
  Value masked = mask ? node.add(capped, mask) : capped;
  Value weights = node.softmax(masked, 3);
  if (weights && mask) { // a row without any key is zero
    weights = node.select(node.unary(UnaryKind::IsNan, weights), node.scalarLike(weights, 0), weights);
  }
  Value y = node.matmul(weights, spread(v));
  results[0] = merge ? mergeHeads(node, y) : y;
  results.push_back(mode == 0 ? scores : mode == 3 ? weights : mode == 1 ? capped : masked);
  return node.results(results);
}

Value attentionOf(NodeContext &node, Value q, Value k, Value v, Value mask, double scale, bool causal, double softcap) {
  graph::AttentionOp::Properties properties;
  properties.scale = node.floatAttr(scale);
  properties.causal = node.flag(causal);
  properties.softcap = node.floatAttr(softcap);
  SmallVector<Value> operands{q, k, v};
  if (mask) {
    operands.push_back(mask);
  }
  return node.one<graph::AttentionOp>(operands, properties);
}

Value zeroHiddenRows(NodeContext &node, Value y, Value mask) {
  Value most = node.reduce(graph::ReduceKind::Max, mask, {node.rankOf(mask) - 1});
  Value hidden = most ? node.compare(graph::CompareKind::Le, most, node.scalarLike(most, lowest(most))) : Value();
  std::optional<Tensor> known = hidden ? graph::constantTensor(hidden) : std::nullopt;
  bool any = !known;
  for (int64_t i = 0; known && i < known->size(); ++i) {
    any |= known->asInt(i) != 0;
  }
  return any ? node.select(hidden, node.scalarLike(y, 0), y) : y;
}

static LogicalResult attention(NodeContext &node) {
  if (!node.needInputs(3, 7)) {
    return failure();
  }
  bool merge = node.rankOf(node.input(0)) == 3;
  int64_t queryHeads = node.attrInt("q_num_heads", 0), keyHeads = node.attrInt("kv_num_heads", queryHeads);
  Value q = splitHeads(node, node.input(0), queryHeads), k = splitHeads(node, node.input(1), keyHeads);
  Value v = splitHeads(node, node.input(2), keyHeads);
  int64_t past = 0;
  if (node.has(4) && node.has(5) && k && v) {
    past = node.rankOf(node.input(4)) == 4 ? node.dimsOf(node.input(4))[2] : 0;
    k = node.concat({node.input(4), k}, 2);
    v = node.concat({node.input(5), v}, 2);
  }
  if (!q || !k || !v) {
    return failure();
  }
  if (node.rankOf(q) != 4 || node.rankOf(k) != 4 || node.rankOf(v) != 4) {
    return node.fail("query, key and value need rank 3 or 4");
  }
  int64_t queries = node.dimsOf(q)[2], keys = node.dimsOf(k)[2];
  double scale = node.attrFloat("scale", 1.0 / std::sqrt(static_cast<double>(node.dimsOf(q)[3])));
  double softcap = node.attrFloat("softcap", 0.0);
  bool causal = node.attrInt("is_causal", 0) != 0, wantScores = node.wantsOutput(3);
  Value mask = node.has(3) ? additiveMask(node, node.input(3), q, keys) : Value();
  if (node.has(3) && !mask) {
    return failure();
  }
  Band band{node.attrInt("left_window_size", -1), node.attrInt("right_window_size", -1)};
  auto hide = [&](Value hidden) { mask = mask ? node.add(mask, hidden) : hidden; };
  if (node.has(6)) {
    hide(lengthMask(node, q, node.input(6), queries, keys, causal));
    causal = false;
  }
  bool flags = node.has(3) && node.elementOf(node.input(3)).isInteger(1); // rows may be hidden by both together
  if (band.left >= 0 || band.right >= 0 || (causal && flags) || (causal && (wantScores || past != keys - queries))) {
    band.right = causal ? 0 : band.right;
    hide(bandMask(node, q, queries, keys, past, band));
    causal = false;
  }
  if (!node.reason().empty()) {
    return failure();
  }
  SmallVector<Value> results{Value(), k, v};
  if (wantScores) {
    return decomposed(node, q, k, v, mask, scale, softcap, merge, results);
  }
  Value y = attentionOf(node, q, k, v, mask, scale, causal, softcap);
  if (mask && (node.has(6) || (node.has(3) && node.elementOf(node.input(3)).isInteger(1)))) {
    y = zeroHiddenRows(node, y, mask);
  }
  results[0] = merge ? mergeHeads(node, y) : y;
  return node.results(results);
}

Value rotate(NodeContext &node, Value x, Value cos, Value sin, int64_t rotated, bool interleaved) {
  if (!x || !cos || !sin) {
    return {};
  }
  Ints d(node.dimsOf(x));
  if (rotated < 2 || rotated > d[3] || rotated % 2) {
    return node.OpBuilding::fail("rotary_embedding_dim does not fit the head size");
  }
  if (node.rankOf(cos) != 3 || node.dimsOf(cos) != node.dimsOf(sin) || node.dimsOf(cos).back() < rotated / 2) {
    return node.OpBuilding::fail("the caches do not fit the positions and the head size");
  }
  int64_t half = rotated / 2;
  auto cache = [&](Value c) {
    c = node.cast(node.sliceAxis(c, 2, 0, half), node.elementOf(x));
    return c ? node.reshape(c, {node.dimsOf(c)[0], 1, node.dimsOf(c)[1], half}) : c;
  };
  cos = cache(cos);
  sin = cache(sin);
  auto part = [&](int64_t which) {
    if (!interleaved) {
      return node.sliceAxis(x, 3, which * half, half);
    }
    return node.slice(x, {0, 0, 0, which}, {d[0], d[1], d[2], half}, {1, 1, 1, half > 1 ? 2 : 1});
  };
  Value a = part(0), b = part(1);
  Value real = node.sub(node.mul(a, cos), node.mul(b, sin)), imaginary = node.add(node.mul(a, sin), node.mul(b, cos));
  if (!real || !imaginary) {
    return {};
  }
  Value y;
  if (interleaved) {
    Ints column{d[0], d[1], d[2], half, 1};
    y = node.reshape(node.concat({node.reshape(real, column), node.reshape(imaginary, column)}, 4), {d[0], d[1], d[2], rotated});
  } else {
    y = node.concat({real, imaginary}, 3);
  }
  return rotated < d[3] ? node.concat({y, node.sliceAxis(x, 3, rotated, d[3] - rotated)}, 3) : y;
}

static LogicalResult rotaryEmbedding(NodeContext &node) {
  if (!node.needInputs(3, 4)) {
    return failure();
  }
  Value x = node.input(0), cos = node.input(1), sin = node.input(2);
  bool merge = node.rankOf(x) == 3;
  x = splitHeads(node, x, node.attrInt("num_heads", 0));
  if (!x || node.rankOf(x) != 4) {
    return node.fail("the input needs rank 3 with num_heads, or rank 4");
  }
  if (node.has(3)) {
    cos = node.gather(cos, node.input(3), 0);
    sin = node.gather(sin, node.input(3), 0);
  }
  int64_t rotated = node.attrInt("rotary_embedding_dim", 0);
  Value y = rotate(node, x, cos, sin, rotated ? rotated : node.dimsOf(x)[3], node.attrInt("interleaved", 0) != 0);
  return node.result(merge && y ? mergeHeads(node, y) : y);
}

void addAttentionHandlers(HandlerTable &table) {
  table.add("Attention", 23, attention);
  table.add("RotaryEmbedding", 23, rotaryEmbedding);
}

} // namespace ncc::frontend
