// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// com.microsoft's attention operators and rotary embedding, as the standard pieces.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/ops/Attention.h"

#include "absl/strings/str_cat.h"

#include <cmath>
#include <limits>

using namespace mlir;

namespace ncc::frontend {

using graph::BinaryKind;
using graph::CompareKind;

static Value positions(NodeContext &node, int64_t count) {
  if (!node.canMake(DType::I32, {count})) {
    return {};
  }
  Tensor line(DType::I32, {count});
  for (int64_t i = 0; i < count; ++i) {
    line.setInt(i, i);
  }
  return node.constant(line, "positions");
}

/// 0 where `seen`, else the filter value.
static Value hidden(NodeContext &node, Value seen, Value like, double filter) {
  return node.select(seen, node.scalarLike(like, 0), node.scalarLike(like, filter));
}

static Value sum(NodeContext &node, Value a, Value b) { return a && b ? node.add(a, b) : a ? a : b; }

/// The mask operand of Attention and MultiHeadAttention: key lengths [B], or 1 for keys that are seen.
static Value keyMask(NodeContext &node, Value mask, Value like, int64_t batch, int64_t keys, double filter) {
  IntsRef d = node.dimsOf(mask);
  Type i32 = IntegerType::get(node.context(), 32);
  if (d.size() == 1 && (d[0] == batch || d[0] == 2 * batch || d[0] == 3 * batch + 2)) {
    Value ends = node.cast(node.sliceAxis(mask, 0, 0, batch), i32);
    Value seen = node.compare(CompareKind::Lt, node.reshape(positions(node, keys), {1, 1, 1, keys}), node.reshape(ends, {batch, 1, 1, 1}));
    if (d[0] == 2 * batch) {
      Value starts = node.cast(node.sliceAxis(mask, 0, batch, batch), i32);
      seen = node.binary(BinaryKind::LogicalAnd, seen,
                         node.compare(CompareKind::Ge, node.reshape(positions(node, keys), {1, 1, 1, keys}), node.reshape(starts, {batch, 1, 1, 1})));
    }
    return hidden(node, seen, like, filter);
  }
  if ((d.size() != 2 && d.size() != 3) || d.back() != keys) {
    return node.OpBuilding::fail("its mask has a form that is not supported");
  }
  Value seen = node.compare(CompareKind::Gt, node.cast(mask, i32), node.splat(RankedTensorType::get({}, i32), 0));
  Ints shape = d.size() == 2 ? Ints{d[0], 1, 1, d[1]} : Ints{d[0], 1, d[1], d[2]};
  return hidden(node, node.reshape(seen, shape), like, filter);
}

/// Queries at the end of the keys see what is not after them.
static Value causalMask(NodeContext &node, Value like, int64_t queries, int64_t keys) {
  if (!node.canMake(DType::F32, {queries, keys})) {
    return {};
  }
  Tensor mask(DType::F32, {queries, keys});
  for (int64_t i = 0; i < queries; ++i) {
    for (int64_t j = 0; j < keys; ++j) {
      mask.setDouble(i * keys + j, j > i + keys - queries ? -std::numeric_limits<double>::infinity() : 0);
    }
  }
  return node.cast(node.constant(mask, "causal"), node.elementOf(like));
}

static double scaleOf(NodeContext &node, Value q) {
  double scale = node.attrFloat("scale", 0);
  return scale == 0 ? 1 / std::sqrt(static_cast<double>(node.dimsOf(q)[3])) : scale;
}

/// What is optional beside the packed query, key and value of Attention.
struct Beside {
  Value mask, past, bias;
};

/// Attention on packed[B,S,sizes], the product that makes query, key and value.
static LogicalResult attendPacked(NodeContext &node, Value packed, IntsRef sizes, const Beside &beside) {
  int64_t heads = node.attrInt("num_heads", 0);
  Value q = splitHeads(node, node.sliceAxis(packed, 2, 0, sizes[0]), heads);
  Value k = splitHeads(node, node.sliceAxis(packed, 2, sizes[0], sizes[1]), heads);
  Value v = splitHeads(node, node.sliceAxis(packed, 2, sizes[0] + sizes[1], sizes[2]), heads);
  if (!q || !k || !v) {
    return failure();
  }
  if (beside.past) {
    if (node.rankOf(beside.past) != 5 || node.dimsOf(beside.past)[0] != 2) {
      return node.fail("past must be [2, batch, heads, length, size]");
    }
    auto part = [&](int64_t which) {
      Value piece = node.sliceAxis(beside.past, 0, which, 1);
      return node.reshape(piece, node.dimsOf(piece).drop_front());
    };
    k = node.concat({part(0), k}, 2);
    v = node.concat({part(1), v}, 2);
  }
  if (!k || !v) {
    return failure();
  }
  int64_t batch = node.dimsOf(packed)[0], queries = node.dimsOf(q)[2], keys = node.dimsOf(k)[2];
  Value mask = beside.mask ? keyMask(node, beside.mask, q, batch, keys, node.attrFloat("mask_filter_value", -10000)) : Value();
  if (beside.mask && !mask) {
    return failure();
  }
  if (node.attrInt("unidirectional", 0) != 0) {
    Value causal = causalMask(node, q, queries, keys);
    if (!causal) {
      return failure();
    }
    mask = sum(node, mask, causal);
  }
  mask = beside.bias ? sum(node, mask, beside.bias) : mask;
  Value y = attentionOf(node, q, k, v, mask, scaleOf(node, q), false, 0), present;
  if (node.wantsOutput(1)) {
    auto stacked = [&](Value part) {
      Ints dims(node.dimsOf(part));
      dims.insert(dims.begin(), 1);
      return node.reshape(part, dims);
    };
    present = node.concat({stacked(k), stacked(v)}, 0);
  }
  return node.results({y ? mergeHeads(node, y) : y, present});
}

/// Whether input and weights are [batch, length, size] and a matrix.
static bool isPackable(NodeContext &node) {
  return node.needInputs(2) && node.rankOf(node.input(0)) == 3 && node.rankOf(node.input(1)) == 2 && node.attrInt("num_heads", 0) >= 1;
}

/// One product makes query, key and value.
static LogicalResult attention(NodeContext &node) {
  if (!isPackable(node)) {
    return node.fail("needs an input [batch, length, size], a weight matrix, and num_heads");
  }
  if (node.has(6) || node.attrInt("do_rotary", 0) != 0) {
    return node.fail("do_rotary and past_sequence_length are not supported");
  }
  Value w = node.input(1), packed = node.matmul(node.input(0), w);
  packed = node.has(2) ? node.add(packed, node.input(2)) : packed;
  Ints sizes = node.attrInts("qkv_hidden_sizes");
  sizes = sizes.empty() ? Ints(3, node.dimsOf(w)[1] / 3) : sizes;
  if (!packed || sizes.size() != 3 || sizes[0] + sizes[1] + sizes[2] != node.dimsOf(w)[1]) {
    return node.fail("qkv_hidden_sizes do not add up to the weights");
  }
  return attendPacked(node, packed, sizes, {node.input(3), node.input(4), node.input(5)});
}

/// The same with input and weights of 8 bits: an integer product, scaled.
static LogicalResult qAttention(NodeContext &node) {
  if (!isPackable(node) || !node.needInputs(5, 9) || node.dimsOf(node.input(1))[1] % 3 != 0) {
    return node.fail("needs an input [batch, length, size], a weight matrix of three parts, their scales, and num_heads");
  }
  SmallVector<Value> packed = node.standard(
      "MatMulIntegerToFloat", 1, {node.input(0), node.input(1), node.input(3), node.input(4), node.input(6), node.input(7), node.input(2)}, kMicrosoft);
  return packed.empty() ? failure() : attendPacked(node, packed.front(), Ints(3, node.dimsOf(node.input(1))[1] / 3), {node.input(5), node.input(8), Value()});
}

/// Part `which` of x[B,S,N,parts,H] as [B,N,S,H].
static Value unpacked(NodeContext &node, Value x, int64_t which) {
  IntsRef d = node.dimsOf(x);
  Value part = node.reshape(node.sliceAxis(x, 3, which, 1), {d[0], d[1], d[2], d[4]});
  return node.transpose(part, {0, 2, 1, 3});
}

static LogicalResult multiHead(NodeContext &node) {
  int64_t heads = node.attrInt("num_heads", 0);
  if (!node.needInputs(1, 10) || heads < 1 || node.has(8) || node.has(9)) {
    return node.fail("needs num_heads; past lengths and cache indirections are not supported");
  }
  Value query = node.input(0), q, k, v;
  if (node.rankOf(query) == 5) {
    q = unpacked(node, query, 0);
    k = unpacked(node, query, 1);
    v = unpacked(node, query, 2);
  } else if (node.has(1) && node.rankOf(node.input(1)) == 5) {
    k = unpacked(node, node.input(1), 0);
    v = unpacked(node, node.input(1), 1);
  } else if (!node.has(1) || !node.has(2)) {
    return node.fail("key or value is missing");
  }
  auto biased = [&](Value x, int64_t begin, int64_t size) {
    return node.has(3) && node.rankOf(x) == 3 ? node.add(x, node.sliceAxis(node.input(3), 0, begin, size)) : x;
  };
  if (!q) {
    int64_t size = node.rankOf(query) == 3 ? node.dimsOf(query)[2] : 0;
    q = splitHeads(node, biased(query, 0, size), heads);
    k = k ? k : splitHeads(node, biased(node.input(1), size, size), heads);
    int64_t width = node.has(2) && node.rankOf(node.input(2)) == 3 ? node.dimsOf(node.input(2))[2] : 0;
    v = v ? v : splitHeads(node, biased(node.input(2), 2 * size, width), heads);
  }
  if (k && v && node.has(6) && node.has(7)) {
    k = node.concat({node.input(6), k}, 2);
    v = node.concat({node.input(7), v}, 2);
  }
  if (!q || !k || !v || node.rankOf(q) != 4 || node.rankOf(k) != 4) {
    return failure();
  }
  int64_t batch = node.dimsOf(q)[0], queries = node.dimsOf(q)[2], keys = node.dimsOf(k)[2];
  Value mask = node.has(4) ? keyMask(node, node.input(4), q, batch, keys, node.attrFloat("mask_filter_value", -10000)) : Value();
  if (node.has(4) && !mask) {
    return failure();
  }
  mask = node.has(5) ? sum(node, mask, node.input(5)) : mask;
  if (node.attrInt("unidirectional", 0) != 0) {
    Value causal = causalMask(node, q, queries, keys);
    if (!causal) {
      return failure();
    }
    mask = sum(node, mask, causal);
  }
  Value y = attentionOf(node, q, k, v, mask, scaleOf(node, q), false, 0);
  return node.results({y ? mergeHeads(node, y) : y, k, v});
}

namespace {

/// GroupQueryAttention: every batch element has its own number of past keys, in a cache of fixed length.
class GroupQuery {
public:
  GroupQuery(NodeContext &node) : node(node), i32(IntegerType::get(node.context(), 32)) {}

