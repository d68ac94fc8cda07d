// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The tile dialect: values are tiles, every compute op is one engine instruction whose storage is still virtual.

#ifndef NCC_TILE_BASE
#define NCC_TILE_BASE

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/RegionKindInterface.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Tile_Dialect : Dialect {
  let name = "tile";
  let cppNamespace = "::ncc::tile";
  let summary = "SSA over tiles in SBUF, PSUM and DRAM; one program per core";
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
}

class Tile_Type<string cppName, string shortName> : TypeDef<Tile_Dialect, cppName> {
  let mnemonic = shortName;
}

def Tile_SbufType : Tile_Type<"Sbuf", "sbuf"> {
  let summary = "a tile in the scratchpad: partitions x elements per partition";
  let parameters = (ins "int64_t":$partitions, "int64_t":$elements, "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $partitions `,` $elements `,` $elementType `>`";
}

def Tile_PsumType : Tile_Type<"Psum", "psum"> {
  let summary = "a tile in the matmul accumulators; at most one 2 KiB bank per partition";
  let parameters = (ins "int64_t":$partitions, "int64_t":$elements, "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $partitions `,` $elements `,` $elementType `>`";
}

def Tile_DramType : Tile_Type<"Dram", "dram"> {
  let summary = "a flat buffer in device memory";
  let parameters = (ins "int64_t":$elements, "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elements `,` $elementType `>`";
}

def Tile_Any : Type<Or<[Tile_SbufType.predicate, Tile_PsumType.predicate, Tile_DramType.predicate]>,
                    "a tile in SBUF, PSUM or DRAM">;

def Tile_AccessPatternAttr : AttrDef<Tile_Dialect, "AccessPattern"> {
  let mnemonic = "ap";
  let summary = "which elements of a tile an instruction touches, and in which order";
  let description = [{
    `#tile.ap<first + count, offset, [strides], [sizes]>`: `count` partitions from `first`, and in each the elements
    `offset + sum(i_d * strides[d])` for `i_d < sizes[d]`, last dim fastest. Strides and offset are in elements and
    relative to the tile. For DRAM `first` and `count` are 0 and the dims describe the whole pattern.
  }];
  let parameters = (ins "int64_t":$partition, "int64_t":$partitions, "int64_t":$offset,
                        ArrayRefParameter<"int64_t">:$strides, ArrayRefParameter<"int64_t">:$sizes);
  let assemblyFormat = "`<` $partition `+` $partitions `,` $offset `,` `[` $strides `]` `,` `[` $sizes `]` `>`";
  let extraClassDeclaration = [{
    /// Elements per partition (all elements for DRAM).
    int64_t getFreeSize() const;
    /// Elements in all.
    int64_t getTotalSize() const;
  }];
}

def Tile_APArray : TypedArrayAttrBase<Tile_AccessPatternAttr, "access patterns">;

def Tile_InstInterface : OpInterface<"InstOpInterface"> {
  let cppNamespace = "::ncc::tile";
  let description = "An op that becomes exactly one instruction.";
  let methods = [
    InterfaceMethod<"the tiles read, without the tied destination", "::mlir::OperandRange", "getReads">,
    InterfaceMethod<"one pattern per read", "::mlir::ArrayAttr", "getAps">,
    InterfaceMethod<"the tile updated in place, or null", "::mlir::Value", "getInto">,
    InterfaceMethod<"the region of the tied destination that is written; null writes the whole result",
                    "::ncc::tile::AccessPatternAttr", "getDstRegion">,
    InterfaceMethod<"tensor, vector, scalar, gpsimd or dma", "::llvm::StringRef", "getEngineName">,
  ];
}

#endif // NCC_TILE_BASE
