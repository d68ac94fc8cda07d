// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Ops of the tile dialect. Operands of an instruction are the tiles it reads, in the order each op documents,
// followed by the tied destination when `tied` is set. `aps` holds one access pattern per read. A result without
// a tied destination is written whole, in row-major order; `tile.join` says where such a result lies in a larger tile.

#ifndef NCC_TILE_OPS
#define NCC_TILE_OPS

include "dialects/tile/TileBase.td"

class Tile_Op<string mnemonic, list<Trait> traits = []> : Op<Tile_Dialect, mnemonic, traits>;

class Tile_Inst<string mnemonic, string defaultEngine, dag extra = (ins), list<Trait> traits = []>
    : Tile_Op<mnemonic, !listconcat(traits, [Tile_InstInterface])> {
  let arguments = !con((ins Variadic<Tile_Any>:$inputs, Tile_APArray:$aps, OptionalAttr<Tile_AccessPatternAttr>:$dst_ap,
                            UnitAttr:$tied, OptionalAttr<StrAttr>:$engine), extra);
  let results = (outs Tile_Any:$result);
  let assemblyFormat = "$inputs attr-dict `:` functional-type($inputs, results)";
  let hasVerifier = 1;
  code instMethods = [{
    ::mlir::OperandRange getReads() { return getInputs().drop_back(getTied() ? 1 : 0); }
    ::mlir::Value getInto() { return getTied() ? ::mlir::Value(getInputs().back()) : ::mlir::Value(); }
    ::ncc::tile::AccessPatternAttr getDstRegion() { return getDstApAttr(); }
    ::llvm::StringRef getEngineName() { return getEngine() ? *getEngine() : ::llvm::StringRef("}] # defaultEngine # [{"); }
  }];
  let extraClassDeclaration = instMethods;
}

def Tile_MatmulOp : Tile_Inst<"matmul", "tensor",
    (ins UnitAttr:$accumulate, DefaultValuedAttr<I32Attr, "0">:$stationary_zero, DefaultValuedAttr<I32Attr, "0">:$moving_zero)> {
  let summary = "reads [stationary KxM, moving KxN]; PSUM MxN (+)= stationary^T moving";
}
def Tile_TransposeOp : Tile_Inst<"transpose", "tensor"> {
  let summary = "reads [src PxF]; PSUM FxP = src^T on the tensor engine";
}
def Tile_ActivateOp : Tile_Inst<"activate", "scalar",
    (ins StrAttr:$func, DefaultValuedAttr<F32Attr, "1.0f">:$scale, DefaultValuedAttr<F32Attr, "0.0f">:$bias,
         DefaultValuedAttr<F32Attr, "0.0f">:$alpha, DefaultValuedAttr<F32Attr, "0.0f">:$beta,
         UnitAttr:$scale_tile, UnitAttr:$bias_tile)> {
  let summary = "reads [src, scale Px1 if scale_tile, bias Px1 if bias_tile]; func(src * scale + bias), and its row sums";
  let results = (outs Tile_Any:$result, Optional<Tile_Any>:$rowSum);
}
def Tile_TensorTensorOp : Tile_Inst<"tensor_tensor", "vector", (ins StrAttr:$op)> {
  let summary = "reads [a, b]; op(a, b)";
}
def Tile_TensorScalarOp : Tile_Inst<"tensor_scalar", "vector",
    (ins StrAttr:$op0, DefaultValuedAttr<StrAttr, "\"bypass\"">:$op1, DefaultValuedAttr<F64Attr, "0.0">:$imm0,
         DefaultValuedAttr<F64Attr, "0.0">:$imm1, UnitAttr:$tile0, UnitAttr:$tile1, UnitAttr:$reverse0, UnitAttr:$reverse1)> {
  let summary = "reads [src, s0 Px1 if tile0, s1 Px1 if tile1]; op1(op0(src, s0), s1)";
}
def Tile_ReduceOp : Tile_Inst<"reduce", "vector", (ins StrAttr:$op, I64Attr:$reduce_dims, UnitAttr:$negate)> {
  let summary = "reads [src]; reduces the innermost reduce_dims dims of its pattern";
}
def Tile_CopyOp : Tile_Inst<"copy", "vector", (ins UnitAttr:$round, UnitAttr:$saturate)> {
  let summary = "reads [src]; casts to the result's element type";
}
def Tile_SelectOp : Tile_Inst<"select", "vector",
    (ins DefaultValuedAttr<F64Attr, "0.0">:$imm_a, DefaultValuedAttr<F64Attr, "0.0">:$imm_b, UnitAttr:$tile_a, UnitAttr:$tile_b)> {
  let summary = "reads [pred, a if tile_a, b if tile_b]; pred ? a : b";
}
def Tile_ScanOp : Tile_Inst<"scan", "vector", (ins StrAttr:$op)> {
  let summary = "reads [src]; prefix op along the innermost dim of its pattern";
}
def Tile_MemsetOp : Tile_Inst<"memset", "vector", (ins DefaultValuedAttr<F64Attr, "0.0">:$value)> {
  let summary = "fills the result (or the region of the tied destination)";
}
def Tile_IotaOp : Tile_Inst<"iota", "gpsimd", (ins I64Attr:$base, I64Attr:$channel_multiplier)> {
  let summary = "base + channel_multiplier * partition + position in the pattern";
}
def Tile_DmaOp : Tile_Inst<"dma", "dma", (ins UnitAttr:$round, UnitAttr:$saturate, UnitAttr:$resident)> {
  let summary = "reads [src in DRAM or SBUF]; moves it to the result in DRAM or SBUF, element order kept";
  let description = [{`resident`: runs once at load and the result stays for every inference.}];
}
def Tile_GatherOp : Tile_Inst<"gather", "dma", (ins I64Attr:$row_elements, I64Attr:$rows)> {
  let summary = "reads [src DRAM, indices]; result row i = src[indices[i] * row_elements ...]";
  let description = [{`rows` is the number of rows of the source: a negative index counts from its end.}];
}

