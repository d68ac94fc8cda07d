// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The graph dialect's C++ face: dialect, types, enum attributes and op classes. Every op with an inferable result
// has a static `inferReturnTypes`; importer, builders and verifier all go through it.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/InferTypeOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/graph/GraphDialect.h.inc"
#include "dialects/graph/GraphEnums.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/graph/GraphTypes.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/graph/GraphAttrs.h.inc"

namespace ncc::graph {
class IfOp; // the regions graph.yield may end
class LoopOp;
class ScanOp;
} // namespace ncc::graph

#define GET_OP_CLASSES
#include "dialects/graph/Elementwise.h.inc"
#define GET_OP_CLASSES
#include "dialects/graph/Indexing.h.inc"
#define GET_OP_CLASSES
#include "dialects/graph/Linear.h.inc"
#define GET_OP_CLASSES
#include "dialects/graph/Normalization.h.inc"
#define GET_OP_CLASSES
#include "dialects/graph/Quantize.h.inc"
#define GET_OP_CLASSES
#include "dialects/graph/Recurrent.h.inc"
#define GET_OP_CLASSES
#include "dialects/graph/Reduction.h.inc"
#define GET_OP_CLASSES
#include "dialects/graph/Sampling.h.inc"
#define GET_OP_CLASSES
#include "dialects/graph/Shape.h.inc"
#define GET_OP_CLASSES
#include "dialects/graph/Special.h.inc"
#define GET_OP_CLASSES
#include "dialects/graph/Structure.h.inc"
#define GET_OP_CLASSES
#include "dialects/graph/Control.h.inc"
