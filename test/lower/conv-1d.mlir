// RUN: ncc-check-lowering %s

func.func @main(%x: tensor<1x4x50xf32>) -> tensor<1x3x24xf32> {
  %w = graph.constant dense<0.25> : tensor<3x4x4xf32>
  %0 = graph.conv %x, %w strides = [2] pads = [0, 0] dilations = [1] : (tensor<1x4x50xf32>, tensor<3x4x4xf32>) -> tensor<1x3x24xf32>
  return %0 : tensor<1x3x24xf32>
}
