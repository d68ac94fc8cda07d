// RUN: ncc-opt --ncc-fold-constants=max-bytes=64 %s | FileCheck %s

// CHECK-LABEL: func.func @small
func.func @small() -> tensor<3xf32> {
  // CHECK-NEXT: graph.constant dense<[4.000000e+00, 6.000000e+00, 8.000000e+00]> : tensor<3xf32>
  // CHECK-NEXT: return
  %a = graph.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %b = graph.constant dense<[3.0, 4.0, 5.0]> : tensor<3xf32>
  %0 = graph.binary add %a, %b : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}

// A result larger than what it replaces stays an op.
// CHECK-LABEL: func.func @inflating
func.func @inflating() -> tensor<64x3xf32> {
  // CHECK: graph.expand
  %a = graph.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %0 = graph.expand %a : (tensor<3xf32>) -> tensor<64x3xf32>
  return %0 : tensor<64x3xf32>
}

// A splat stays one element whatever its shape.
// CHECK-LABEL: func.func @splat
func.func @splat() -> tensor<1000x1000xf32> {
  // CHECK-NEXT: graph.constant dense<2.000000e+00> : tensor<1000x1000xf32>
  %a = graph.constant dense<2.0> : tensor<f32>
  %0 = graph.expand %a : (tensor<f32>) -> tensor<1000x1000xf32>
  return %0 : tensor<1000x1000xf32>
}

// Also of integers no double holds, copied or computed.
// CHECK-LABEL: func.func @wide_splat
func.func @wide_splat() -> (tensor<1000xi64>, tensor<2xi64>) {
  // CHECK-DAG: graph.constant dense<9007199254740993> : tensor<1000xi64>
  // CHECK-DAG: graph.constant dense<9007199254740995> : tensor<2xi64>
  %a = graph.constant dense<9007199254740993> : tensor<i64>
  %0 = graph.expand %a : (tensor<i64>) -> tensor<1000xi64>
  %b = graph.constant dense<2> : tensor<2xi64>
  %1 = graph.binary add %a, %b : (tensor<i64>, tensor<2xi64>) -> tensor<2xi64>
  return %0, %1 : tensor<1000xi64>, tensor<2xi64>
}

// CHECK-LABEL: func.func @integers_and_bools
func.func @integers_and_bools() -> (tensor<2xi64>, tensor<2xi1>) {
  // CHECK-DAG: graph.constant dense<[2, 0]> : tensor<2xi64>
  // CHECK-DAG: graph.constant dense<[true, false]> : tensor<2xi1>
  %a = graph.constant dense<[5, 3]> : tensor<2xi64>
  %b = graph.constant dense<3> : tensor<i64>
  %0 = graph.binary mod %a, %b : (tensor<2xi64>, tensor<i64>) -> tensor<2xi64>
  %1 = graph.compare gt %a, %b : (tensor<2xi64>, tensor<i64>) -> tensor<2xi1>
  return %0, %1 : tensor<2xi64>, tensor<2xi1>
}

// What is computed from tensors without elements is known.
// CHECK-LABEL: func.func @nothing
func.func @nothing(%x: tensor<2x0x4xf32>) -> tensor<2x4xf32> {
  // CHECK-NEXT: graph.constant dense<1.000000e+00> : tensor<2x4xf32>
  %0 = graph.reduce prod %x axes = [1] keepdims = false : (tensor<2x0x4xf32>) -> tensor<2x4xf32>
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func @not_constant
func.func @not_constant(%x: tensor<3xf32>) -> tensor<3xf32> {
  // CHECK: graph.binary add
  %a = graph.constant dense<[1.0, 2.0, 3.0]> : tensor<3xf32>
  %0 = graph.binary add %x, %a : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %0 : tensor<3xf32>
}
