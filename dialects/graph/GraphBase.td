// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The graph dialect: whole tensors, no hardware. The types and attributes every op family shares.
#ifndef NCC_DIALECTS_GRAPH_GRAPHBASE_TD
#define NCC_DIALECTS_GRAPH_GRAPHBASE_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/CommonAttrConstraints.td"
include "mlir/IR/CommonTypeConstraints.td"
include "mlir/IR/EnumAttr.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/InferTypeOpInterface.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def Graph_Dialect : Dialect {
  let name = "graph";
  let cppNamespace = "::ncc::graph";
  let summary = "Whole-tensor operations of a neural network";
  let useDefaultTypePrinterParser = 1;
  let useDefaultAttributePrinterParser = 1;
  let hasConstantMaterializer = 1;
}

//===--- types ---===//

class Graph_Type<string name, string typeMnemonic> : TypeDef<Graph_Dialect, name> {
  let mnemonic = typeMnemonic;
}

def Graph_StringType : Graph_Type<"String", "string"> {
  let summary = "Element type of ONNX string tensors";
  let extraClassDeclaration = "";
}
class Graph_WrapperType<string name, string typeMnemonic> : Graph_Type<name, typeMnemonic> {
  let parameters = (ins "::mlir::Type":$element);
  let assemblyFormat = "`<` $element `>`";
  let builders = [TypeBuilderWithInferredContext<(ins "::mlir::Type":$element), [{
    return $_get(element.getContext(), element);
  }]>];
}
def Graph_SequenceType : Graph_WrapperType<"Sequence", "sequence"> {
  let summary = "ONNX sequence of values of one type";
}
def Graph_OptionalType : Graph_WrapperType<"Optional", "optional"> {
  let summary = "ONNX optional value";
}
def Graph_MapType : Graph_Type<"Map", "map"> {
  let summary = "ONNX map from a key type to a value type";
  let parameters = (ins "::mlir::Type":$key, "::mlir::Type":$value);
  let assemblyFormat = "`<` $key `,` $value `>`";
}

/// Every value of an arithmetic op: a ranked tensor whose dims are all known.
def Graph_Tensor : StaticShapeTensorOf<[AnyType]>;

//===--- plain attributes ---===//

def Graph_Int : TypedSignlessIntegerAttrBase<I64, "int64_t", "64-bit integer"> {
  let convertFromStorage = "$_self.getValue().getSExtValue()";
}
def Graph_Float : FloatAttrBase<F64, "64-bit float"> {
  let returnType = "double";
  let convertFromStorage = "$_self.getValue().convertToDouble()";
}
class Graph_OptInt<string value> : DefaultValuedAttr<Graph_Int, value>;
class Graph_OptFloat<string value> : DefaultValuedAttr<Graph_Float, value>;
def Graph_Flag : DefaultValuedAttr<BoolAttr, "false">;
def Graph_FlagOn : DefaultValuedAttr<BoolAttr, "true">;

//===--- enums ---===//

class Graph_EnumInfo<string name, list<I32EnumAttrCase> cases> : I32EnumAttr<name, name, cases> {
  let cppNamespace = "::ncc::graph";
  let genSpecializedAttr = 0;
}
class Graph_Enum<EnumAttrInfo info, string attrMnemonic> : EnumAttr<Graph_Dialect, info, attrMnemonic>;

