// RUN: ncc-opt %s --pass-pipeline='builtin.module(func.func(ncc-canonicalize,ncc-fold-constants,ncc-canonicalize))' | FileCheck %s

// One product for queries, keys and values becomes three, through bias, reshape and transpose.
// CHECK-LABEL: func.func @packed_projection
// CHECK-COUNT-3: graph.matmul {{.*}} : (tensor<1x5x6xf32>, tensor<6x8xf32>) -> tensor<1x5x8xf32>
// CHECK-NOT: graph.slice
func.func @packed_projection(%x: tensor<1x5x6xf32>) -> (tensor<1x1x2x5x4xf32>, tensor<1x1x2x5x4xf32>, tensor<1x1x2x5x4xf32>) {
  %w = graph.constant dense<0.5> : tensor<6x24xf32>
  %bias = graph.constant dense<0.25> : tensor<24xf32>
  %0 = graph.matmul %x, %w : (tensor<1x5x6xf32>, tensor<6x24xf32>) -> tensor<1x5x24xf32>
  %1 = graph.binary add %0, %bias : (tensor<1x5x24xf32>, tensor<24xf32>) -> tensor<1x5x24xf32>
  %2 = graph.reshape %1 : (tensor<1x5x24xf32>) -> tensor<1x5x3x2x4xf32>
  %3 = graph.transpose %2 perm = [2, 0, 3, 1, 4] : (tensor<1x5x3x2x4xf32>) -> tensor<3x1x2x5x4xf32>
  %q = graph.slice %3 offsets = [0, 0, 0, 0, 0] strides = [1, 1, 1, 1, 1] : (tensor<3x1x2x5x4xf32>) -> tensor<1x1x2x5x4xf32>
  %k = graph.slice %3 offsets = [1, 0, 0, 0, 0] strides = [1, 1, 1, 1, 1] : (tensor<3x1x2x5x4xf32>) -> tensor<1x1x2x5x4xf32>
  %v = graph.slice %3 offsets = [2, 0, 0, 0, 0] strides = [1, 1, 1, 1, 1] : (tensor<3x1x2x5x4xf32>) -> tensor<1x1x2x5x4xf32>
  return %q, %k, %v : tensor<1x1x2x5x4xf32>, tensor<1x1x2x5x4xf32>, tensor<1x1x2x5x4xf32>
}

// Only the last token's row is computed.
// CHECK-LABEL: func.func @last_row
// CHECK: graph.slice %arg0 offsets = [0, 4, 0] strides = [1, 1, 1]
// CHECK: graph.matmul {{.*}} -> tensor<1x1x24xf32>
func.func @last_row(%x: tensor<1x5x6xf32>, %b: tensor<24xf32>) -> tensor<1x1x24xf32> {
  %w = graph.constant dense<0.5> : tensor<6x24xf32>
  %0 = graph.matmul %x, %w : (tensor<1x5x6xf32>, tensor<6x24xf32>) -> tensor<1x5x24xf32>
  %1 = graph.binary add %b, %0 : (tensor<24xf32>, tensor<1x5x24xf32>) -> tensor<1x5x24xf32>
  %2 = graph.slice %1 offsets = [0, 4, 0] strides = [1, 1, 1] : (tensor<1x5x24xf32>) -> tensor<1x1x24xf32>
  return %2 : tensor<1x1x24xf32>
}

// An inner dim of a split one is no slice of the whole; a tensor that others read as well is computed once.
// CHECK-LABEL: func.func @not_moved
// CHECK: graph.reshape
// CHECK-NEXT: graph.slice
// CHECK: graph.unary exp
// CHECK-NEXT: graph.slice
func.func @not_moved(%x: tensor<2x12xf32>) -> (tensor<2x3x2xf32>, tensor<2x3xf32>, tensor<2x12xf32>) {
  %0 = graph.reshape %x : (tensor<2x12xf32>) -> tensor<2x3x4xf32>
  %1 = graph.slice %0 offsets = [0, 0, 1] strides = [1, 1, 1] : (tensor<2x3x4xf32>) -> tensor<2x3x2xf32>
  %2 = graph.unary exp %x : (tensor<2x12xf32>) -> tensor<2x12xf32>
  %3 = graph.slice %2 offsets = [0, 2] strides = [1, 1] : (tensor<2x12xf32>) -> tensor<2x3xf32>
  return %1, %3, %2 : tensor<2x3x2xf32>, tensor<2x3xf32>, tensor<2x12xf32>
}
