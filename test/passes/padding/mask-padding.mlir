// RUN: ncc-opt %s --split-input-file --ncc-mask-padding | FileCheck %s

// A row-wise model needs no mask: rows beyond the true ones are never read.
// CHECK-LABEL: func.func @main
// CHECK-SAME: (%arg0: tensor<8x4xf32>) -> tensor<8x4xf32> attributes {ncc.padded = [array<i64>]}
// CHECK-NOT: graph.select
// CHECK-NOT: @small
func.func @main(%x: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %w = graph.constant dense<1.0> : tensor<4x4xf32>
  %a = graph.matmul %x, %w : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32>
  %b = graph.unary relu %a : (tensor<8x4xf32>) -> tensor<8x4xf32>
  return %b : tensor<8x4xf32>
}
func.func @small(%x: tensor<5x4xf32>) -> tensor<5x4xf32> {
  %w = graph.constant dense<1.0> : tensor<4x4xf32>
  %a = graph.matmul %x, %w : (tensor<5x4xf32>, tensor<4x4xf32>) -> tensor<5x4xf32>
  %b = graph.unary relu %a : (tensor<5x4xf32>) -> tensor<5x4xf32>
  return %b : tensor<5x4xf32>
}

// -----

// Softmax over a padded axis sees -inf there; its result is zero there, so only the other operand of the product is masked.
// CHECK-LABEL: func.func @main
// CHECK-SAME: %arg1: tensor<8xi1> {graph.name = "ncc.valid.0"}
// CHECK-SAME: ncc.padded = [array<i64: 5>, array<i64: 3>]
// CHECK: %[[S:.*]] = graph.select %{{.*}}, %{{.*}}, %{{.*}} : (tensor<1x8xi1>, tensor<8x8xf32>, tensor<f32>)
// CHECK: %[[P:.*]] = graph.softmax %[[S]]
// CHECK: %[[V:.*]] = graph.select %{{.*}}, %{{.*}}, %{{.*}} : (tensor<8x1xi1>, tensor<8x4xf32>, tensor<f32>)
// CHECK: graph.matmul %[[P]], %[[V]]
func.func @main(%x: tensor<8x4xf32>) -> tensor<8x4xf32> {
  %s = graph.matmul %x, %x transpose_b = true : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<8x8xf32>
  %p = graph.softmax %s axis = 1 : (tensor<8x8xf32>) -> tensor<8x8xf32>
  %e = graph.unary exp %x : (tensor<8x4xf32>) -> tensor<8x4xf32>
  %y = graph.matmul %p, %e : (tensor<8x8xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
  return %y : tensor<8x4xf32>
}
func.func @five(%x: tensor<5x4xf32>) -> tensor<5x4xf32> {
  %s = graph.matmul %x, %x transpose_b = true : (tensor<5x4xf32>, tensor<5x4xf32>) -> tensor<5x5xf32>
  %p = graph.softmax %s axis = 1 : (tensor<5x5xf32>) -> tensor<5x5xf32>
  %e = graph.unary exp %x : (tensor<5x4xf32>) -> tensor<5x4xf32>
  %y = graph.matmul %p, %e : (tensor<5x5xf32>, tensor<5x4xf32>) -> tensor<5x4xf32>
  return %y : tensor<5x4xf32>
}
func.func @three(%x: tensor<3x4xf32>) -> tensor<3x4xf32> {
  %s = graph.matmul %x, %x transpose_b = true : (tensor<3x4xf32>, tensor<3x4xf32>) -> tensor<3x3xf32>
  %p = graph.softmax %s axis = 1 : (tensor<3x3xf32>) -> tensor<3x3xf32>
  %e = graph.unary exp %x : (tensor<3x4xf32>) -> tensor<3x4xf32>
  %y = graph.matmul %p, %e : (tensor<3x3xf32>, tensor<3x4xf32>) -> tensor<3x4xf32>
  return %y : tensor<3x4xf32>
}

// -----

// A mean counts what is there.
// CHECK-LABEL: func.func @main
// CHECK: graph.reduce sum
// CHECK: %[[N:.*]] = graph.reduce sum %{{.*}} axes = [0] keepdims = false : (tensor<8xf32>) -> tensor<f32>
// CHECK: %[[C:.*]] = graph.binary mul %{{.*}}, %[[N]]
// CHECK: graph.binary div %{{.*}}, %[[C]]
func.func @main(%x: tensor<2x8xf32>) -> tensor<2x1xf32> {
  %y = graph.reduce mean %x axes = [1] : (tensor<2x8xf32>) -> tensor<2x1xf32>
  return %y : tensor<2x1xf32>
}
func.func @small(%x: tensor<2x3xf32>) -> tensor<2x1xf32> {
  %y = graph.reduce mean %x axes = [1] : (tensor<2x3xf32>) -> tensor<2x1xf32>
  return %y : tensor<2x1xf32>
}

// -----

// Refused, with the node's name: the last row is another one at the true size; a constant depends on the size; the flat
// order of elements does; statistics do.
// CHECK-LABEL: func.func @main
// CHECK-SAME: "node 'last' has other attributes at the true size"
func.func @main(%x: tensor<8x4xf32>) -> tensor<1x4xf32> {
  %y = graph.slice %x offsets = [7, 0] strides = [1, 1] : (tensor<8x4xf32>) -> tensor<1x4xf32> loc("last")
  return %y : tensor<1x4xf32>
}
func.func @small(%x: tensor<5x4xf32>) -> tensor<1x4xf32> {
  %y = graph.slice %x offsets = [4, 0] strides = [1, 1] : (tensor<5x4xf32>) -> tensor<1x4xf32> loc("last")
  return %y : tensor<1x4xf32>
}

// -----

// CHECK-LABEL: func.func @main
// CHECK-SAME: "node 'share' is a constant that depends on the size"
func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> {
  %c = graph.constant dense<0.125> : tensor<f32> loc("share")
  %y = graph.binary mul %x, %c : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32>
  return %y : tensor<8xf32>
}
func.func @small(%x: tensor<4xf32>) -> tensor<4xf32> {
  %c = graph.constant dense<0.25> : tensor<f32> loc("share")
  %y = graph.binary mul %x, %c : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// CHECK-LABEL: func.func @main
// CHECK-SAME: "node 'flat' mixes a padded dimension with others"
func.func @main(%x: tensor<2x8xf32>) -> tensor<16xf32> {
  %y = graph.reshape %x : (tensor<2x8xf32>) -> tensor<16xf32> loc("flat")
  return %y : tensor<16xf32>
}
func.func @small(%x: tensor<2x5xf32>) -> tensor<10xf32> {
  %y = graph.reshape %x : (tensor<2x5xf32>) -> tensor<10xf32> loc("flat")
  return %y : tensor<10xf32>
}

// -----

// CHECK-LABEL: func.func @main
// CHECK-SAME: "node 'norm' depends on the size of the dimensions it normalizes"
func.func @main(%x: tensor<8xf32>) -> tensor<8xf32> {
  %s = graph.constant dense<1.0> : tensor<f32>
  %y = graph.rms_norm %x, %s axis = 0 epsilon = 1.0e-5 : (tensor<8xf32>, tensor<f32>) -> tensor<8xf32> loc("norm")
  return %y : tensor<8xf32>
}
func.func @small(%x: tensor<5xf32>) -> tensor<5xf32> {
  %s = graph.constant dense<1.0> : tensor<f32>
  %y = graph.rms_norm %x, %s axis = 0 epsilon = 1.0e-5 : (tensor<5xf32>, tensor<f32>) -> tensor<5xf32> loc("norm")
  return %y : tensor<5xf32>
}

// -----

// What was too large to be computed on import at the large size, and is a constant at the small one.
// CHECK-LABEL: func.func @main
// CHECK-SAME: ncc.padded = [array<i64>]
func.func @main(%x: tensor<3xf32>) -> tensor<3xf32> {
  %t = graph.constant dense<[1.0, 2.0, 3.0, 4.0]> : tensor<4xf32>
  %i = graph.constant dense<[2, 0, 1]> : tensor<3xi64>
  %g = graph.gather %t, %i axis = 0 : (tensor<4xf32>, tensor<3xi64>) -> tensor<3xf32>
  %y = graph.binary add %x, %g : (tensor<3xf32>, tensor<3xf32>) -> tensor<3xf32>
  return %y : tensor<3xf32>
}
func.func @small(%x: tensor<2xf32>) -> tensor<2xf32> {
  %g = graph.constant dense<[3.0, 1.0]> : tensor<2xf32>
  %y = graph.binary add %x, %g : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return %y : tensor<2xf32>
}
