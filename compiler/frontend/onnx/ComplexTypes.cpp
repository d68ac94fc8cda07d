// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/ComplexTypes.h"

#include "dialects/graph/Graph.h"

#include "mlir/IR/BuiltinTypes.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace ncc::frontend {

/// The complex type a type is or holds, or null.
static ComplexType complexIn(Type type) {
  if (auto shaped = dyn_cast<ShapedType>(type)) {
    return dyn_cast<ComplexType>(shaped.getElementType());
  }
  if (auto sequence = dyn_cast<graph::SequenceType>(type)) {
    return complexIn(sequence.getElement());
  }
  if (auto optional = dyn_cast<graph::OptionalType>(type)) {
    return complexIn(optional.getElement());
  }
  return {};
}

static bool movesOnly(const onnx::NodeProto &node) {
  static const llvm::StringSet<> ops{
      "CenterCropPad", "Compress", "Concat", "ConcatFromSequence", "Constant", "DepthToSpace", "Expand", "Flatten", "Gather", "GatherElements",
      "GatherND", "Identity", "If", "Loop", "NonZero", "OneHot", "Optional", "OptionalGetElement", "OptionalHasElement", "Pad", "Reshape",
      "ReverseSequence", "Scan", "Scatter", "ScatterElements", "ScatterND", "SequenceAt", "SequenceConstruct", "SequenceEmpty", "SequenceErase",
      "SequenceInsert", "SequenceLength", "SequenceMap", "Shape", "Size", "Slice", "SpaceToDepth", "Split", "SplitToSequence", "Squeeze",
      "TensorScatter", "Tile", "Transpose", "Trilu", "Unique", "Unsqueeze", "Where"};
  return (node.domain().empty() || node.domain() == "ai.onnx") && ops.contains(node.op_type());
}

std::string complexRefusal(const onnx::NodeProto &node, ArrayRef<Value> values) {
  for (Value value : values) {
    ComplexType type = value ? complexIn(value.getType()) : ComplexType();
    if (!type) {
      continue;
    }
    const std::string name = type.getElementType().isF64() ? "complex128" : "complex64";
    if (!movesOnly(node)) {
      return "has an operand or result of " + name + "; complex numbers are moved, not computed with";
    }
    for (const onnx::AttributeProto &attribute : node.attribute()) {
      if (attribute.name() == "reduction" && attribute.s() != "none") {
        return "combines numbers of " + name + " (reduction " + attribute.s() + "); complex numbers are moved, not computed with";
      }
    }
  }
  return "";
}

} // namespace ncc::frontend
