// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Registration and the small helpers of the tile dialect.
#include "dialects/tile/Tile.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace ncc::tile;

#include "dialects/tile/TileDialect.cpp.inc"
#include "dialects/tile/TileInterfaces.cpp.inc"
#define GET_TYPEDEF_CLASSES
#include "dialects/tile/TileTypes.cpp.inc"
#define GET_ATTRDEF_CLASSES
#include "dialects/tile/TileAttrs.cpp.inc"

void TileDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "dialects/tile/TileTypes.cpp.inc"
      >();
  addAttributes<
#define GET_ATTRDEF_LIST
#include "dialects/tile/TileAttrs.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "dialects/tile/TileOps.cpp.inc"
      >();
}

int64_t AccessPatternAttr::getFreeSize() const {
  int64_t n = 1;
  for (int64_t size : getSizes()) {
    n *= size;
  }
  return n;
}

int64_t AccessPatternAttr::getTotalSize() const {
  return getFreeSize() * std::max<int64_t>(getPartitions(), 1);
}

int64_t ncc::tile::partitionsOf(Type tile) {
  return TypeSwitch<Type, int64_t>(tile)
      .Case<SbufType, PsumType>([](auto type) { return type.getPartitions(); })
      .Default([](Type) { return 0; });
}

int64_t ncc::tile::elementsOf(Type tile) {
  return TypeSwitch<Type, int64_t>(tile)
      .Case<SbufType, PsumType, DramType>([](auto type) { return type.getElements(); })
      .Default([](Type) { return 0; });
}

Type ncc::tile::elementTypeOf(Type tile) {
  return TypeSwitch<Type, Type>(tile)
      .Case<SbufType, PsumType, DramType>([](auto type) { return type.getElementType(); })
      .Default([](Type) { return Type(); });
}

AccessPatternAttr ncc::tile::wholePattern(Type tile) {
  return AccessPatternAttr::get(tile.getContext(), 0, partitionsOf(tile), 0, {1}, {elementsOf(tile)});
}

int64_t ncc::tile::storageBytes(Type elementType) {
  unsigned bits = elementType.isIntOrFloat() ? elementType.getIntOrFloatBitWidth() : 8;
  return std::max<int64_t>(1, bits / 8);
}
