// RUN: ncc-check-lowering %s
// RUN: ncc-check-lowering %s --no-layout
// RUN: ncc-check-lowering %s --target=inf1

func.func @main(%x: tensor<2x3x40x70xf32>, %y: tensor<5x12xf32>) -> (tensor<2x3x40x70xf32>, tensor<2x3x40x70xf32>, tensor<5x12xf32>, tensor<5x12xf32>) {
  %0 = graph.softmax %x axis = 3 : (tensor<2x3x40x70xf32>) -> tensor<2x3x40x70xf32>
  %1 = graph.softmax %x axis = 1 : (tensor<2x3x40x70xf32>) -> tensor<2x3x40x70xf32>
  %2 = graph.softmax %y axis = 1 : (tensor<5x12xf32>) -> tensor<5x12xf32>
  %3 = graph.softmax %y axis = 0 log = true : (tensor<5x12xf32>) -> tensor<5x12xf32>
  return %0, %1, %2, %3 : tensor<2x3x40x70xf32>, tensor<2x3x40x70xf32>, tensor<5x12xf32>, tensor<5x12xf32>
}