def Tile_JoinOp : Tile_Op<"join", [Pure]> {
  let summary = "disjoint parts seen as one tile; part i occupies places[i] of the result, no instruction";
  let arguments = (ins Variadic<Tile_Any>:$parts, Tile_APArray:$places);
  let results = (outs Tile_Any:$result);
  let assemblyFormat = "$parts attr-dict `:` functional-type($parts, results)";
  let hasVerifier = 1;
}

def Tile_ConstantOp : Tile_Op<"constant", [Pure]> {
  let summary = "a weight in DRAM";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Tile_DramType:$result);
  let assemblyFormat = "attr-dict $value `:` type($result)";
}
def Tile_InputOp : Tile_Op<"input"> {
  let summary = "model input `index`, row-major in DRAM";
  let arguments = (ins I64Attr:$index);
  let results = (outs Tile_DramType:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}
def Tile_OutputOp : Tile_Op<"output"> {
  let summary = "the value is model output `index`, row-major in DRAM";
  let arguments = (ins Tile_DramType:$value, I64Attr:$index);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}
def Tile_SendOp : Tile_Op<"send"> {
  let summary = "hands a DRAM tensor to another core through channel `channel`";
  let arguments = (ins Tile_DramType:$value, I64Attr:$channel);
  let assemblyFormat = "$value attr-dict `:` type($value)";
}
def Tile_RecvOp : Tile_Op<"recv"> {
  let summary = "the DRAM tensor another core sent through channel `channel`";
  let arguments = (ins I64Attr:$channel);
  let results = (outs Tile_DramType:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}
def Tile_CallOp : Tile_Op<"call"> {
  let summary = "runs the GpSimd firmware kernel of that name on whole row-major DRAM tensors";
  let description = [{
    `kernel` and `kernel_attributes` (JSON) name a kernel of runtime/ops; `input_types` (a tensor type, or none for an absent optional input)
    and `result_types` give the tensor types of operands and results in kernel order; absent inputs have no operand.
  }];
  let arguments = (ins Variadic<Tile_DramType>:$inputs, StrAttr:$kernel, StrAttr:$kernel_attributes,
                       ArrayAttr:$input_types, ArrayAttr:$result_types);
  let results = (outs Variadic<Tile_DramType>:$outputs);
  let assemblyFormat = "$kernel `(` $inputs `)` attr-dict `:` functional-type($inputs, $outputs)";
}

def Tile_ProgramOp : Tile_Op<"program", [Symbol, NoTerminator, SingleBlock, IsolatedFromAbove]> {
  let summary = "the program of one core, a straight line of instructions";
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$core);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name attr-dict-with-keyword $body";
}

#endif // NCC_TILE_OPS
