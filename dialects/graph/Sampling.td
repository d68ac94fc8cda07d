// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Ops that read images at positions other tensors give: regions of interest, deformed windows.
#ifndef NCC_DIALECTS_GRAPH_SAMPLING_TD
#define NCC_DIALECTS_GRAPH_SAMPLING_TD

include "dialects/graph/GraphBase.td"

def Graph_RoiAlignOp : Graph_InferredOp<"roi_align"> {
  let summary = "Pools sampled points of regions: x[N,C,H,W], rois[R,4], batch_indices[R] -> [R,C,height,width]";
  let arguments = (ins Graph_Tensor:$x, Graph_Tensor:$rois, Graph_Tensor:$batch_indices, Graph_Int:$height, Graph_Int:$width,
                       Graph_OptFloat<"1.0">:$spatial_scale, Graph_OptInt<"0">:$sampling_ratio, Graph_Flag:$maximum,
                       Graph_Flag:$half_pixel);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `,` $rois `,` $batch_indices `height` `=` $height `width` `=` $width attr-dict `:` functional-type(operands, results)
  }];
}

def Graph_MaxRoiPoolOp : Graph_InferredOp<"max_roi_pool"> {
  let summary = "Maximum over the cells of regions: x[N,C,H,W], rois[R,5] (image, corners) -> [R,C,height,width]";
  let arguments = (ins Graph_Tensor:$x, Graph_Tensor:$rois, Graph_Int:$height, Graph_Int:$width,
                       Graph_OptFloat<"1.0">:$spatial_scale);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `,` $rois `height` `=` $height `width` `=` $width attr-dict `:` functional-type(operands, results)
  }];
}

def Graph_DeformColumnsOp : Graph_InferredOp<"deform_columns"> {
  let summary = "The windows of a deformable convolution as columns: x[N,C,H,W] -> [N, C*kh*kw, oh*ow]";
  let description = [{
    `offset` is [N, offset_group*kh*kw*2, oh, ow] (row, column), `mask` [N, offset_group*kh*kw, oh, ow]. Positions outside
    the image read zero.
  }];
  let arguments = (ins Graph_Tensor:$x, Graph_Tensor:$offset, Optional<Graph_Tensor>:$mask, DenseI64ArrayAttr:$kernel,
                       DenseI64ArrayAttr:$strides, DenseI64ArrayAttr:$pads, DenseI64ArrayAttr:$dilations,
                       Graph_OptInt<"1">:$offset_group);
  let results = (outs Graph_Tensor:$result);
  let assemblyFormat = [{
    $x `,` $offset (`,` $mask^)? `kernel` `=` $kernel `strides` `=` $strides `pads` `=` $pads `dilations` `=` $dilations attr-dict
    `:` functional-type(operands, results)
  }];
}

#endif // NCC_DIALECTS_GRAPH_SAMPLING_TD
