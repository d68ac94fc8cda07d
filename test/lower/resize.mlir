// RUN: ncc-check-lowering %s
// RUN: ncc-check-lowering %s --auto-cast=matmult

func.func @main(%x: tensor<1x4x5x6xf32>) 
    -> (tensor<1x4x10x18xf32>, tensor<1x4x10x12xf32>, tensor<1x4x7x4xf32>, tensor<1x4x8x3xf32>, tensor<1x4x5x6xf32>) {
  %0 = graph.resize nearest %x coordinates = asymmetric nearest = floor scales = [1.0, 1.0, 2.0, 3.0] : (tensor<1x4x5x6xf32>) -> tensor<1x4x10x18xf32>
  %1 = graph.resize linear %x coordinates = half_pixel scales = [1.0, 1.0, 2.0, 2.0] : (tensor<1x4x5x6xf32>) -> tensor<1x4x10x12xf32>
  %2 = graph.resize cubic %x coordinates = align_corners scales = [1.0, 1.0, 1.4, 0.6667] : (tensor<1x4x5x6xf32>) -> tensor<1x4x7x4xf32>
  // A crop that reaches beyond the image in both dims, and one of the image's own size.
  %3 = graph.resize linear %x coordinates = tf_crop_and_resize scales = [1.0, 1.0, 1.6, 0.5] roi = [0.0, 0.0, 0.25, -0.5, 1.0, 1.0, 1.3, 0.8] extrapolation_value = 10.0
     : (tensor<1x4x5x6xf32>) -> tensor<1x4x8x3xf32>
  %4 = graph.resize nearest %x coordinates = tf_crop_and_resize scales = [1.0, 1.0, 1.0, 1.0] roi = [0.0, 0.0, 0.5, 0.0, 1.0, 1.0, 1.0, 1.0] : (tensor<1x4x5x6xf32>) -> tensor<1x4x5x6xf32>
  return %0, %1, %2, %3, %4 : tensor<1x4x10x18xf32>, tensor<1x4x10x12xf32>, tensor<1x4x7x4xf32>, tensor<1x4x8x3xf32>, tensor<1x4x5x6xf32>
}
