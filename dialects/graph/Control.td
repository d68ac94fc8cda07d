// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What runs in host stages: kernels over values of any type, and control flow whose path is known only at run time.
// Bodies may use values of the regions around them.
#ifndef NCC_DIALECTS_GRAPH_CONTROL_TD
#define NCC_DIALECTS_GRAPH_CONTROL_TD

include "dialects/graph/GraphBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"

def Graph_HostOp : Graph_Op<"host"> {
  let summary = "results = a kernel of runtime/ops/host applied to the inputs";
  let description = [{
    Stands for every op that no core has a form for: strings, sequences, optionals, maps, and any op whose shapes are
    known only at run time. The kernel's rule says which operands fit and what the results are. `positions` says which
    operands of the kernel the inputs are, when some are left out.
  }];
  let arguments = (ins StrAttr:$kernel, Variadic<AnyType>:$inputs,
                       DefaultValuedAttr<DenseI64ArrayAttr, "{}">:$positions,
                       DefaultValuedAttr<DictionaryAttr, "{}">:$kernel_attributes);
  let results = (outs Variadic<AnyType>:$results);
  let assemblyFormat = [{
    $kernel `(` $inputs `)` (`positions` `=` $positions^)? (`with` $kernel_attributes^)? attr-dict `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

class Graph_ControlOp<string mnemonic, list<Trait> traits = []>
    : Graph_Op<mnemonic, [SingleBlockImplicitTerminator<"YieldOp">, RecursiveMemoryEffects] # traits> {
  let results = (outs Variadic<AnyType>:$results);
  let hasVerifier = 1;
}

def Graph_IfOp : Graph_ControlOp<"if"> {
  let summary = "Runs one of two regions and gives what it yields";
  let arguments = (ins AnyType:$condition);
  let regions = (region SizedRegion<1>:$then_region, SizedRegion<1>:$else_region);
  let assemblyFormat = "$condition $then_region `else` $else_region attr-dict `:` functional-type(operands, results)";
}

def Graph_LoopOp : Graph_ControlOp<"loop", [AttrSizedOperandSegments]> {
  let summary = "ONNX Loop: runs its body at most `trips` times, while the condition holds";
  let description = [{
    The body takes the iteration's number (i64), the condition (i1) and the carried values; it yields the next condition,
    the carried values, and one tensor for each collected result, which are joined along a new first dim.
  }];
  let arguments = (ins Optional<AnyType>:$trips, Optional<AnyType>:$condition, Variadic<AnyType>:$carried);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    (`trips` `=` $trips^)? (`while` `=` $condition^)? `(` $carried `)` $body attr-dict `:` functional-type(operands, results)
  }];
}

def Graph_ScanOp : Graph_ControlOp<"scan", [AttrSizedOperandSegments]> {
  let summary = "ONNX Scan: runs its body once for each slice of the scanned values";
  let description = [{
    The body takes the carried values and one slice of each scanned value along its axis; it yields the carried values,
    and one tensor for each collected result, which are joined along a new dim.
  }];
  let arguments = (ins Variadic<AnyType>:$carried, Variadic<AnyType>:$scanned, DenseI64ArrayAttr:$input_axes,
                       DenseI64ArrayAttr:$input_directions, DenseI64ArrayAttr:$output_axes, DenseI64ArrayAttr:$output_directions);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `(` $carried `)` `over` `(` $scanned `)` `axes` `=` $input_axes `directions` `=` $input_directions `into` `axes` `=` $output_axes
    `directions` `=` $output_directions $body attr-dict `:` functional-type(operands, results)
  }];
}

#endif // NCC_DIALECTS_GRAPH_CONTROL_TD
