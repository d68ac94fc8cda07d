// RUN: ncc-check-lowering %s
// RUN: ncc-check-lowering %s --auto-cast=matmult --rtol=2e-2
// RUN: ncc-check-lowering %s --no-layout

// Columns of the kernel become channels where that fills the array better: kernels of one row (borders too, strides that
// divide the kernel and those that do not), and one of three rows and 39 columns.
func.func @main(%sound: tensor<1x1x1x900xf32>, %img: tensor<2x3x5x300xf32>) -> (tensor<2x16x5x300xf32>,tensor<1x20x1x386xf32>, tensor<1x20x1x193xf32>, tensor<2x16x5x300xf32>, tensor<1x20x1x900xf32>,tensor<1x20x1x7xf32>) {
  %w2 = graph.constant {test.random} dense<0.0> : tensor<20x1x1x130xf32>
  %2 = graph.conv %sound, %w2 strides = [1, 2] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x1x1x900xf32>, tensor<20x1x1x130xf32>) -> tensor<1x20x1x386xf32>
  %3 = graph.conv %sound, %w2 strides = [1, 4] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x1x1x900xf32>, tensor<20x1x1x130xf32>) -> tensor<1x20x1x193xf32>
  %w4 = graph.constant {test.random} dense<0.0> : tensor<16x3x1x5xf32>
  %4 = graph.conv %img, %w4 strides = [1, 1] pads = [0, 2, 0, 2] dilations = [1, 1] : (tensor<2x3x5x300xf32>, tensor<16x3x1x5xf32>) -> tensor<2x16x5x300xf32>
  %w5 = graph.constant {test.random} dense<0.0> : tensor<20x1x1x129xf32>
  %5 = graph.conv %sound, %w5 strides = [1, 1] pads = [0, 64, 0, 64] dilations = [1, 1] : (tensor<1x1x1x900xf32>, tensor<20x1x1x129xf32>) -> tensor<1x20x1x900xf32>
  %6 = graph.conv %sound, %w5 strides = [1, 128] pads = [0, 0, 0, 0] dilations = [1, 1] : (tensor<1x1x1x900xf32>, tensor<20x1x1x129xf32>) -> tensor<1x20x1x7xf32>
  %w7 = graph.constant {test.random} dense<0.0> : tensor<16x3x3x39xf32>
  %7 = graph.conv %img, %w7 strides = [1, 1] pads = [1, 19, 1, 19] dilations = [1, 1] : (tensor<2x3x5x300xf32>, tensor<16x3x3x39xf32>) -> tensor<2x16x5x300xf32>
  return %7, %2, %3, %4, %5, %6 : tensor<2x16x5x300xf32>, tensor<1x20x1x386xf32>, tensor<1x20x1x193xf32>, tensor<2x16x5x300xf32>, tensor<1x20x1x900xf32>,tensor<1x20x1x7xf32>
}
