// RUN: ncc-check-lowering %s
// RUN: ncc-check-lowering %s --auto-cast=matmult --rtol=5e-2
// RUN: ncc-check-lowering %s --no-layout

func.func @main(%x: tensor<2x33x128xf32>) -> tensor<2x33x128xf32> {
  %w = graph.constant dense<0.0625> : tensor<128x128xf32>
  %q = graph.matmul %x, %w : (tensor<2x33x128xf32>, tensor<128x128xf32>) -> tensor<2x33x128xf32>
  %q1 = graph.binary add %q, %x : (tensor<2x33x128xf32>, tensor<2x33x128xf32>) -> tensor<2x33x128xf32>
  %q2 = graph.reshape %q1 : (tensor<2x33x128xf32>) -> tensor<2x33x4x32xf32>
  %q3 = graph.transpose %q2 perm = [0, 2, 1, 3] : (tensor<2x33x4x32xf32>) -> tensor<2x4x33x32xf32>
  %k2 = graph.reshape %x : (tensor<2x33x128xf32>) -> tensor<2x33x4x32xf32>
  %k3 = graph.transpose %k2 perm = [0, 2, 1, 3] : (tensor<2x33x4x32xf32>) -> tensor<2x4x33x32xf32>
  %a = graph.attention %q3, %k3, %k3 scale = 0.176 causal = true : (tensor<2x4x33x32xf32>, tensor<2x4x33x32xf32>, tensor<2x4x33x32xf32>) -> tensor<2x4x33x32xf32>
  %t = graph.transpose %a perm = [0, 2, 1, 3] : (tensor<2x4x33x32xf32>) -> tensor<2x33x4x32xf32>
  %y = graph.reshape %t : (tensor<2x33x4x32xf32>) -> tensor<2x33x128xf32>
  %z = graph.matmul %y, %w : (tensor<2x33x128xf32>, tensor<128x128xf32>) -> tensor<2x33x128xf32>
  return %z : tensor<2x33x128xf32>
}
