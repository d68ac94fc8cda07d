// RUN: ncc-check-lowering %s

func.func @main(%x: tensor<f32>, %y: tensor<3xf32>) -> (tensor<3xf32>, tensor<f32>) {
  %0 = graph.binary add %x, %y : (tensor<f32>, tensor<3xf32>) -> tensor<3xf32>
  %1 = graph.unary exp %x : (tensor<f32>) -> tensor<f32>
  return %0, %1 : tensor<3xf32>, tensor<f32>
}
