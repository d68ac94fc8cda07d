// RUN: ncc-opt --ncc-remove-dead %s | FileCheck %s

// CHECK-LABEL: func.func @chain
func.func @chain(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK-NEXT: return %arg0
  %c = graph.constant dense<1.0> : tensor<4xf32>
  %0 = graph.binary add %x, %c : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.unary exp %0 : (tensor<4xf32>) -> tensor<4xf32>
  return %x : tensor<4xf32>
}
