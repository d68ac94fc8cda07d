// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Run-time forms of products: sums over labels, and attention over a number of tokens the model computes.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/ops/Attention.h"
#include "compiler/frontend/onnx/ops/FusedActivation.h"
#include "compiler/frontend/onnx/ops/RunTimeShapes.h"

#include <cmath>

using namespace mlir;

namespace ncc::frontend {

namespace {

using ops::Attributes;

LogicalResult einsum(NodeContext &node) {
  Attributes attributes;
  attributes.set("equation", node.attrString("equation", ""));
  return node.result(node.hostOne("einsum", node.inputs(), attributes));
}

/// [B, S, H * D] as [B, H, S, D].
Value heads(NodeContext &node, Value x, int64_t count) {
  if (!x || node.rankOf(x) == 4) {
    return x;
  }
  int64_t hidden = knownDim(node, x, 2);
  if (node.rankOf(x) != 3 || count < 1 || (hidden >= 0 && hidden % count != 0)) {
    return node.OpBuilding::fail("the hidden size does not divide by the number of heads");
  }
  return permuted(node, reshapeBy(node, x, {0, 0, count, hidden > 0 ? hidden / count : -1}), {0, 2, 1, 3});
}

Value merged(NodeContext &node, Value y) { return reshapeBy(node, permuted(node, y, {0, 2, 1, 3}), {0, 0, -1}); }

/// What is added to the scores so that query i sees the keys up to i + past.
Value causalMask(NodeContext &node, Value q, Value k, Value past) {
  Tensor yes(DType::Bool, {1});
  yes.setInt(0, 1);
  Attributes lower;
  lower.set("upper", int64_t{0});
  Value whole = filled(node, {dimOf(node, q, 2), dimOf(node, k, 2)}, yes);
  Value offset = past ? reshapeBy(node, dimOf(node, past, 2), {}) : scalarOf(node, 0);
  Value seen = whole && offset ? node.hostOne("triangle", {whole, offset}, lower) : Value();
  return seen ? node.select(seen, node.scalarLike(q, 0), node.scalarLike(q, -INFINITY)) : Value();
}

struct AttentionParts {
  Value mask, pastKey, pastValue;
  bool causal = false, merge = false;
  double scale = 0, softcap = 0;
};

/// The results of attention: y, and the keys and values it saw.
LogicalResult attend(NodeContext &node, Value q, Value k, Value v, const AttentionParts &parts) {
  if (q && knownDim(node, q, 3) < 1 && parts.scale == 0) {
    return node.fail("the size of its heads is computed at run time");
  }
  auto behind = [&](Value past, Value now) {
    Attributes tokens;
    tokens.set("axis", int64_t{2});
    return past && now ? node.hostOne("concat", {past, now}, tokens) : now;
  };
  k = behind(parts.pastKey, k);
  v = behind(parts.pastValue, v);
  Value mask = parts.mask;
  if (mask && node.elementOf(mask).isInteger(1)) {
    mask = node.select(mask, node.scalarLike(q, 0), node.scalarLike(q, -INFINITY));
  }
  mask = mask ? node.cast(mask, node.elementOf(q)) : mask;
  if (parts.causal && q && k) {
    Value hidden = causalMask(node, q, k, parts.pastKey);
    mask = mask ? node.add(mask, hidden) : hidden;
  }
  if (!q || !k || !v || ((parts.causal || parts.mask) && !mask)) {
    return failure();
  }
  double scale = parts.scale != 0 ? parts.scale : 1.0 / std::sqrt(static_cast<double>(knownDim(node, q, 3)));
  Value y = attentionOf(node, q, k, v, mask, scale, false, parts.softcap);
  y = y && mask ? zeroHiddenRows(node, y, mask) : y;
  return node.results({parts.merge ? merged(node, y) : y, k, v});
}

LogicalResult attention(NodeContext &node) {
  if (!node.needInputs(3, 6)) {
    return failure();
  }
  if (node.wantsOutput(3) || node.attrInt("left_window_size", -1) >= 0 || node.attrInt("right_window_size", -1) >= 0) {
    return node.fail("scores and windows need shapes that are not computed at run time");
  }
  AttentionParts parts{node.input(3), node.input(4), node.input(5), node.attrInt("is_causal", 0) != 0, node.rankOf(node.input(0)) == 3,
                       node.attrFloat("scale", 0), node.attrFloat("softcap", 0)};
  int64_t queryHeads = node.attrInt("q_num_heads", 0), keyHeads = node.attrInt("kv_num_heads", queryHeads);
  return attend(node, heads(node, node.input(0), queryHeads), heads(node, node.input(1), keyHeads), heads(node, node.input(2), keyHeads), parts);
}

/// com.microsoft's: query, key and value apart, with a bias for all three and a mask added to the scores.
LogicalResult multiHeadAttention(NodeContext &node) {
  if (!node.needInputs(3, 8)) {
    return failure();
  }
  int64_t count = node.attrInt("num_heads", 0), hidden = knownDim(node, node.input(0), 2);
  if (node.has(4) || node.rankOf(node.input(0)) != 3 || hidden < 1) {
    return node.fail("key_padding_mask, packed operands and open hidden sizes need shapes that are not computed at run time");
  }
  auto part = [&](size_t i) {
    Value x = node.input(i);
    Value bias = node.has(3) ? node.sliceAxis(node.input(3), 0, static_cast<int64_t>(i) * hidden, i < 2 ? hidden : node.dimsOf(node.input(3))[0] - 2 * hidden) : Value();
    return heads(node, node.has(3) ? bias ? node.add(x, bias) : Value() : x, count);
  };
  AttentionParts parts{node.input(5), node.input(6), node.input(7), node.attrInt("unidirectional", 0) != 0, true, node.attrFloat("scale", 0), 0};
  return attend(node, part(0), part(1), part(2), parts);
}

LogicalResult runTimeFusedGemm(NodeContext &node) { return fusedGemm(node, runTimeHandlers()); }

} // namespace

void addRunTimeProductHandlers(HandlerTable &table) {
  table.add("Einsum", 12, einsum);
  table.add("Attention", 23, attention);
  table.add("MultiHeadAttention", 1, multiHeadAttention, kMicrosoft);
  table.add("FusedGemm", 1, runTimeFusedGemm, kMicrosoft);
}

} // namespace ncc::frontend
