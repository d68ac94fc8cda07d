// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Constants and elementwise ops.
#ifndef NCC_DIALECTS_GRAPH_ELEMENTWISE_TD
#define NCC_DIALECTS_GRAPH_ELEMENTWISE_TD

include "dialects/graph/GraphBase.td"

def Graph_ConstantOp : Graph_Op<"constant", [ConstantLike, AllTypesMatch<["value", "result"]>]> {
  let summary = "A tensor known at compile time; large ones refer to mapped memory";
  let arguments = (ins ElementsAttr:$value);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "attr-dict $value";
  let builders = [OpBuilder<(ins "::mlir::ElementsAttr":$value), [{
    build($_builder, $_state, ::llvm::cast<::mlir::TypedAttr>(value).getType(), value);
  }]>];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Graph_UnaryOp : Graph_InferredOp<"unary"> {
  let summary = "result = kind(x), element by element";
  let arguments = (ins Graph_UnaryKind:$kind, Graph_Tensor:$x,
                       Graph_OptFloat<"0.0">:$alpha, Graph_OptFloat<"0.0">:$beta);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $kind $x (`alpha` `=` $alpha^)? (`beta` `=` $beta^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
}

def Graph_BinaryOp : Graph_InferredOp<"binary"> {
  let summary = "result = kind(a, b) with multidirectional broadcasting";
  let arguments = (ins Graph_BinaryKind:$kind, Graph_Tensor:$a, Graph_Tensor:$b);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$kind $a `,` $b attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Graph_CompareOp : Graph_InferredOp<"compare"> {
  let summary = "result = a kind b as i1, with broadcasting";
  let arguments = (ins Graph_CompareKind:$kind, Graph_Tensor:$a, Graph_Tensor:$b);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$kind $a `,` $b attr-dict `:` functional-type(operands, results)";
}

def Graph_SelectOp : Graph_InferredOp<"select"> {
  let summary = "result = cond ? a : b with broadcasting of all three";
  let arguments = (ins Graph_Tensor:$cond, Graph_Tensor:$a, Graph_Tensor:$b);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$cond `,` $a `,` $b attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Graph_CastOp : Graph_Op<"cast"> {
  let summary = "Converts the element type; floats truncate towards zero on the way to integers";
  let description = [{
    Out-of-range values on the way to 8-bit floats become the largest one with `saturate`; `round_mode` (up, down, nearest)
    is for float8e8m0 only.
  }];
  let arguments = (ins Graph_Tensor:$x, Graph_FlagOn:$saturate, DefaultValuedAttr<StrAttr, "\"up\"">:$round_mode);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$x (`saturate` `=` $saturate^)? attr-dict `:` functional-type(operands, results)";
  let builders = [OpBuilder<(ins "::mlir::Type":$result, "::mlir::Value":$x, CArg<"bool", "true">:$saturate), [{
    build($_builder, $_state, result, x, saturate, "up");
  }]>];
  let hasFolder = 1;
  let hasVerifier = 1;
}

#endif // NCC_DIALECTS_GRAPH_ELEMENTWISE_TD
