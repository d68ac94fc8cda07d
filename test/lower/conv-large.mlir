// RUN: ncc-check-lowering %s

func.func @main(%x: tensor<1x3x70x90xf32>) -> tensor<1x150x70x90xf32> {
  %w = graph.constant dense<0.0625> : tensor<150x3x3x3xf32>
  %0 = graph.conv %x, %w strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] : (tensor<1x3x70x90xf32>, tensor<150x3x3x3xf32>) -> tensor<1x150x70x90xf32>
  return %0 : tensor<1x150x70x90xf32>
}
