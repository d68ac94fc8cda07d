// RUN: ncc-check-lowering %s

func.func @main(%x: tensor<2x6x9x8xf32>, %w: tensor<4x3x3x2xf32>, %b: tensor<4xf32>, %t: tensor<6x2x2x3xf32>)
    -> (tensor<2x4x5x7xf32>, tensor<2x4x18x17xf32>, tensor<2x6x9x8xf32>, tensor<2x6x4x4xf32>) {
  %0 = graph.conv %x, %w, %b strides = [2, 1] pads = [1, 0, 1, 0] dilations = [1, 1] group = 2
    : (tensor<2x6x9x8xf32>, tensor<4x3x3x2xf32>, tensor<4xf32>) -> tensor<2x4x5x7xf32>
  %1 = graph.conv_transpose %x, %t strides = [2, 2] pads = [0, 0, 0, 0] output_padding = [0, 0] dilations = [1, 1] group = 2
    : (tensor<2x6x9x8xf32>, tensor<6x2x2x3xf32>) -> tensor<2x4x18x17xf32>
  %2 = graph.lrn %x size = 3 alpha = 0.01 beta = 0.75 bias = 1.0 : (tensor<2x6x9x8xf32>) -> tensor<2x6x9x8xf32>
  %3 = graph.pool lp %x kernel = [3, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1] p = 3 : (tensor<2x6x9x8xf32>) -> tensor<2x6x4x4xf32>
  return %0, %1, %2, %3 : tensor<2x4x5x7xf32>, tensor<2x4x18x17xf32>, tensor<2x6x9x8xf32>, tensor<2x6x4x4xf32>
}
