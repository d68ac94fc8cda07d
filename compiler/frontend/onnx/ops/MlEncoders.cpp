// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Encoders and feature plumbing of ai.onnx.ml. Numeric forms are comparisons with the known keys; strings, doubles and what
// has no static shape are looked up in a host stage.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/ops/Ml.h"
#include "compiler/frontend/onnx/ops/MlMaps.h"
#include "dialects/graph/ValueTypes.h"
#include "runtime/ops/host/Rules.h"

#include "absl/strings/str_cat.h"

#include <cmath>

using namespace mlir;

namespace ncc::frontend {

static LogicalResult arrayFeatures(NodeContext &node) {
  if (!node.needInputs(2, 2) || node.rankOf(node.input(0)) < 1) {
    return node.fail("needs an array and indices");
  }
  Value x = node.input(0), index = node.reshape(node.input(1), {node.typeOf(node.input(1)).getNumElements()});
  if (node.rankOf(x) == 1) {
    x = node.reshape(x, {1, node.dimsOf(x)[0]});
  }
  return node.result(node.gather(x, index, node.rankOf(x) - 1));
}

/// Each input cut or filled with zeros to its wanted width, side by side.
static LogicalResult featureVectorizer(NodeContext &node) {
  Ints widths = node.attrInts("inputdimensions");
  SmallVector<Value> parts;
  if (!node.needInputs(1) || widths.size() != node.numInputs()) {
    return node.fail("inputdimensions must have one entry per input");
  }
  for (size_t i = 0; i < node.numInputs(); ++i) {
    Value x = node.has(i) ? mlInput(node, i) : Value();
    if (!x || node.rankOf(x) < 1 || widths[i] < 0 || widths[i] > (1 << 24)) {
      return node.fail("needs vectors or rows of numbers");
    }
    int64_t batch = node.rankOf(x) == 1 ? 1 : node.dimsOf(x)[0], count = node.typeOf(x).getNumElements();
    int64_t have = batch > 0 ? count / batch : 0, want = widths[i];
    x = node.reshape(x, {batch, have});
    x = have > want ? node.sliceAxis(x, 1, 0, want) : node.pad(x, {0, 0}, {0, want - have});
    parts.push_back(x);
  }
  return node.result(node.concat(parts, 1));
}

static LogicalResult imputer(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  Value x = node.input(0);
  bool integers = node.hasAttr("imputed_value_int64s") && !node.attrInts("imputed_value_int64s").empty();
  SmallVector<double> values = node.attrFloats("imputed_value_floats");
  double replaced = node.attrFloat("replaced_value_float", 0);
  if (integers) {
    Ints given = node.attrInts("imputed_value_int64s");
    values.assign(given.begin(), given.end());
    replaced = static_cast<double>(node.attrInt("replaced_value_int64", 0));
  }
  int64_t last = node.rankOf(x) > 0 ? node.dimsOf(x).back() : 1;
  if (values.empty() || (values.size() != 1 && static_cast<int64_t>(values.size()) != last)) {
    return node.fail(absl::StrCat(values.size(), " imputed values for ", last, " features"));
  }
  Value fill = rowConstant(node, values, x);
  Value missing = std::isnan(replaced) ? node.unary(graph::UnaryKind::IsNan, x)
                                       : node.compare(graph::CompareKind::Eq, x, node.scalarLike(x, replaced));
  return node.result(fill ? node.select(missing, node.reshape(fill, {static_cast<int64_t>(values.size())}), x) : Value());
}

//===--- keys and values ---===//

static std::optional<Tensor> intList(NodeContext &node, const std::string &name) {
  Ints ints = node.attrInts(name);
  return ints.empty() ? std::nullopt : std::optional(ops::listOf({ints.begin(), ints.end()}));
}

static std::optional<Tensor> stringList(NodeContext &node, const std::string &name) {
  const onnx::AttributeProto *strings = node.attr(name);
  if (!strings || strings->strings_size() == 0) {
    return std::nullopt;
  }
  Tensor list(DType::String, {strings->strings_size()});
  list.mutableStrings().assign(strings->strings().begin(), strings->strings().end());
  return list;
}

/// A list of keys or values from `name`_int64s, _strings, _floats or _tensor; nothing when none is there.
static std::optional<Tensor> listOf(NodeContext &node, StringRef name) {
  if (const onnx::AttributeProto *tensor = node.attr((name + "_tensor").str())) {
    absl::StatusOr<Tensor> read = node.scope().tensor(tensor->t());
    return read.ok() ? std::optional(*read) : std::nullopt;
  }
  if (std::optional<Tensor> ints = intList(node, (name + "_int64s").str())) {
    return ints;
  }
  if (SmallVector<double> floats = node.attrFloats((name + "_floats").str()); !floats.empty()) {
    Tensor list(DType::F32, {static_cast<int64_t>(floats.size())});
    for (size_t i = 0; i < floats.size(); ++i) {
      list.setDouble(static_cast<int64_t>(i), floats[i]);
    }
    return list;
  }
  return stringList(node, (name + "_strings").str());
}

/// hits[..., K]: which key each element of x is (NaN is NaN since version 4).
static Value keyHits(NodeContext &node, Value x, const Tensor &keys) {
  int64_t rank = node.rankOf(x);
  Ints wide(node.dimsOf(x)), line(rank + 1, 1);
  wide.push_back(1);
  line[rank] = keys.size();
  Value column = node.reshape(x, wide), known = node.reshape(node.constant(keys, "keys"), line);
  Value hits = node.compare(graph::CompareKind::Eq, column, known);
  bool hasNan = false;
  for (int64_t i = 0; node.opset() >= 4 && isFloat(keys.dtype()) && i < keys.size(); ++i) {
    hasNan |= std::isnan(keys.asDouble(i));
  }
  if (hasNan) {
    Value both = node.binary(graph::BinaryKind::LogicalAnd, node.unary(graph::UnaryKind::IsNan, column), node.unary(graph::UnaryKind::IsNan, known));
    hits = node.binary(graph::BinaryKind::LogicalOr, hits, both);
  }
  return hits;
}

/// The default an encoder gives for what is no key.
static Tensor fallbackOf(NodeContext &node, DType type) {
  Tensor value(type, {});
  if (const onnx::AttributeProto *tensor = node.attr("default_tensor")) {
    absl::StatusOr<Tensor> read = node.scope().tensor(tensor->t());
    return read.ok() && read->size() == 1 && read->dtype() == type ? read->reshaped({}) : value;
  }
  if (type == DType::String) {
    value.mutableStrings()[0] = node.attrString("default_string", "_Unused");
  } else if (isFloat(type)) {
    value.setDouble(0, node.attrFloat("default_float", -0.0));
  } else {
    value.setInt(0, node.attrInt("default_int64", -1));
  }
  return value;
}

/// Without the later ones of equal keys, which nothing leads to.
static void dropRepeated(Tensor &keys, Tensor &values) {
  SmallVector<int64_t> kept;
  auto same = [&](int64_t a, int64_t b) {
    return isFloat(keys.dtype()) ? keys.asDouble(a) == keys.asDouble(b) : keys.asInt(a) == keys.asInt(b);
  };
  for (int64_t i = 0; i < keys.size(); ++i) {
    if (llvm::none_of(kept, [&](int64_t before) { return same(before, i); })) {
      kept.push_back(i);
    }
  }
  Tensor newKeys(keys.dtype(), {static_cast<int64_t>(kept.size())}), newValues(values.dtype(), newKeys.shape());
  for (auto [to, from] : llvm::enumerate(kept)) {
    ops::copyRun(keys, from, newKeys, static_cast<int64_t>(to), 1);
    ops::copyRun(values, from, newValues, static_cast<int64_t>(to), 1);
  }
  keys = newKeys;
  values = newValues;
}

/// True where engines hold the keys exactly and few enough of them.
static bool comparedOnEngines(Value x, const Tensor &keys) {
  constexpr int64_t kMostKeys = 1024;
  return graph::isStaticTensor(x.getType()) && keys.dtype() != DType::String && keys.dtype() != DType::F64 && keys.size() <= kMostKeys;
}

/// Every element of x replaced by the value of the key it is. Without a fallback, one that is no key is an error.
static Value encode(NodeContext &node, Value x, Tensor keys, Tensor values, const std::optional<Tensor> &fallback) {
  auto type = dyn_cast<TensorType>(x.getType());
  if (!type || graph::dtypeOf(type.getElementType()) != keys.dtype()) {
    return node.OpBuilding::fail("its keys are of another type than its input");
  }
  keys = keys.reshaped({keys.size()});
  values = values.reshaped({values.size()});
  if (!fallback || !comparedOnEngines(x, keys)) {
    SmallVector<Value> operands{x, node.constant(keys, "keys"), node.constant(values, "values")};
    if (fallback) {
      operands.push_back(node.constant(*fallback, "fallback"));
    }
    return node.hostOne("lookup", operands);
  }
  // The position of the key, plus one; zero is the default's.
  dropRepeated(keys, values);
  int64_t count = keys.size();
  Tensor positions(DType::F32, {count}), table(values.dtype(), {count + 1});
  for (int64_t i = 0; i < count; ++i) {
    positions.setDouble(i, static_cast<double>(i + 1));
  }
  ops::copyRun(*fallback, 0, table, 0, 1);
  ops::copyRun(values, 0, table, 1, count);
  Value hits = node.cast(keyHits(node, x, keys), Float32Type::get(node.context()));
  Value at = hits ? node.reduce(graph::ReduceKind::Max, node.mul(hits, node.constant(positions)), {node.rankOf(hits) - 1}, false) : Value();
  return node.gather(node.constant(table, "values"), node.cast(at, IntegerType::get(node.context(), 32)), 0);
}

/// 0, 1, 2 ...
static Tensor numbersTo(int64_t count) {
  Tensor numbers(DType::I64, {count});
  for (int64_t i = 0; i < count; ++i) {
    numbers.setInt(i, i);
  }
  return numbers;
}

static bool holdsStrings(Value x) {
  auto type = dyn_cast<TensorType>(x.getType());
  return type && isa<graph::StringType>(type.getElementType());
}

/// Strings to their numbers, or numbers to the strings they stand for, by the type of the input.
static LogicalResult encodeBothWays(NodeContext &node, const Tensor &strings, const Tensor &numbers) {
  bool text = node.needInputs(1, 1) && holdsStrings(node.input(0));
  Tensor fallback(text ? DType::I64 : DType::String, {});
  if (text) {
    fallback.setInt(0, node.attrInt("default_int64", -1));
  } else {
    fallback.mutableStrings()[0] = node.attrString("default_string", "_Unused");
  }
  return node.has(0) ? node.result(encode(node, node.input(0), text ? strings : numbers, text ? numbers : strings, fallback)) : failure();
}

static LogicalResult labelEncoder(NodeContext &node) {
  std::optional<Tensor> keys = listOf(node, "keys"), values = listOf(node, "values"), classes = listOf(node, "classes");
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  if (node.opset() < 2) {
    return classes ? encodeBothWays(node, *classes, numbersTo(classes->size())) : node.fail("needs classes_strings");
  }
  if (!keys || !values || keys->size() != values->size() || keys->size() == 0) {
    return node.fail("needs keys and as many values");
  }
  return node.result(encode(node, node.input(0), *keys, *values, fallbackOf(node, values->dtype())));
}

static LogicalResult categoryMapper(NodeContext &node) {
  std::optional<Tensor> numbers, strings;
  if (node.hasAttr("cats_int64s") && node.hasAttr("cats_strings")) {
    numbers = intList(node, "cats_int64s");
    strings = stringList(node, "cats_strings");
  }
  if (!numbers || !strings || numbers->size() != strings->size()) {
    return node.fail("needs cats_int64s and as many cats_strings");
  }
  return encodeBothWays(node, *strings, *numbers);
}

static LogicalResult oneHotEncoder(NodeContext &node) {
  std::optional<Tensor> categories = listOf(node, "cats");
  if (!node.needInputs(1, 1) || !categories || categories->size() == 0) {
    return node.fail("needs cats_int64s or cats_strings");
  }
  Value x = node.input(0);
  bool text = categories->dtype() == DType::String, known = node.attrInt("zeros", 1) == 0;
  if (holdsStrings(x) != text) {
    return node.fail("its categories are of another type than its input");
  }
  // Floats lose their fraction, as in ONNX Runtime.
  Value keys = text ? x : node.cast(x, IntegerType::get(node.context(), 64));
  if (text || known) { // by number; whatever is no category has the number -1, or is an error
    Tensor none(DType::I64, {});
    none.setInt(0, -1);
    keys = keys ? encode(node, keys, *categories, numbersTo(categories->size()), known ? std::nullopt : std::optional(none)) : keys;
    categories = numbersTo(categories->size());
  }
  return keys ? node.result(node.cast(keyHits(node, keys, *categories), Float32Type::get(node.context()))) : failure();
}

void addMlEncoderHandlers(HandlerTable &table) {
  table.add("ArrayFeatureExtractor", 1, arrayFeatures, kMl);
  table.add("CategoryMapper", 1, categoryMapper, kMl);
  table.add("FeatureVectorizer", 1, featureVectorizer, kMl);
  table.add("Imputer", 1, imputer, kMl);
  table.add("LabelEncoder", 1, labelEncoder, kMl);
  table.add("OneHotEncoder", 1, oneHotEncoder, kMl);
  addMlMapHandlers(table);
}

} // namespace ncc::frontend