// alpha and beta: leaky_relu/elu/celu/thresholded_relu slope or threshold; selu alpha and gamma; hard_sigmoid alpha
// and beta; shrink bias and lambda; clip min and max; is_inf detects negative and positive when non-zero.
def Graph_UnaryKindInfo : Graph_EnumInfo<"UnaryKind", [
  I32EnumAttrCase<"Abs", 0, "abs">, I32EnumAttrCase<"Neg", 1, "neg">, I32EnumAttrCase<"Exp", 2, "exp">,
  I32EnumAttrCase<"Log", 3, "log">, I32EnumAttrCase<"Sqrt", 4, "sqrt">, I32EnumAttrCase<"Rsqrt", 5, "rsqrt">,
  I32EnumAttrCase<"Reciprocal", 6, "reciprocal">, I32EnumAttrCase<"Square", 7, "square">,
  I32EnumAttrCase<"Relu", 8, "relu">, I32EnumAttrCase<"LeakyRelu", 9, "leaky_relu">,
  I32EnumAttrCase<"Elu", 10, "elu">, I32EnumAttrCase<"Selu", 11, "selu">, I32EnumAttrCase<"Celu", 12, "celu">,
  I32EnumAttrCase<"Sigmoid", 13, "sigmoid">, I32EnumAttrCase<"HardSigmoid", 14, "hard_sigmoid">,
  I32EnumAttrCase<"Tanh", 15, "tanh">, I32EnumAttrCase<"Erf", 16, "erf">, I32EnumAttrCase<"Gelu", 17, "gelu">,
  I32EnumAttrCase<"GeluTanh", 18, "gelu_tanh">, I32EnumAttrCase<"Silu", 19, "silu">,
  I32EnumAttrCase<"Softplus", 20, "softplus">, I32EnumAttrCase<"Softsign", 21, "softsign">,
  I32EnumAttrCase<"Mish", 22, "mish">, I32EnumAttrCase<"HardSwish", 23, "hard_swish">,
  I32EnumAttrCase<"Sign", 24, "sign">, I32EnumAttrCase<"Sin", 25, "sin">, I32EnumAttrCase<"Cos", 26, "cos">,
  I32EnumAttrCase<"Tan", 27, "tan">, I32EnumAttrCase<"Asin", 28, "asin">, I32EnumAttrCase<"Acos", 29, "acos">,
  I32EnumAttrCase<"Atan", 30, "atan">, I32EnumAttrCase<"Sinh", 31, "sinh">, I32EnumAttrCase<"Cosh", 32, "cosh">,
  I32EnumAttrCase<"Asinh", 33, "asinh">, I32EnumAttrCase<"Acosh", 34, "acosh">, I32EnumAttrCase<"Atanh", 35, "atanh">,
  I32EnumAttrCase<"Floor", 36, "floor">, I32EnumAttrCase<"Ceil", 37, "ceil">, I32EnumAttrCase<"Round", 38, "round">,
  I32EnumAttrCase<"ThresholdedRelu", 39, "thresholded_relu">, I32EnumAttrCase<"Shrink", 40, "shrink">,
  I32EnumAttrCase<"IsNan", 41, "is_nan">, I32EnumAttrCase<"IsInf", 42, "is_inf">,
  I32EnumAttrCase<"LogicalNot", 43, "logical_not">, I32EnumAttrCase<"BitwiseNot", 44, "bitwise_not">,
  I32EnumAttrCase<"Clip", 45, "clip">]>;
def Graph_UnaryKind : Graph_Enum<Graph_UnaryKindInfo, "unary_kind">;

def Graph_BinaryKindInfo : Graph_EnumInfo<"BinaryKind", [
  I32EnumAttrCase<"Add", 0, "add">, I32EnumAttrCase<"Sub", 1, "sub">, I32EnumAttrCase<"Mul", 2, "mul">,
  I32EnumAttrCase<"Div", 3, "div">, I32EnumAttrCase<"Pow", 4, "pow">, I32EnumAttrCase<"Max", 5, "max">,
  I32EnumAttrCase<"Min", 6, "min">, I32EnumAttrCase<"Mod", 7, "mod">, I32EnumAttrCase<"Fmod", 8, "fmod">,
  I32EnumAttrCase<"LogicalAnd", 9, "and">, I32EnumAttrCase<"LogicalOr", 10, "or">,
  I32EnumAttrCase<"LogicalXor", 11, "xor">, I32EnumAttrCase<"BitAnd", 12, "bit_and">,
  I32EnumAttrCase<"BitOr", 13, "bit_or">, I32EnumAttrCase<"BitXor", 14, "bit_xor">, I32EnumAttrCase<"Shl", 15, "shl">,
  I32EnumAttrCase<"Shr", 16, "shr">, I32EnumAttrCase<"Prelu", 17, "prelu">]>;
def Graph_BinaryKind : Graph_Enum<Graph_BinaryKindInfo, "binary_kind">;

def Graph_CompareKindInfo : Graph_EnumInfo<"CompareKind", [
  I32EnumAttrCase<"Eq", 0, "eq">, I32EnumAttrCase<"Ne", 1, "ne">, I32EnumAttrCase<"Lt", 2, "lt">,
  I32EnumAttrCase<"Le", 3, "le">, I32EnumAttrCase<"Gt", 4, "gt">, I32EnumAttrCase<"Ge", 5, "ge">]>;
def Graph_CompareKind : Graph_Enum<Graph_CompareKindInfo, "compare_kind">;

def Graph_ReduceKindInfo : Graph_EnumInfo<"ReduceKind", [
  I32EnumAttrCase<"Sum", 0, "sum">, I32EnumAttrCase<"Mean", 1, "mean">, I32EnumAttrCase<"Max", 2, "max">,
  I32EnumAttrCase<"Min", 3, "min">, I32EnumAttrCase<"Prod", 4, "prod">, I32EnumAttrCase<"SumSquare", 5, "sum_square">,
  I32EnumAttrCase<"L1", 6, "l1">, I32EnumAttrCase<"L2", 7, "l2">, I32EnumAttrCase<"LogSum", 8, "log_sum">,
  I32EnumAttrCase<"LogSumExp", 9, "log_sum_exp">]>;
def Graph_ReduceKind : Graph_Enum<Graph_ReduceKindInfo, "reduce_kind">;

