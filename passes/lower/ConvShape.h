// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// A convolution as its emitter sees it, and the rewriting of convolutions over few channels: kernel rows become
// channels, so that the array's rows are filled (a partial im2col, made by transfers of whole image rows).
#pragma once

#include "passes/lower/Lowering.h"

namespace ncc::lower {

struct ConvShape {
  mlir::Value x, w, bias;
  Dims in, out; // full shapes [N, C, spatial...]
  Dims kernel, strides, padLow, dilations;
  int64_t groups = 1, xZero = 0, wZero = 0;
  bool transposed = false;
  size_t spatial() const { return kernel.size(); }
};

/// A convolution without groups whose first `rows` kernel rows are channels: channel f * C + c of the new input at
/// position j of spatial dim `dim` holds x[c] at position j * step + f * dilation - pad,
/// or zero outside of x. The kernel has `quotient` rows left.
struct RowFold {
  size_t dim = 0;
  int64_t rows = 1, step = 1, quotient = 1;
  int64_t kernelRows = 1; // of the old kernel; the last of the `quotient` rows may hold fewer than `rows` of them
  ConvShape shape; // of the new convolution; `w` and `x` still name the old operands
};

/// The fold that pays by the cost model: tensor engine time saved against the transfers that repeat rows.
std::optional<RowFold> chooseRowFold(const Lowering &low, const ConvShape &conv, size_t elementBytes);
/// [M][rows * C][kernel of fold.shape], zero (or the zero point) for taps beyond the kernel.
Tensor foldWeights(const RowFold &fold, const ConvShape &conv, const Tensor &weights);
/// The new input on chip, made from `conv.x` wherever it lies. `layout` is that of the new input (channels on partitions).
Grid foldInput(Lowering &low, const RowFold &fold, const ConvShape &conv, const Layout &layout);

} // namespace ncc::lower
