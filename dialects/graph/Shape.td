// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Ops that move elements without computing: views, copies and resampling.
#ifndef NCC_DIALECTS_GRAPH_SHAPE_TD
#define NCC_DIALECTS_GRAPH_SHAPE_TD

include "dialects/graph/GraphBase.td"

def Graph_ReshapeOp : Graph_Op<"reshape"> {
  let summary = "The same elements in row-major order under the result's shape";
  let arguments = (ins Graph_Tensor:$x);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Graph_TransposeOp : Graph_InferredOp<"transpose"> {
  let summary = "result dim i is x dim perm[i]";
  let arguments = (ins Graph_Tensor:$x, DenseI64ArrayAttr:$perm);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$x `perm` `=` $perm attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Graph_SliceOp : Graph_Op<"slice"> {
  let summary = "result[i...] = x[offsets + i * strides]; strides may be negative, sizes are the result's";
  let arguments = (ins Graph_Tensor:$x, DenseI64ArrayAttr:$offsets, DenseI64ArrayAttr:$strides);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `offsets` `=` $offsets `strides` `=` $strides attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Graph_ConcatOp : Graph_InferredOp<"concat"> {
  let summary = "Joins tensors along an axis";
  let arguments = (ins Variadic<Graph_Tensor>:$inputs, Graph_Int:$axis);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$inputs `axis` `=` $axis attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
}

def Graph_PadOp : Graph_InferredOp<"pad"> {
  let summary = "Adds low and high borders per dim; negative amounts crop";
  let arguments = (ins Graph_Tensor:$x, DenseI64ArrayAttr:$low, DenseI64ArrayAttr:$high,
                       DefaultValuedAttr<Graph_PadMode, "::ncc::graph::PadMode::Constant">:$mode,
                       Graph_OptFloat<"0.0">:$value);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `low` `=` $low `high` `=` $high (`mode` `=` $mode^)? (`value` `=` $value^)? attr-dict
    `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
}

def Graph_ExpandOp : Graph_Op<"expand"> {
  let summary = "Broadcasts x to the result's shape";
  let arguments = (ins Graph_Tensor:$x);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = "$x attr-dict `:` functional-type(operands, results)";
  let hasFolder = 1;
  let hasVerifier = 1;
}

def Graph_ResizeOp : Graph_Op<"resize"> {
  let summary = "Resamples to the result's shape";
  let description = [{
    `scales` has one entry per dim (result over x as the model says it; coordinates use it), `roi` two per dim or none.
  }];
  let arguments = (ins Graph_Tensor:$x, Graph_ResizeMode:$mode, Graph_CoordinateMode:$coordinate_mode,
                       DefaultValuedAttr<Graph_NearestMode, "::ncc::graph::NearestMode::RoundPreferFloor">:$nearest_mode,
                       DenseF64ArrayAttr:$scales, DefaultValuedAttr<DenseF64ArrayAttr, "{}">:$roi,
                       Graph_OptFloat<"-0.75">:$cubic_coeff, Graph_Flag:$exclude_outside, Graph_Flag:$antialias,
                       Graph_OptFloat<"0.0">:$extrapolation_value);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $mode $x `coordinates` `=` $coordinate_mode (`nearest` `=` $nearest_mode^)? `scales` `=` $scales
    (`roi` `=` $roi^)? (`cubic_coeff` `=` $cubic_coeff^)? (`exclude_outside` `=` $exclude_outside^)?
    (`antialias` `=` $antialias^)? (`extrapolation_value` `=` $extrapolation_value^)? attr-dict
    `:` functional-type(operands, results)
  }];
  let hasVerifier = 1;
}

def Graph_GridSampleOp : Graph_InferredOp<"grid_sample"> {
  let summary = "Samples x[N,C,spatial...] at the normalized positions grid[N,out...,dims]";
  let arguments = (ins Graph_Tensor:$x, Graph_Tensor:$grid, Graph_ResizeMode:$mode, Graph_GridPadding:$padding,
                       Graph_Flag:$align_corners);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $mode $x `,` $grid `padding` `=` $padding (`align_corners` `=` $align_corners^)? attr-dict
    `:` functional-type(operands, results)
  }];
}

def Graph_ReverseSequenceOp : Graph_InferredOp<"reverse_sequence"> {
  let summary = "Reverses the first lengths[b] elements along time_axis for each b of batch_axis";
  let arguments = (ins Graph_Tensor:$x, Graph_Tensor:$lengths, Graph_Int:$batch_axis, Graph_Int:$time_axis);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `,` $lengths `batch_axis` `=` $batch_axis `time_axis` `=` $time_axis attr-dict
    `:` functional-type(operands, results)
  }];
}

#endif // NCC_DIALECTS_GRAPH_SHAPE_TD
