// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Passes that choose number formats.

#ifndef NCC_PRECISION_PASSES
#define NCC_PRECISION_PASSES

include "mlir/Pass/PassBase.td"

def AutoCastPass : Pass<"ncc-auto-cast", "::mlir::func::FuncOp"> {
  let summary = "Demote f32 to a 16-bit type where asked";
  let description = [{
    `matmult` casts the operands of matrix products and convolutions; sums stay f32, and so does everything else. A
    product with constant weights over at most 32 terms stays f32: rounding errors do not average out over so few, and
    the array is mostly idle then anyway. So does one of at most 8 columns by at most 131,072 constant weights, which is
    over before f32 costs anything, where the target multiplies f32. Where it does not (`no-f32-matmul`), a product of
    few terms becomes three bf16 products of high and low parts, two of them marked `ncc.correction`: they are not the
    model's work. `all` keeps every float tensor in the 16-bit type; normalizations, softmax and sums still compute in f32 inside.
    `none` changes nothing. Constants are converted here, once. An op marked `ncc.exact` (a resampling matrix) keeps
    f32 unless `no-f32-matmul` says the target has no such product.
  }];
  let options = [
    Option<"mode", "mode", "std::string", "\"matmult\"", "none, matmult or all">,
    Option<"type", "type", "std::string", "\"bf16\"", "bf16 or fp16">,
    Option<"noF32Matmul", "no-f32-matmul", "bool", "false", "the target multiplies no f32">];
  let dependentDialects = ["::ncc::graph::GraphDialect"];
}

def QuantizeInt8Pass : Pass<"ncc-quantize-int8", "::mlir::func::FuncOp"> {
  let summary = "Turn products with constant weights into integer products";
  let description = [{
    Needs calibrated ranges: the attribute `ncc.range = [min, max]` on the op that makes an activation (or on the
    function argument). The activation becomes ui8, one scale and zero point per tensor; weights become i8, one scale per
    output channel, symmetric; the product accumulates exactly in i32 and is scaled back to f32, where the bias is
    added. Depthwise convolutions stay float: they do not run on the tensor engine.
  }];
  let dependentDialects = ["::ncc::graph::GraphDialect"];
}

#endif // NCC_PRECISION_PASSES
