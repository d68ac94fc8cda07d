// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The tile dialect: declarations generated from the .td files beside this header, and small helpers on tiles.
#pragma once

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/RegionKindInterface.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "dialects/tile/TileDialect.h.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/tile/TileTypes.h.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/tile/TileAttrs.h.inc"

#include "dialects/tile/TileInterfaces.h.inc"
#define GET_OP_CLASSES
#include "dialects/tile/TileOps.h.inc"

namespace ncc::tile {

/// Partitions (0 for DRAM), elements per partition (all for DRAM) and element type of any tile type.
int64_t partitionsOf(mlir::Type tile);
int64_t elementsOf(mlir::Type tile);
mlir::Type elementTypeOf(mlir::Type tile);

/// The pattern that covers a whole tile in order.
AccessPatternAttr wholePattern(mlir::Type tile);

/// Bytes of one element as it is stored (bool is a byte).
int64_t storageBytes(mlir::Type elementType);

} // namespace ncc::tile
