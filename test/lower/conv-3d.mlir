// RUN: ncc-check-lowering %s

func.func @main(%x: tensor<1x4x5x6x7xf32>) -> tensor<1x3x5x3x6xf32> {
  %w = graph.constant dense<0.25> : tensor<3x4x3x2x2xf32>
  %0 = graph.conv %x, %w strides = [1, 2, 1] pads = [1, 0, 0, 1, 0, 0] dilations = [1, 1, 1] : (tensor<1x4x5x6x7xf32>, tensor<3x4x3x2x2xf32>) -> tensor<1x3x5x3x6xf32>
  return %0 : tensor<1x3x5x3x6xf32>
}
