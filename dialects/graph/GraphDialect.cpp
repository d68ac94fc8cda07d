// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Registers the dialect's types, attributes and ops.
#include "dialects/graph/BlobNames.h"
#include "dialects/graph/Forest.h"
#include "dialects/graph/padding/Padding.h"

#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ncc::graph;

#include "dialects/graph/GraphDialect.cpp.inc"
#include "dialects/graph/GraphEnums.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/graph/GraphTypes.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/graph/GraphAttrs.cpp.inc"

void GraphDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/graph/GraphTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/graph/GraphAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/graph/Control.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/graph/Elementwise.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/graph/Forest.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/graph/Indexing.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/graph/Linear.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/graph/Normalization.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/graph/Quantize.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/graph/Recurrent.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/graph/Reduction.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/graph/Sampling.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/graph/Shape.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/graph/Special.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/graph/Structure.cpp.inc"
      >();
  registerPadding(*getContext());
  addInterfaces<BlobNames>();
}

Operation *GraphDialect::materializeConstant(OpBuilder &builder, Attribute value, Type type, Location loc) {
  auto elements = dyn_cast<ElementsAttr>(value);
  if (!elements || elements.getType() != type) {
    return nullptr;
  }
  return ConstantOp::create(builder, loc, elements);
}
