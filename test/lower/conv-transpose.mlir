// RUN: ncc-check-lowering %s

func.func @main(%x: tensor<1x4x5x6xf32>) -> (tensor<1x3x10x12xf32>, tensor<1x3x11x13xf32>) {
  %w = graph.constant dense<[[[[0.5, 1.0], [2.0, 3.0]], [[0.5, -1.0], [2.0, 3.0]], [[0.5, 1.0], [2.0, 3.5]]], [[[0.5, 1.0], [2.0, 3.0]], [[0.5, -1.0], [2.0, 3.0]], [[0.5, 1.0], [2.0, 3.5]]], [[[0.5, 1.0], [2.0, 3.0]], [[0.5, -1.0], [2.0, 3.0]], [[0.5, 1.0], [2.0, 3.5]]], [[[0.5, 1.0], [2.0, 3.0]], [[0.5, -1.0], [2.0, 3.0]], [[0.5, 1.0], [2.0, 3.5]]]]> : tensor<4x3x2x2xf32>
  %v = graph.constant dense<0.25> : tensor<4x3x3x3xf32>
  %b = graph.constant dense<[0.25, 0.125, 1.0]> : tensor<3xf32>
  %0 = graph.conv_transpose %x, %w, %b strides = [2, 2] pads = [0, 0, 0, 0] output_padding = [0, 0] dilations = [1, 1] : (tensor<1x4x5x6xf32>, tensor<4x3x2x2xf32>, tensor<3xf32>) -> tensor<1x3x10x12xf32>
  %1 = graph.unary relu %0 : (tensor<1x3x10x12xf32>) -> tensor<1x3x10x12xf32>
  %2 = graph.conv_transpose %x, %v strides = [2, 2] pads = [0, 0, 0, 0] output_padding = [0, 0] dilations = [1, 1] : (tensor<1x4x5x6xf32>, tensor<4x3x3x3xf32>) -> tensor<1x3x11x13xf32>
  return %1, %2 : tensor<1x3x10x12xf32>, tensor<1x3x11x13xf32>
}
