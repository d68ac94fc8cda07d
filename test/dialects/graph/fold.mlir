// RUN: ncc-opt --canonicalize %s | FileCheck %s

// CHECK-LABEL: func.func @identities
func.func @identities(%x: tensor<2x3xf32>) -> tensor<2x3xf32> {
  // CHECK-NEXT: return %arg0
  %one = graph.constant dense<1.0> : tensor<f32>
  %zero = graph.constant dense<-0.0> : tensor<1x3xf32>
  %0 = graph.binary mul %x, %one : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  %1 = graph.binary add %zero, %0 : (tensor<1x3xf32>, tensor<2x3xf32>) -> tensor<2x3xf32>
  %2 = graph.unary neg %1 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %3 = graph.unary neg %2 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %4 = graph.concat %3 axis = 0 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %5 = graph.slice %4 offsets = [0, 0] strides = [1, 1] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %6 = graph.transpose %5 perm = [1, 0] : (tensor<2x3xf32>) -> tensor<3x2xf32>
  %7 = graph.transpose %6 perm = [1, 0] : (tensor<3x2xf32>) -> tensor<2x3xf32>
  %8 = graph.reshape %7 : (tensor<2x3xf32>) -> tensor<6xf32>
  %9 = graph.reshape %8 : (tensor<6xf32>) -> tensor<2x3xf32>
  %10 = graph.pad %9 low = [0, 0] high = [0, 0] : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %11 = graph.expand %10 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return %11 : tensor<2x3xf32>
}

// An identity that would change the shape stays.
// CHECK-LABEL: func.func @broadcasting_multiply
func.func @broadcasting_multiply(%x: tensor<3xf32>) -> tensor<2x3xf32> {
  // CHECK: graph.binary mul
  %one = graph.constant dense<1.0> : tensor<2x1xf32>
  %0 = graph.binary mul %x, %one : (tensor<3xf32>, tensor<2x1xf32>) -> tensor<2x3xf32>
  return %0 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @casts
func.func @casts(%x: tensor<2xbf16>, %y: tensor<2xf32>) -> (tensor<2xbf16>, tensor<2xf32>) {
  // CHECK-NEXT: %[[A:.*]] = graph.cast %arg1
  // CHECK-NEXT: %[[B:.*]] = graph.cast %[[A]]
  // CHECK-NEXT: return %arg0, %[[B]]
  %0 = graph.cast %x : (tensor<2xbf16>) -> tensor<2xf32>
  %1 = graph.cast %0 : (tensor<2xf32>) -> tensor<2xbf16>
  %2 = graph.cast %y : (tensor<2xf32>) -> tensor<2xbf16>
  %3 = graph.cast %2 : (tensor<2xbf16>) -> tensor<2xf32>
  return %1, %3 : tensor<2xbf16>, tensor<2xf32>
}

// CHECK-LABEL: func.func @select
func.func @select(%a: tensor<2xf32>, %b: tensor<2xf32>) -> tensor<2xf32> {
  // CHECK-NEXT: return %arg0
  %c = graph.constant dense<true> : tensor<2xi1>
  %0 = graph.select %c, %a, %b : (tensor<2xi1>, tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %0 : tensor<2xf32>
}
