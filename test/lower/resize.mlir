// RUN: ncc-check-lowering %s
// RUN: ncc-check-lowering %s --auto-cast=matmult

func.func @main(%x: tensor<1x4x5x6xf32>) -> (tensor<1x4x10x18xf32>, tensor<1x4x10x12xf32>, tensor<1x4x7x4xf32>) {
  %0 = graph.resize nearest %x coordinates = asymmetric nearest = floor scales = [1.0, 1.0, 2.0, 3.0] : (tensor<1x4x5x6xf32>) -> tensor<1x4x10x18xf32>
  %1 = graph.resize linear %x coordinates = half_pixel scales = [1.0, 1.0, 2.0, 2.0] : (tensor<1x4x5x6xf32>) -> tensor<1x4x10x12xf32>
  %2 = graph.resize cubic %x coordinates = align_corners scales = [1.0, 1.0, 1.4, 0.6667] : (tensor<1x4x5x6xf32>) -> tensor<1x4x7x4xf32>
  return %0, %1, %2 : tensor<1x4x10x18xf32>, tensor<1x4x10x12xf32>, tensor<1x4x7x4xf32>
}
