// RUN: ncc-check-lowering %s
// RUN: ncc-check-lowering %s --auto-cast=matmult --rtol=2e-2
// RUN: ncc-check-lowering %s --target=inf1 --auto-cast=matmult --rtol=2e-2
// RUN: ncc-check-lowering %s --no-layout --no-groups

func.func @main(%x: tensor<4x64xf32>) -> tensor<4x10xf32> {
  %w1 = graph.constant dense<0.05> : tensor<64x200xf32>
  %w2 = graph.constant dense<0.1> : tensor<200x10xf32>
  %b = graph.constant dense<[0.25, 0.125, 1.0, 2.0, 1.0, -1.0, 1.0, 3.0, 1.0, 1.0]> : tensor<10xf32>
  %0 = graph.matmul %x, %w1 : (tensor<4x64xf32>, tensor<64x200xf32>) -> tensor<4x200xf32>
  %1 = graph.unary relu %0 : (tensor<4x200xf32>) -> tensor<4x200xf32>
  %2 = graph.matmul %1, %w2 : (tensor<4x200xf32>, tensor<200x10xf32>) -> tensor<4x10xf32>
  %3 = graph.binary add %2, %b : (tensor<4x10xf32>, tensor<10xf32>) -> tensor<4x10xf32>
  %4 = graph.softmax %3 axis = 1 : (tensor<4x10xf32>) -> tensor<4x10xf32>
  return %4 : tensor<4x10xf32>
}
