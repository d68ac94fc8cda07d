// RUN: ncc-check-lowering %s

func.func @main(%x: tensor<1x5x7x6xf32>) -> tensor<1x4x7x6xf32> {
  %s = graph.constant dense<0.05> : tensor<f32>
  %z = graph.constant dense<128> : tensor<ui8>
  %w = graph.constant dense<3> : tensor<4x5x3x3xi8>
  %sw = graph.constant dense<[[[0.001]], [[0.002]], [[0.003]], [[0.004]]]> : tensor<4x1x1xf32>
  %0 = graph.quantize %x, %s, %z : (tensor<1x5x7x6xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x5x7x6xui8>
  %1 = graph.conv %0, %w strides = [1, 1] pads = [1, 1, 1, 1] dilations = [1, 1] x_zero_point = 128 : (tensor<1x5x7x6xui8>, tensor<4x5x3x3xi8>) -> tensor<1x4x7x6xi32>
  %2 = graph.cast %1 : (tensor<1x4x7x6xi32>) -> tensor<1x4x7x6xf32>
  %3 = graph.binary mul %2, %sw : (tensor<1x4x7x6xf32>, tensor<4x1x1xf32>) -> tensor<1x4x7x6xf32>
  %4 = graph.quantize %3, %s, %z : (tensor<1x4x7x6xf32>, tensor<f32>, tensor<ui8>) -> tensor<1x4x7x6xui8>
  %5 = graph.dequantize %4, %s, %z : (tensor<1x4x7x6xui8>, tensor<f32>, tensor<ui8>) -> tensor<1x4x7x6xf32>
  return %5 : tensor<1x4x7x6xf32>
}