def Graph_ArgKindInfo : Graph_EnumInfo<"ArgKind", [I32EnumAttrCase<"Max", 0, "max">, I32EnumAttrCase<"Min", 1, "min">]>;
def Graph_ArgKind : Graph_Enum<Graph_ArgKindInfo, "arg_kind">;

def Graph_PoolKindInfo : Graph_EnumInfo<"PoolKind", [
  I32EnumAttrCase<"Max", 0, "max">, I32EnumAttrCase<"Average", 1, "average">, I32EnumAttrCase<"Lp", 2, "lp">]>;
def Graph_PoolKind : Graph_Enum<Graph_PoolKindInfo, "pool_kind">;

def Graph_PadModeInfo : Graph_EnumInfo<"PadMode", [
  I32EnumAttrCase<"Constant", 0, "constant">, I32EnumAttrCase<"Reflect", 1, "reflect">,
  I32EnumAttrCase<"Edge", 2, "edge">, I32EnumAttrCase<"Wrap", 3, "wrap">]>;
def Graph_PadMode : Graph_Enum<Graph_PadModeInfo, "pad_mode">;

def Graph_ScatterKindInfo : Graph_EnumInfo<"ScatterKind", [
  I32EnumAttrCase<"None", 0, "none">, I32EnumAttrCase<"Add", 1, "add">, I32EnumAttrCase<"Mul", 2, "mul">,
  I32EnumAttrCase<"Max", 3, "max">, I32EnumAttrCase<"Min", 4, "min">]>;
def Graph_ScatterKind : Graph_Enum<Graph_ScatterKindInfo, "scatter_kind">;

def Graph_ResizeModeInfo : Graph_EnumInfo<"ResizeMode", [
  I32EnumAttrCase<"Nearest", 0, "nearest">, I32EnumAttrCase<"Linear", 1, "linear">,
  I32EnumAttrCase<"Cubic", 2, "cubic">]>;
def Graph_ResizeMode : Graph_Enum<Graph_ResizeModeInfo, "resize_mode">;

def Graph_CoordinateModeInfo : Graph_EnumInfo<"CoordinateMode", [
  I32EnumAttrCase<"HalfPixel", 0, "half_pixel">, I32EnumAttrCase<"HalfPixelSymmetric", 1, "half_pixel_symmetric">,
  I32EnumAttrCase<"PytorchHalfPixel", 2, "pytorch_half_pixel">, I32EnumAttrCase<"AlignCorners", 3, "align_corners">,
  I32EnumAttrCase<"Asymmetric", 4, "asymmetric">, I32EnumAttrCase<"TfHalfPixelForNn", 5, "tf_half_pixel_for_nn">,
  I32EnumAttrCase<"TfCropAndResize", 6, "tf_crop_and_resize">]>;
def Graph_CoordinateMode : Graph_Enum<Graph_CoordinateModeInfo, "coordinate_mode">;

def Graph_NearestModeInfo : Graph_EnumInfo<"NearestMode", [
  I32EnumAttrCase<"RoundPreferFloor", 0, "round_prefer_floor">,
  I32EnumAttrCase<"RoundPreferCeil", 1, "round_prefer_ceil">, I32EnumAttrCase<"Floor", 2, "floor">,
  I32EnumAttrCase<"Ceil", 3, "ceil">]>;
def Graph_NearestMode : Graph_Enum<Graph_NearestModeInfo, "nearest_mode">;

def Graph_GridModeInfo : Graph_EnumInfo<"GridPadding", [
  I32EnumAttrCase<"Zeros", 0, "zeros">, I32EnumAttrCase<"Border", 1, "border">,
  I32EnumAttrCase<"Reflection", 2, "reflection">]>;
def Graph_GridPadding : Graph_Enum<Graph_GridModeInfo, "grid_padding">;

def Graph_DirectionInfo : Graph_EnumInfo<"Direction", [
  I32EnumAttrCase<"Forward", 0, "forward">, I32EnumAttrCase<"Reverse", 1, "reverse">,
  I32EnumAttrCase<"Bidirectional", 2, "bidirectional">]>;
def Graph_Direction : Graph_Enum<Graph_DirectionInfo, "direction">;

//===--- op bases ---===//

/// An op without effects. Its result type is checked by `verify` when nothing infers it.
class Graph_Op<string mnemonic, list<Trait> traits = []> : Op<Graph_Dialect, mnemonic, [Pure] # traits>;

/// An op whose result types follow from operands and properties: one function for importer, builders and verifier.
class Graph_InferredOp<string mnemonic, list<Trait> traits = []>
    : Graph_Op<mnemonic, [InferTypeOpAdaptor] # traits>;

/// As above, but the result's element type may be an accumulation type wider than the inferred one.
class Graph_AccumulatingOp<string mnemonic, list<Trait> traits = []>
    : Graph_Op<mnemonic, [InferTypeOpAdaptorWithIsCompatible] # traits>;

#endif // NCC_DIALECTS_GRAPH_GRAPHBASE_TD