  LogicalResult run() {
    heads = node.attrInt("num_heads", 0);
    keyHeads = node.attrInt("kv_num_heads", 0);
    if (!node.needInputs(1, 12) || !node.has(5) || node.rankOf(node.input(0)) != 3 || heads < 1 || keyHeads < 1 || heads % keyHeads != 0) {
      return node.fail("needs a query [batch, length, size], seqlens_k, num_heads and kv_num_heads");
    }
    if (node.attrInt("smooth_softmax", 0) > 0 || node.has(11)) {
      return node.fail("smooth_softmax and head sinks are not supported");
    }
    if (!split()) {
      return failure();
    }
    batch = node.dimsOf(q)[0];
    length = node.dimsOf(q)[2];
    // Keys before this call, per batch element.
    Value total = node.reshape(node.cast(node.input(5), i32), {batch});
    past = node.add(total, node.splat(RankedTensorType::get({}, i32), static_cast<double>(1 - length)));
    past = node.binary(BinaryKind::Max, past, node.splat(RankedTensorType::get({}, i32), 0));
    if (!past || !rotary() || !cache()) {
      return failure();
    }
    Value y = attentionOf(node, q, k, v, mask(), scaleOf(node, q), false, node.attrFloat("softcap", 0));
    return node.results({y ? mergeHeads(node, y) : y, k, v});
  }

private:
  bool split() {
    Value packed = node.input(0), key = node.input(1), value = node.input(2);
    if (!node.has(1)) {
      int64_t size = node.dimsOf(packed)[2] / (heads + 2 * keyHeads);
      key = node.sliceAxis(packed, 2, heads * size, keyHeads * size);
      value = node.sliceAxis(packed, 2, (heads + keyHeads) * size, keyHeads * size);
      packed = node.sliceAxis(packed, 2, 0, heads * size);
    }
    q = packed ? splitHeads(node, packed, heads) : Value();
    k = key ? splitHeads(node, key, keyHeads) : Value();
    v = value ? splitHeads(node, value, keyHeads) : Value();
    return q && k && v;
  }

