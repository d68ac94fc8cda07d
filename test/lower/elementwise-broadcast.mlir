// RUN: ncc-check-lowering %s
// RUN: ncc-check-lowering %s --no-layout --no-groups

func.func @main(%x: tensor<2x40x6x5xf32>, %c: tensor<40x1x1xf32>, %r: tensor<5xf32>, %s: tensor<1xf32>, %n: tensor<2x1x6x1xf32>) -> (tensor<2x40x6x5xf32>, tensor<2x40x6x5xf32>) {
  %0 = graph.binary add %x, %c : (tensor<2x40x6x5xf32>, tensor<40x1x1xf32>) -> tensor<2x40x6x5xf32>
  %1 = graph.binary mul %0, %r : (tensor<2x40x6x5xf32>, tensor<5xf32>) -> tensor<2x40x6x5xf32>
  %2 = graph.binary sub %s, %1 : (tensor<1xf32>, tensor<2x40x6x5xf32>) -> tensor<2x40x6x5xf32>
  %3 = graph.binary max %2, %n : (tensor<2x40x6x5xf32>, tensor<2x1x6x1xf32>) -> tensor<2x40x6x5xf32>
  %4 = graph.unary clip %3 alpha = -1.0 beta = 1.5 : (tensor<2x40x6x5xf32>) -> tensor<2x40x6x5xf32>
  %5 = graph.unary tanh %4 : (tensor<2x40x6x5xf32>) -> tensor<2x40x6x5xf32>
  %6 = graph.compare lt %5, %r : (tensor<2x40x6x5xf32>, tensor<5xf32>) -> tensor<2x40x6x5xi1>
  %7 = graph.select %6, %x, %c : (tensor<2x40x6x5xi1>, tensor<2x40x6x5xf32>, tensor<40x1x1xf32>) -> tensor<2x40x6x5xf32>
  return %5, %7 : tensor<2x40x6x5xf32>, tensor<2x40x6x5xf32>
}
