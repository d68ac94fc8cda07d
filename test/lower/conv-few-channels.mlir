// RUN: ncc-check-lowering %s
// RUN: ncc-check-lowering %s --auto-cast=matmult --rtol=2e-2
// RUN: ncc-check-lowering %s --no-layout

// Kernel rows become channels: whole kernels, a kernel of 130 taps over one channel cut in two, strides, dilations, padding
// on both sides, batches, one and three dimensions, and an input that an engine made.
func.func @main(%image: tensor<2x3x33x30xf32>, %sound: tensor<1x1x900xf32>, %scan: tensor<1x2x9x8x7xf32>)
    -> (tensor<2x40x17x15xf32>, tensor<2x24x31x28xf32>, tensor<1x20x386xf32>, tensor<1x20x193xf32>, tensor<1x8x4x8x6xf32>) {
  %w0 = graph.constant {test.random} dense<0.0> : tensor<40x3x7x7xf32>
  %0 = graph.conv %image, %w0 strides = [2, 2] pads = [3, 3, 3, 3] dilations = [1, 1] : (tensor<2x3x33x30xf32>, tensor<40x3x7x7xf32>) -> tensor<2x40x17x15xf32>
  %r = graph.unary relu %image : (tensor<2x3x33x30xf32>) -> tensor<2x3x33x30xf32>
  %w1 = graph.constant {test.random} dense<0.0> : tensor<24x3x3x3xf32>
  %1 = graph.conv %r, %w1 strides = [1, 1] pads = [1, 0, 1, 2] dilations = [2, 2] : (tensor<2x3x33x30xf32>, tensor<24x3x3x3xf32>) -> tensor<2x24x31x28xf32>
  %w2 = graph.constant {test.random} dense<0.0> : tensor<20x1x130xf32>
  %2 = graph.conv %sound, %w2 strides = [2] pads = [0, 0] dilations = [1] : (tensor<1x1x900xf32>, tensor<20x1x130xf32>) -> tensor<1x20x386xf32>
  %3 = graph.conv %sound, %w2 strides = [4] pads = [0, 0] dilations = [1] : (tensor<1x1x900xf32>, tensor<20x1x130xf32>) -> tensor<1x20x193xf32>
  %w4 = graph.constant {test.random} dense<0.0> : tensor<8x2x3x3x3xf32>
  %4 = graph.conv %scan, %w4 strides = [2, 1, 1] pads = [0, 1, 1, 0, 1, 0] dilations = [1, 1, 1] : (tensor<1x2x9x8x7xf32>, tensor<8x2x3x3x3xf32>) -> tensor<1x8x4x8x6xf32>
  return %0, %1, %2, %3, %4 : tensor<2x40x17x15xf32>, tensor<2x24x31x28xf32>, tensor<1x20x386xf32>, tensor<1x20x193xf32>, tensor<1x8x4x8x6xf32>
}
