// RUN: ncc-check-lowering %s
// RUN: ncc-check-lowering %s --no-layout

func.func @main(%a: tensor<3x1x40x70xf32>, %b: tensor<2x70x150xf32>, %c: tensor<5x70xf32>, %v: tensor<70xf32>) -> (tensor<3x2x40x150xf32>, tensor<3x1x5x40xf32>, tensor<3x1x40xf32>) {
  %0 = graph.matmul %a, %b : (tensor<3x1x40x70xf32>, tensor<2x70x150xf32>) -> tensor<3x2x40x150xf32>
  %1 = graph.matmul %c, %a transpose_b = true : (tensor<5x70xf32>, tensor<3x1x40x70xf32>) -> tensor<3x1x5x40xf32>
  %2 = graph.matmul %a, %v : (tensor<3x1x40x70xf32>, tensor<70xf32>) -> tensor<3x1x40xf32>
  return %0, %1, %2 : tensor<3x2x40x150xf32>, tensor<3x1x5x40xf32>, tensor<3x1x40xf32>
}