  /// past[b] + i as [B, S].
  Value absolute() {
    return node.add(node.reshape(past, {batch, 1}), node.reshape(positions(node, length), {1, length}));
  }

  bool rotary() {
    if (node.attrInt("do_rotary", 0) == 0) {
      return true;
    }
    if (!node.has(7) || !node.has(8)) {
      node.OpBuilding::fail("do_rotary needs the caches of cosines and sines");
      return false;
    }
    Value at = node.has(9) ? node.input(9) : absolute();
    Value cos = node.gather(node.input(7), at, 0), sin = node.gather(node.input(8), at, 0);
    bool interleaved = node.attrInt("rotary_interleaved", 0) != 0;
    int64_t rotated = cos ? 2 * node.dimsOf(node.input(7)).back() : 0;
    q = rotate(node, q, cos, sin, rotated, interleaved);
    k = rotate(node, k, cos, sin, rotated, interleaved);
    return q && k;
  }

  /// Writes the new keys and values behind the past ones.
  bool cache() {
    int64_t room = node.has(3) ? node.dimsOf(node.input(3))[2] : 0;
    if (room == 0) {
      return true;
    }
    std::optional<Tensor> total = node.has(6) ? graph::constantTensor(node.input(6)) : std::nullopt;
    bool shared = total && total->size() == 1 && total->asInt(0) <= room;
    std::optional<Tensor> known = graph::constantTensor(past);
    bool behind = !shared && (!known || (known->asInt(0) == room && known->asInt(known->size() - 1) == room));
    auto write = [&](Value old, Value fresh) -> Value {
      if (behind) { // the past is as long as its tensor
        return node.concat({old, fresh}, 2);
      }
      Value wide = shared ? old : node.pad(old, {0, 0, 0, 0}, {0, 0, length, 0});
      Value index = node.expand(node.reshape(absolute(), {batch, 1, length, 1}), node.dimsOf(fresh));
      graph::ScatterElementsOp::Properties properties;
      properties.axis = node.intAttr(2);
      return wide && index ? node.one<graph::ScatterElementsOp>({wide, index, fresh}, properties) : Value();
    };
    k = write(node.input(3), k);
    v = write(node.input(4), v);
    return k && v;
  }

