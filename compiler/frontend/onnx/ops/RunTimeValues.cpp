// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Sequences, optionals and strings.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/Model.h"
#include "compiler/frontend/onnx/ops/Text.h"
#include "dialects/graph/ValueTypes.h"

using namespace mlir;

namespace ncc::frontend {

namespace {

using ops::Attributes;

LogicalResult give(NodeContext &node, const SmallVector<Value> &results) { return results.empty() ? failure() : node.results(results); }

/// The kernel with all operands and the named integer attributes the node has.
LogicalResult plain(NodeContext &node, StringRef kernel, ArrayRef<StringRef> names = {}) {
  Attributes attributes;
  for (StringRef name : names) {
    if (node.hasAttr(name)) {
      attributes.set(name.str(), node.attrInt(name, 0));
    }
  }
  return give(node, node.host(kernel, node.inputs(), attributes));
}

LogicalResult sequenceEmpty(NodeContext &node) {
  Type element = node.element(node.attrInt("dtype", 1));
  if (!element) {
    return failure();
  }
  Attributes attributes;
  attributes.set("dtype", std::string(dtypeName(*graph::dtypeOf(element))));
  return give(node, node.host("sequence_empty", {}, attributes));
}

LogicalResult optional(NodeContext &node) {
  if (node.has(0)) {
    return plain(node, "optional_make");
  }
  const onnx::AttributeProto *type = node.attr("type");
  ValueType element = type ? valueTypeOfProto(type->tp()) : ValueType();
  if (element.kind == ValueKind::None) {
    return node.fail("an empty optional needs a type");
  }
  return give(node, node.host("optional_make", {}, {}, {ValueType::of(ValueKind::Optional, element)}));
}

LogicalResult stringSplit(NodeContext &node) {
  Attributes attributes;
  attributes.set("delimiter", node.attrString("delimiter", ""));
  attributes.set("maxsplit", node.attrInt("maxsplit", -1));
  return give(node, node.host("string_split", node.inputs(), attributes));
}

LogicalResult stringNormalizer(NodeContext &node) {
  Attributes attributes;
  attributes.set("case", node.attrString("case_change_action", "NONE"));
  attributes.set("case_sensitive", node.attrInt("is_case_sensitive", 0));
  std::vector<std::string> words;
  if (const onnx::AttributeProto *given = node.attr("stopwords")) {
    words.assign(given->strings().begin(), given->strings().end());
  }
  attributes.set("stopwords", words);
  return give(node, node.host("string_normalize", node.inputs(), attributes));
}

LogicalResult regexFullMatch(NodeContext &node) {
  Attributes attributes;
  attributes.set("pattern", node.attrString("pattern", ""));
  return give(node, node.host("regex_full_match", node.inputs(), attributes));
}

/// A loop over the sequences' elements that builds one sequence for each output of the body.
LogicalResult sequenceMap(NodeContext &node) {
  const onnx::AttributeProto *attribute = node.attr("body");
  if (!attribute || !node.needInputs(1)) {
    return node.fail("its body is missing");
  }
  OpBuilder &builder = node.opBuilder();
  auto body = std::make_unique<Region>();
  Block *block = new Block();
  body->push_back(block);
  Type i64 = RankedTensorType::get({}, builder.getI64Type()), i1 = RankedTensorType::get({}, builder.getI1Type());
  Value number = block->addArgument(i64, node.location()), condition = block->addArgument(i1, node.location());
  Value length = node.hostOne("sequence_length", {node.input(0)});
  SmallVector<Value> arguments, made;
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToStart(block);
    for (Value input : node.inputs()) {
      if (!input) {
        return node.fail("one of its inputs is absent");
      }
      bool sequence = isa<graph::SequenceType>(input.getType());
      arguments.push_back(sequence ? node.hostOne("sequence_at", {input, number}) : input);
    }
    if (llvm::is_contained(arguments, Value()) || !length) {
      return failure();
    }
    made = node.scope().importBody(attribute->g(), arguments);
  }
  if (static_cast<int>(made.size()) != attribute->g().output_size() || made.empty()) {
    return node.fail("its body cannot be imported");
  }
  SmallVector<Value> first, yields{condition};
  OperationState state(node.location(), graph::LoopOp::getOperationName());
  for (Value value : made) {
    ValueType element = graph::valueTypeOf(value.getType());
    ValueType list = ValueType::of(ValueKind::Sequence, element);
    Attributes attributes;
    attributes.set("dtype", std::string(dtypeName(element.dtype)));
    first.push_back(node.hostOne("sequence_empty", {}, attributes, {list}));
    Type type = graph::typeOfValueType(node.context(), list);
    Value carried = block->addArgument(type, node.location());
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(block);
    yields.push_back(node.hostOne("sequence_insert", {carried, value}, {}, {list}));
    state.addTypes(type);
  }
  if (llvm::is_contained(first, Value()) || llvm::is_contained(yields, Value())) {
    return failure();
  }
  {
    OpBuilder::InsertionGuard guard(builder);
    builder.setInsertionPointToEnd(block);
    graph::YieldOp::create(builder, node.location(), yields);
  }
  state.addOperands(length);
  state.addOperands(first);
  state.getOrAddProperties<graph::LoopOp::Properties>().operandSegmentSizes = {1, 0, static_cast<int32_t>(first.size())};
  state.addRegion(std::move(body));
  return node.results(SmallVector<Value>(builder.create(state)->getResults()));
}

LogicalResult sequenceConstruct(NodeContext &node) { return plain(node, "sequence_construct"); }
LogicalResult sequenceInsert(NodeContext &node) { return plain(node, "sequence_insert"); }
LogicalResult sequenceErase(NodeContext &node) { return plain(node, "sequence_erase"); }
LogicalResult sequenceAt(NodeContext &node) { return plain(node, "sequence_at"); }
LogicalResult sequenceLength(NodeContext &node) { return plain(node, "sequence_length"); }
LogicalResult splitToSequence(NodeContext &node) { return plain(node, "split_to_sequence", {"axis", "keepdims"}); }
LogicalResult concatFromSequence(NodeContext &node) { return plain(node, "concat_from_sequence", {"axis", "new_axis"}); }
LogicalResult optionalGet(NodeContext &node) { return plain(node, "optional_get"); }
LogicalResult optionalHas(NodeContext &node) { return plain(node, "optional_has"); }
LogicalResult stringConcat(NodeContext &node) { return plain(node, "string_concat"); }

} // namespace

void addRunTimeValueHandlers(HandlerTable &table) {
  table.add("SequenceConstruct", 11, sequenceConstruct);
  table.add("SequenceEmpty", 11, sequenceEmpty);
  table.add("SequenceInsert", 11, sequenceInsert);
  table.add("SequenceErase", 11, sequenceErase);
  table.add("SequenceAt", 11, sequenceAt);
  table.add("SequenceLength", 11, sequenceLength);
  table.add("SequenceMap", 17, sequenceMap);
  table.add("SplitToSequence", 11, splitToSequence);
  table.add("ConcatFromSequence", 11, concatFromSequence);
  table.add("Optional", 15, optional);
  table.add("OptionalGetElement", 15, optionalGet);
  table.add("OptionalHasElement", 15, optionalHas);
  table.add("StringConcat", 20, stringConcat);
  table.add("StringSplit", 20, stringSplit);
  table.add("StringNormalizer", 10, stringNormalizer);
  table.add("RegexFullMatch", 20, regexFullMatch);
  addTextHandlers(table);
}

} // namespace ncc::frontend
