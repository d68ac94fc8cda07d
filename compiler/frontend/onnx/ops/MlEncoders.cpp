// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Encoders and feature plumbing of ai.onnx.ml. Numeric forms are comparisons with the known keys; strings need a host stage.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/ops/Ml.h"

#include "absl/strings/str_cat.h"

#include <cmath>

using namespace mlir;

namespace ncc::frontend {

static LogicalResult arrayFeatures(NodeContext &node) {
  std::optional<Ints> known = std::nullopt;
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

/// A list of keys or values from `name`_int64s, _strings, _floats or _tensor; nothing when none is there.
static std::optional<Tensor> listOf(NodeContext &node, StringRef name) {
  if (const onnx::AttributeProto *tensor = node.attr((name + "_tensor").str())) {
    absl::StatusOr<Tensor> read = node.scope().tensor(tensor->t());
    return read.ok() ? std::optional(*read) : std::nullopt;
  }
  if (Ints ints = node.attrInts((name + "_int64s").str()); !ints.empty()) {
    Tensor list(DType::I64, {static_cast<int64_t>(ints.size())});
    for (size_t i = 0; i < ints.size(); ++i) {
      list.setInt(static_cast<int64_t>(i), ints[i]);
    }
    return list;
  }
  if (SmallVector<double> floats = node.attrFloats((name + "_floats").str()); !floats.empty()) {
    Tensor list(DType::F32, {static_cast<int64_t>(floats.size())});
    for (size_t i = 0; i < floats.size(); ++i) {
      list.setDouble(static_cast<int64_t>(i), floats[i]);
    }
    return list;
  }
  const onnx::AttributeProto *strings = node.attr((name + "_strings").str());
  if (!strings || strings->strings_size() == 0) {
    return std::nullopt;
  }
  Tensor list(DType::String, {strings->strings_size()});
  list.mutableStrings().assign(strings->strings().begin(), strings->strings().end());
  return list;
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

static LogicalResult labelEncoder(NodeContext &node) {
  std::optional<Tensor> keys = listOf(node, "keys"), values = listOf(node, "values");
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  if (node.opset() < 2) {
    return node.fail("its first version maps strings, which need a host stage");
  }
  if (!keys || !values || keys->size() != values->size() || keys->size() == 0) {
    return node.fail("needs keys and as many values");
  }
  Value x = node.input(0);
  if (graph::dtypeOf(node.elementOf(x)) != keys->dtype()) {
    return node.fail("its keys are of another type than its input");
  }
  if (keys->dtype() == DType::String) {
    return node.fail("maps strings, which needs a host stage");
  }
  // The position of the key, plus one; zero is the default's.
  Type f32 = Float32Type::get(node.context());
  int64_t count = keys->size();
  Tensor positions(DType::F32, {count}), table(values->dtype(), {count + 1});
  Tensor fallback = fallbackOf(node, values->dtype());
  for (int64_t i = 0; i < count; ++i) {
    positions.setDouble(i, static_cast<double>(i + 1));
  }
  for (int64_t i = 0; i <= count; ++i) {
    if (table.dtype() == DType::String) {
      table.mutableStrings()[static_cast<size_t>(i)] = i ? values->strings()[static_cast<size_t>(i - 1)] : fallback.strings()[0];
    } else if (isFloat(table.dtype())) {
      table.setDouble(i, i ? values->asDouble(i - 1) : fallback.asDouble(0));
    } else {
      table.setInt(i, i ? values->asInt(i - 1) : fallback.asInt(0));
    }
  }
  Value hits = node.cast(keyHits(node, x, *keys), f32);
  Value at = hits ? node.reduce(graph::ReduceKind::Max, node.mul(hits, node.constant(positions)), {node.rankOf(hits) - 1}, false) : Value();
  return node.result(node.gather(node.constant(table, "values"), node.cast(at, IntegerType::get(node.context(), 32)), 0));
}

static LogicalResult oneHotEncoder(NodeContext &node) {
  std::optional<Tensor> categories = listOf(node, "cats");
  if (!node.needInputs(1, 1) || !categories || categories->size() == 0) {
    return node.fail("needs cats_int64s or cats_strings");
  }
  Value x = node.input(0);
  std::optional<DType> type = graph::dtypeOf(node.elementOf(x));
  if (categories->dtype() == DType::String || !type || *type == DType::String) {
    return node.fail("encodes strings, which needs a host stage");
  }
  if (node.attrInt("zeros", 1) == 0) {
    return node.fail("zeros = 0 (an error for unknown categories) is not supported");
  }
  Value known = node.cast(x, IntegerType::get(node.context(), 64)); // floats lose their fraction, as in ONNX Runtime
  return node.result(node.cast(keyHits(node, known, *categories), Float32Type::get(node.context())));
}

static LogicalResult needsHost(NodeContext &node) {
  return node.fail(node.opType().str() + " works on strings or maps, which need a host stage");
}

void addMlEncoderHandlers(HandlerTable &table) {
  table.add("ArrayFeatureExtractor", 1, arrayFeatures, kMl);
  table.add("FeatureVectorizer", 1, featureVectorizer, kMl);
  table.add("Imputer", 1, imputer, kMl);
  table.add("LabelEncoder", 1, labelEncoder, kMl);
  table.add("OneHotEncoder", 1, oneHotEncoder, kMl);
  for (const char *op : {"CastMap", "CategoryMapper", "DictVectorizer", "ZipMap"}) {
    table.add(op, 1, needsHost, kMl);
  }
}

} // namespace ncc::frontend
