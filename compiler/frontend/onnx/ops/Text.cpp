// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Text to numbers: tokens, n-grams, hashes. Strings become numbers in host stages; what is then computed with is not theirs.
#include "compiler/frontend/onnx/ops/Text.h"
#include "dialects/graph/ValueTypes.h"

using namespace mlir;

namespace ncc::frontend {

namespace {

LogicalResult tokenizer(NodeContext &node) {
  ops::Attributes attributes;
  attributes.set("mark", node.attrInt("mark", 0));
  attributes.set("pad", node.attrString("pad_value", ""));
  attributes.set("min_chars", node.attrInt("mincharnum", 1));
  if (const onnx::AttributeProto *given = node.attr("separators")) {
    attributes.set("separators", std::vector<std::string>(given->strings().begin(), given->strings().end()));
  }
  attributes.set("expression", node.attrString("tokenexp", ""));
  return node.needInputs(1, 1) ? node.result(node.hostOne("tokenize", node.input(0), attributes)) : failure();
}

LogicalResult murmurHash(NodeContext &node) {
  ops::Attributes attributes;
  attributes.set("seed", node.attrInt("seed", 0));
  attributes.set("positive", node.attrInt("positive", 1));
  return node.needInputs(1, 1) ? node.result(node.hostOne("murmur_hash", node.input(0), attributes)) : failure();
}

/// Strings as the numbers of the pool's strings; what is not in the pool is -1, which is in no n-gram.
Value numbered(NodeContext &node, Value x, const onnx::AttributeProto &pool, Ints &numbers) {
  llvm::StringMap<int64_t> known;
  Tensor keys(DType::String, {pool.strings_size()}), places(DType::I64, keys.shape()), none(DType::I64, {});
  for (int i = 0; i < pool.strings_size(); ++i) {
    int64_t number = known.try_emplace(pool.strings(i), i).first->second;
    keys.mutableStrings()[static_cast<size_t>(i)] = pool.strings(i);
    places.setInt(i, number);
    numbers.push_back(number);
  }
  none.setInt(0, -1);
  return node.hostOne("lookup", {x, node.constant(keys, "pool"), node.constant(places), node.constant(none)});
}

LogicalResult tfidf(NodeContext &node) {
  Ints indexes = node.attrInts("ngram_indexes"), pool = node.attrInts("pool_int64s");
  constexpr int64_t kMostColumns = 1 << 24;
  int64_t width = 0;
  for (int64_t index : indexes) {
    width = index < 0 || index >= kMostColumns ? kMostColumns + 1 : std::max(width, index + 1);
  }
  if (!node.needInputs(1, 1) || width < 1 || width > kMostColumns) {
    return node.fail("ngram_indexes must be small non-negative integers");
  }
  Value x = node.input(0);
  const onnx::AttributeProto *strings = node.attr("pool_strings");
  if (strings && strings->strings_size() > 0) {
    pool.clear();
    x = numbered(node, x, *strings, pool);
  }
  auto type = x ? dyn_cast<TensorType>(x.getType()) : TensorType();
  if (!type || (type.hasRank() && type.getRank() < 1) || !isa<IntegerType>(type.getElementType())) {
    return node.fail("needs rows of tokens that are like its pool: integers or strings");
  }
  graph::TfidfOp::Properties properties;
  properties.mode = node.attrs().getStringAttr(node.attrString("mode", ""));
  properties.min_gram = node.intAttr(node.attrInt("min_gram_length", 1));
  properties.max_gram = node.intAttr(node.attrInt("max_gram_length", 1));
  properties.max_skip = node.intAttr(node.attrInt("max_skip_count", 0));
  properties.ngram_counts = node.intsAttr(node.attrInts("ngram_counts"));
  properties.ngram_indexes = node.intsAttr(indexes);
  properties.pool = node.intsAttr(pool);
  properties.weights = node.floatsAttr(node.attrFloats("weights"));
  Type element = Float32Type::get(node.context()), result = UnrankedTensorType::get(element);
  if (type.hasRank()) {
    Ints dims(type.getShape().drop_back());
    dims.push_back(width);
    result = RankedTensorType::get(dims, element);
  }
  return node.result(node.one<graph::TfidfOp>(x, properties, result));
}

} // namespace

void addTextHandlers(HandlerTable &table) {
  table.add("TfIdfVectorizer", 9, tfidf);
  table.add("Tokenizer", 1, tokenizer, kMicrosoft);
  table.add("MurmurHash3", 1, murmurHash, kMicrosoft);
}

} // namespace ncc::frontend
