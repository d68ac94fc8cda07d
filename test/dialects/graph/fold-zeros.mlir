// RUN: ncc-opt --canonicalize %s | FileCheck %s
// +0 is no neutral element: it turns -0 into itself. It may go where x is never -0, or where no reader tells.

// CHECK-LABEL: func.func @told
func.func @told(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %plus = graph.constant dense<0.0> : tensor<4xf32>
  %minus = graph.constant dense<-0.0> : tensor<4xf32>
  // CHECK: %[[A:.*]] = graph.binary add %arg0
  %0 = graph.binary add %x, %plus : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: %[[B:.*]] = graph.binary sub %arg0
  %1 = graph.binary sub %x, %minus : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = graph.binary add %x, %minus : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = graph.binary sub %x, %plus : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK-NEXT: return %[[A]], %[[B]], %arg0, %arg0
  return %0, %1, %2, %3 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @untold
func.func @untold(%x: tensor<4x4xf32>, %i: tensor<4xi32>) -> (tensor<4x4xf32>, tensor<4x4xf32>, tensor<4xi32>) {
  %plus = graph.constant dense<0.0> : tensor<4x4xf32>
  %none = graph.constant dense<0> : tensor<4xi32>
  // CHECK-NOT: graph.binary add
  %0 = graph.matmul %x, %x : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %1 = graph.binary add %0, %plus : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %2 = graph.binary add %x, %plus : (tensor<4x4xf32>, tensor<4x4xf32>) -> tensor<4x4xf32>
  %3 = graph.softmax %2 axis = 1 : (tensor<4x4xf32>) -> tensor<4x4xf32>
  %4 = graph.binary add %i, %none : (tensor<4xi32>, tensor<4xi32>) -> tensor<4xi32>
  return %1, %3, %4 : tensor<4x4xf32>, tensor<4x4xf32>, tensor<4xi32>
}
