// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What ai.onnx.ml does with maps: host kernels.
#include "compiler/frontend/onnx/ops/MlMaps.h"

#include <map>

using namespace mlir;

namespace ncc::frontend {

/// The attribute `keys` of a kernel from the first of the node's attributes that is not empty.
static bool setKeys(NodeContext &node, ops::Attributes &attributes, StringRef ints, StringRef strings) {
  const onnx::AttributeProto *texts = node.attr(strings);
  Ints numbers = node.attrInts(ints);
  if (texts && texts->strings_size() > 0) {
    attributes.set("keys", std::vector<std::string>(texts->strings().begin(), texts->strings().end()));
  } else if (!numbers.empty()) {
    attributes.set("keys", std::vector<int64_t>(numbers.begin(), numbers.end()));
  } else {
    node.OpBuilding::fail("needs " + ints.str() + " or " + strings.str());
    return false;
  }
  return true;
}

static LogicalResult zipMap(NodeContext &node) {
  ops::Attributes attributes;
  bool usable = node.needInputs(1, 1) && setKeys(node, attributes, "classlabels_int64s", "classlabels_strings");
  return usable ? node.result(node.hostOne("zip_map", node.input(0), attributes)) : failure();
}

static LogicalResult castMap(NodeContext &node) {
  static const std::map<std::string, DType> kTypes{{"TO_FLOAT", DType::F32}, {"TO_INT64", DType::I64}, {"TO_STRING", DType::String}};
  std::string to = node.attrString("cast_to", "TO_FLOAT"), form = node.attrString("map_form", "DENSE");
  auto type = kTypes.find(to);
  int64_t columns = node.attrInt("max_map", 1);
  if (!node.needInputs(1, 1) || type == kTypes.end() || (form != "DENSE" && form != "SPARSE") || (form == "SPARSE" && columns < 1)) {
    return node.fail("cast_to '" + to + "' and map_form '" + form + "' with max_map " + std::to_string(columns) + " mean nothing");
  }
  ops::Attributes attributes;
  attributes.set("to", std::string(dtypeName(type->second)));
  if (form == "SPARSE") {
    attributes.set("columns", columns);
  }
  return node.result(node.hostOne("cast_map", node.input(0), attributes));
}

static LogicalResult dictVectorizer(NodeContext &node) {
  ops::Attributes attributes;
  bool usable = node.needInputs(1, 1) && setKeys(node, attributes, "int64_vocabulary", "string_vocabulary");
  return usable ? node.result(node.hostOne("dict_vectorize", node.input(0), attributes)) : failure();
}

void addMlMapHandlers(HandlerTable &table) {
  table.add("CastMap", 1, castMap, kMl);
  table.add("DictVectorizer", 1, dictVectorizer, kMl);
  table.add("ZipMap", 1, zipMap, kMl);
}

} // namespace ncc::frontend
