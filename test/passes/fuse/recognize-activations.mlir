// RUN: ncc-opt --ncc-recognize-activations %s | FileCheck %s

// CHECK-LABEL: func.func @gelu_erf
func.func @gelu_erf(%x: tensor<2x4xf32>) -> tensor<2x4xf32> {
  // CHECK: %[[Y:.*]] = graph.unary gelu %arg0
  // CHECK: return %[[Y]]
  %root = graph.constant dense<0.70710678> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<f32>
  %half = graph.constant dense<0.5> : tensor<f32>
  %0 = graph.binary mul %x, %root : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xf32>
  %1 = graph.unary erf %0 : (tensor<2x4xf32>) -> tensor<2x4xf32>
  %2 = graph.binary add %1, %one : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xf32>
  %3 = graph.binary mul %x, %2 : (tensor<2x4xf32>, tensor<2x4xf32>) -> tensor<2x4xf32>
  %4 = graph.binary mul %3, %half : (tensor<2x4xf32>, tensor<f32>) -> tensor<2x4xf32>
  return %4 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @gelu_tanh
func.func @gelu_tanh(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: graph.unary gelu_tanh %arg0
  %three = graph.constant dense<3.0> : tensor<f32>
  %cube = graph.constant dense<0.044715> : tensor<f32>
  %c = graph.constant dense<0.7978845608> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<f32>
  %half = graph.constant dense<0.5> : tensor<f32>
  %0 = graph.binary pow %x, %three : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = graph.binary mul %0, %cube : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %2 = graph.binary add %x, %1 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %3 = graph.binary mul %2, %c : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %4 = graph.unary tanh %3 : (tensor<4xf32>) -> tensor<4xf32>
  %5 = graph.binary add %4, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %6 = graph.binary mul %x, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %7 = graph.binary mul %6, %5 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %7 : tensor<4xf32>
}

// CHECK-LABEL: func.func @silu_and_hard_swish
func.func @silu_and_hard_swish(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  // CHECK: graph.unary silu %arg0
  %0 = graph.unary sigmoid %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.binary mul %x, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK: graph.unary hard_swish %arg0
  %three = graph.constant dense<3.0> : tensor<f32>
  %six = graph.constant dense<6.0> : tensor<f32>
  %2 = graph.binary add %x, %three : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = graph.unary clip %2 alpha = 0.0 beta = 6.0 : (tensor<4xf32>) -> tensor<4xf32>
  %4 = graph.binary mul %x, %3 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %5 = graph.binary div %4, %six : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %1, %5 : tensor<4xf32>, tensor<4xf32>
}

// A near miss (0.6 for 0.5) stays what it is.
// CHECK-LABEL: func.func @not_gelu
func.func @not_gelu(%x: tensor<4xf32>) -> tensor<4xf32> {
  // CHECK: graph.unary sigmoid
  // CHECK: graph.binary mul
  // CHECK: graph.binary mul
  %c = graph.constant dense<0.6> : tensor<f32>
  %0 = graph.unary sigmoid %x : (tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.binary mul %x, %0 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %2 = graph.binary mul %0, %c : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = graph.binary mul %2, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %3 : tensor<4xf32>
}

// Bounds, small addends and factors near one are part of the function.
// CHECK-LABEL: func.func @near_misses
func.func @near_misses(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %ten = graph.constant dense<10.0> : tensor<f32>
  %eps = graph.constant dense<1.0e-6> : tensor<f32>
  %near = graph.constant dense<0.999999> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<f32>
  // CHECK: graph.unary clip %arg0
  // CHECK: graph.unary softplus
  %0 = graph.unary clip %x alpha = -10.0 beta = 10.0 : (tensor<4xf32>) -> tensor<4xf32>
  %1 = graph.unary softplus %0 : (tensor<4xf32>) -> tensor<4xf32>
  // CHECK: graph.unary relu
  // CHECK: graph.binary add
  %2 = graph.unary relu %x : (tensor<4xf32>) -> tensor<4xf32>
  %3 = graph.binary add %2, %eps : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // CHECK: graph.unary tanh
  // CHECK: graph.binary mul
  %4 = graph.unary tanh %x : (tensor<4xf32>) -> tensor<4xf32>
  %5 = graph.binary mul %4, %near : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // log(1 + exp x) overflows where softplus does not.
  // CHECK: graph.unary exp
  // CHECK: graph.unary log
  %6 = graph.unary exp %x : (tensor<4xf32>) -> tensor<4xf32>
  %7 = graph.binary add %6, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %8 = graph.unary log %7 : (tensor<4xf32>) -> tensor<4xf32>
  return %1, %3, %5, %8 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}

// Other orders of the products, and the other spelling of the tanh form.
// CHECK-LABEL: func.func @other_orders
func.func @other_orders(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>) {
  %root2 = graph.constant dense<1.41421354> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<f32>
  %half = graph.constant dense<0.5> : tensor<f32>
  %c = graph.constant dense<0.797884583> : tensor<f32>
  %cube = graph.constant dense<0.044715> : tensor<f32>
  // CHECK: graph.unary gelu %arg0
  %0 = graph.binary div %x, %root2 : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %1 = graph.unary erf %0 : (tensor<4xf32>) -> tensor<4xf32>
  %2 = graph.binary add %1, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %3 = graph.binary mul %2, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %4 = graph.binary mul %3, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK: graph.unary gelu_tanh %arg0
  %5 = graph.unary square %x : (tensor<4xf32>) -> tensor<4xf32>
  %6 = graph.binary mul %5, %cube : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %7 = graph.binary add %6, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %8 = graph.binary mul %x, %c : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %9 = graph.binary mul %8, %7 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %10 = graph.unary tanh %9 : (tensor<4xf32>) -> tensor<4xf32>
  %11 = graph.binary add %10, %one : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %12 = graph.binary mul %x, %11 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  %13 = graph.binary mul %12, %half : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  // CHECK: graph.unary mish %arg0
  %14 = graph.unary softplus %x : (tensor<4xf32>) -> tensor<4xf32>
  %15 = graph.unary tanh %14 : (tensor<4xf32>) -> tensor<4xf32>
  %16 = graph.binary mul %15, %x : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  // CHECK: graph.unary softsign %arg0
  %17 = graph.unary abs %x : (tensor<4xf32>) -> tensor<4xf32>
  %18 = graph.binary add %one, %17 : (tensor<f32>, tensor<4xf32>) -> tensor<4xf32>
  %19 = graph.binary div %x, %18 : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %4, %13, %16, %19 : tensor<4xf32>, tensor<4xf32>, tensor<4xf32>, tensor<4xf32>
}