  Value mask() {
    int64_t keys = node.dimsOf(k)[2], window = node.attrInt("local_window_size", -1);
    Value column = node.reshape(positions(node, keys), {1, 1, 1, keys}), row = node.reshape(absolute(), {batch, 1, length, 1});
    Value seen = node.compare(CompareKind::Le, column, row);
    if (window > 0) {
      Value first = node.sub(row, node.splat(RankedTensorType::get({}, i32), static_cast<double>(window)));
      seen = node.binary(BinaryKind::LogicalAnd, seen, node.compare(CompareKind::Gt, column, first));
    }
    Value result = hidden(node, seen, q, -std::numeric_limits<double>::infinity());
    return node.has(10) ? node.add(result, node.input(10)) : result;
  }

  NodeContext &node;
  Type i32;
  int64_t heads = 0, keyHeads = 0, batch = 0, length = 0;
  Value q, k, v, past;
};

} // namespace

static LogicalResult groupQuery(NodeContext &node) { return GroupQuery(node).run(); }

/// position_ids [1] is an offset, [B,S] are positions.
static LogicalResult rotaryEmbedding(NodeContext &node) {
  if (!node.needInputs(4, 4)) {
    return failure();
  }
  Value x = node.input(0), at = node.input(1);
  int64_t heads = node.attrInt("num_heads", 0), rotated = node.attrInt("rotary_embedding_dim", 0);
  bool merge = node.rankOf(x) == 3;
  if (merge && heads == 0) {
    heads = node.dimsOf(x)[2] / std::max<int64_t>(2 * node.dimsOf(node.input(2)).back(), 1);
  }
  x = splitHeads(node, x, heads);
  if (!x || node.rankOf(x) != 4) {
    return node.fail("the input needs rank 3 or 4");
  }
  if (node.typeOf(at).getNumElements() == 1 && node.rankOf(at) <= 1) {
    Value line = node.cast(positions(node, node.dimsOf(x)[2]), node.elementOf(at));
    at = node.reshape(node.add(line, node.reshape(at, {1})), {1, node.dimsOf(x)[2]});
  }
  Value cos = node.gather(node.input(2), at, 0), sin = node.gather(node.input(3), at, 0);
  rotated = rotated ? rotated : std::min(2 * node.dimsOf(node.input(2)).back(), node.dimsOf(x)[3]);
  Value y = rotate(node, x, cos, sin, rotated, node.attrInt("interleaved", 0) != 0);
  return node.result(merge && y ? mergeHeads(node, y) : y);
}

/// x with zeros behind, so that its last dim has `keys` entries.
static Value widened(NodeContext &node, Value x, int64_t keys) {
  if (node.rankOf(x) < 2) {
    return node.OpBuilding::fail("its mask has a form that is not supported");
  }
  Ints low(node.rankOf(x), 0), high(low);
  high.back() = keys - node.dimsOf(x).back();
  return high.back() < 0 ? node.OpBuilding::fail("a mask has more entries than the cache has keys") : node.pad(x, low, high);
}

/// A query of one position, against the keys of an encoder or those of a cache of fixed length whose first places are taken.
static LogicalResult decoderMasked(NodeContext &node) {
  int64_t heads = node.attrInt("num_heads", 0);
  if (!node.needInputs(3, 11) || heads < 1 || node.rankOf(node.input(0)) != 3 || node.dimsOf(node.input(0))[1] != 1 || node.has(9) || node.wantsOutput(3)) {
    return node.fail("needs num_heads, and query, key and value of one position; cache indirections and scores as a result are not supported");
  }
  int64_t size = node.dimsOf(node.input(0))[2];
  auto fresh = [&](int64_t which) {
    Value x = node.input(which);
    bool biased = node.has(10) && node.rankOf(x) == 3;
    return splitHeads(node, biased ? node.add(x, node.sliceAxis(node.input(10), 0, which * size, size)) : x, heads);
  };
  Value q = fresh(0), k = fresh(1), v = fresh(2), mask;
  if (!q || !k || !v || node.rankOf(k) != 4 || node.rankOf(v) != 4) {
    return node.fail("key and value need rank 3 or 4");
  }
  bool cached = node.rankOf(node.input(1)) == 3;
  if (cached) {
    if (node.attrInt("past_present_share_buffer", 0) == 0 || !node.has(5) || !node.has(6) || !node.has(7) || node.rankOf(node.input(5)) != 4 ||
        node.rankOf(node.input(6)) != 4) {
      return node.fail("needs a cache that past and present share, and the number of its keys");
    }
    Type i32 = IntegerType::get(node.context(), 32);
    Value past = node.reshape(node.cast(node.input(7), i32), {1, 1, 1, 1});
    auto write = [&](Value cache, Value x) {
      Value index = node.expand(past, node.dimsOf(x));
      graph::ScatterElementsOp::Properties properties;
      properties.axis = node.intAttr(2);
      return index ? node.one<graph::ScatterElementsOp>({cache, index, x}, properties) : Value();
    };
    k = write(node.input(5), k);
    v = write(node.input(6), v);
    if (!k || !v) {
      return failure();
    }
    Value seen = node.compare(CompareKind::Le, node.reshape(positions(node, node.dimsOf(k)[2]), {1, 1, 1, node.dimsOf(k)[2]}), past);
    mask = hidden(node, seen, q, -std::numeric_limits<double>::infinity());
  }
  int64_t keys = node.dimsOf(k)[2];
  if (node.has(3)) {
    Value known = widened(node, node.input(3), keys);
    mask = sum(node, mask, known ? keyMask(node, known, q, node.dimsOf(q)[0], keys, node.attrFloat("mask_filter_value", -10000)) : known);
  }
  mask = node.has(4) ? sum(node, mask, widened(node, node.input(4), keys)) : mask;
  Value y = node.reason().empty() ? attentionOf(node, q, k, v, mask, scaleOf(node, q), false, 0) : Value();
  return node.results({y ? mergeHeads(node, y) : y, cached ? k : Value(), cached ? v : Value()});
}

void addContribAttentionHandlers(HandlerTable &table) {
  table.add("Attention", 1, attention, kMicrosoft);
  table.add("QAttention", 1, qAttention, kMicrosoft);
  table.add("MultiHeadAttention", 1, multiHead, kMicrosoft);
  table.add("DecoderMaskedMultiHeadAttention", 1, decoderMasked, kMicrosoft);
  table.add("GroupQueryAttention", 1, groupQuery, kMicrosoft);
  table.add("RotaryEmbedding", 1, rotaryEmbedding, kMicrosoft);
}

} // namespace ncc::frontend
