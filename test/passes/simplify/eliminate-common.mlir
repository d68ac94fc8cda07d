// RUN: ncc-opt --ncc-eliminate-common %s | FileCheck %s

// CHECK-LABEL: func.func @same
func.func @same(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK-NEXT: %[[C:.*]] = graph.constant
  // CHECK-NEXT: %[[A:.*]] = graph.binary add %arg0, %[[C]]
  // CHECK-NEXT: return %[[A]], %[[A]]
  %c = graph.constant dense<1.0> : tensor<4xf32>
  %d = graph.constant dense<1.0> : tensor<4xf32>
  %0 = graph.binary add %x, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.binary add %x, %d : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %0, %1 : tensor<4xf32>, tensor<4xf32>
}

// CHECK-LABEL: func.func @different_properties
func.func @different_properties(%x: tensor<2x2xf32>) -> (tensor<2x1xf32>, tensor<2x1xf32>) {
  // CHECK: graph.reduce sum
  // CHECK: graph.reduce max
  %0 = graph.reduce sum %x axes = [1] : (tensor<2x2xf32>) -> tensor<2x1xf32>
  %1 = graph.reduce max %x axes = [1] : (tensor<2x2xf32>) -> tensor<2x1xf32>
  return %0, %1 : tensor<2x1xf32>, tensor<2x1xf32>
}
