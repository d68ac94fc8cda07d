// RUN: ncc-opt %s --split-input-file --ncc-split-stages | FileCheck %s

// Nothing for the host: left alone.
// CHECK-LABEL: func.func @main(%arg0: tensor<4xf32>) -> tensor<4xf32> {
// CHECK: graph.unary exp
// CHECK-NOT: call
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = graph.unary exp %x : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// Doubles stay on the host; the floats around them make one segment each, which takes its constants along.
// CHECK-LABEL: func.func @main
// CHECK-SAME: attributes {ncc.plan}
// CHECK: %[[A:.*]] = call @segment_0(%arg0)
// CHECK: %[[D:.*]] = graph.cast %[[A]]
// CHECK: %[[E:.*]] = graph.binary add %[[D]], %[[D]]
// CHECK: %[[F:.*]] = graph.cast %[[E]]
// CHECK: call @segment_1(%[[F]])
// CHECK-LABEL: func.func private @segment_0
// CHECK-DAG: graph.constant
// CHECK-DAG: graph.unary exp
// CHECK: graph.binary mul
// CHECK-LABEL: func.func private @segment_1
// CHECK: graph.unary tanh
func.func @main(%x: tensor<4xf32>) -> tensor<4xf32> {
  %two = graph.constant dense<2.0> : tensor<f32>
  %e = graph.unary exp %x : (tensor<4xf32>) -> tensor<4xf32>
  %a = graph.binary mul %e, %two : (tensor<4xf32>, tensor<f32>) -> tensor<4xf32>
  %d = graph.cast %a : (tensor<4xf32>) -> tensor<4xf64>
  %s = graph.binary add %d, %d : (tensor<4xf64>, tensor<4xf64>) -> tensor<4xf64>
  %f = graph.cast %s : (tensor<4xf64>) -> tensor<4xf32>
  %y = graph.unary tanh %f : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// No core holds complex numbers, be they constants.
// CHECK-LABEL: func.func @main
// CHECK-SAME: attributes {ncc.plan}
// CHECK: graph.transpose %arg0
// CHECK-NOT: call
func.func @main(%x: tensor<2x3xcomplex<f32>>) -> (tensor<3x2xcomplex<f32>>, tensor<1xcomplex<f64>>) {
  %c = graph.constant dense<(1.0, 2.0)> : tensor<1xcomplex<f64>>
  %y = graph.transpose %x perm = [1, 0] : (tensor<2x3xcomplex<f32>>) -> tensor<3x2xcomplex<f32>>
  return %y, %c : tensor<3x2xcomplex<f32>>, tensor<1xcomplex<f64>>
}

// -----

// What does not depend on the host's work joins the first segment; moves alone stay on the host.
// CHECK-LABEL: func.func @main
// CHECK: %[[B:.*]]:2 = call @segment_0(%arg0)
// CHECK: graph.host "nonzero"(%[[B]]#
// CHECK: graph.reshape
// CHECK-NOT: segment_1
// CHECK-LABEL: func.func private @segment_0
func.func @main(%x: tensor<2x2xf32>) -> (tensor<2x?xi64>, tensor<2x2xf32>, tensor<4xf64>) {
  %e = graph.unary exp %x : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %n = graph.host "nonzero"(%e) : (tensor<2x2xf32>) -> tensor<2x?xi64>
  %t = graph.unary tanh %e : (tensor<2x2xf32>) -> tensor<2x2xf32>
  %d = graph.cast %e : (tensor<2x2xf32>) -> tensor<2x2xf64>
  %r = graph.reshape %d : (tensor<2x2xf64>) -> tensor<4xf64>
  return %n, %t, %r : tensor<2x?xi64>, tensor<2x2xf32>, tensor<4xf64>
}

// -----

// Segments inside regions; the small integers of the loop's bookkeeping stay where the loop is.
// CHECK-LABEL: func.func @main
// CHECK: graph.loop
// CHECK-DAG: graph.compare lt
// CHECK-DAG: call @segment_0
// CHECK: graph.yield
// CHECK-LABEL: func.func private @segment_0(%arg0: tensor<64xf32>) -> tensor<64xf32>
// CHECK: graph.binary mul
func.func @main(%n: tensor<i64>, %x: tensor<64xf32>) -> tensor<64xf32> {
  %y = graph.loop trips = %n (%x) {
  ^bb0(%i: tensor<i64>, %c: tensor<i1>, %v: tensor<64xf32>):
    %five = graph.constant dense<5> : tensor<i64>
    %go = graph.compare lt %i, %five : (tensor<i64>, tensor<i64>) -> tensor<i1>
    %w = graph.binary mul %v, %v : (tensor<64xf32>, tensor<64xf32>) -> tensor<64xf32>
    graph.yield %go, %w : tensor<i1>, tensor<64xf32>
  } : (tensor<i64>, tensor<64xf32>) -> tensor<64xf32>
  return %y : tensor<64xf32>
}
