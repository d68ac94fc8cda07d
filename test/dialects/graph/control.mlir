// RUN: ncc-opt %s --split-input-file --verify-diagnostics | ncc-opt --split-input-file --verify-diagnostics | FileCheck %s

// CHECK-LABEL: @kernels
func.func @kernels(%x: tensor<2x3xf32>, %s: tensor<2xi64>, %q: !graph.sequence<tensor<*xf32>>) {
  // CHECK: graph.host "reshape_to"(%{{.*}}, %{{.*}}) with {allowzero = 1 : i64} : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  %0 = graph.host "reshape_to"(%x, %s) with {allowzero = 1 : i64} : (tensor<2x3xf32>, tensor<2xi64>) -> tensor<?x?xf32>
  // CHECK: graph.host "sequence_insert"
  %1 = graph.host "sequence_insert"(%q, %0) : (!graph.sequence<tensor<*xf32>>, tensor<?x?xf32>) -> !graph.sequence<tensor<*xf32>>
  // CHECK: graph.host "pad_by"(%{{.*}}, %{{.*}}, %{{.*}}) positions = [0, 1, 3]
  %2 = graph.host "pad_by"(%x, %s, %s) positions = [0, 1, 3] : (tensor<2x3xf32>, tensor<2xi64>, tensor<2xi64>) -> tensor<?x?xf32>
  return
}

// -----

// CHECK-LABEL: @control
func.func @control(%c: tensor<i1>, %n: tensor<i64>, %x: tensor<4x8xf32>, %o: !graph.optional<tensor<4xf32>>) -> tensor<?x8xf32> {
  // CHECK: graph.if %{{.*}} {
  %0 = graph.if %c {
    %1 = graph.unary exp %x : (tensor<4x8xf32>) -> tensor<4x8xf32>
    graph.yield %1 : tensor<4x8xf32>
  } else {
    graph.yield %x : tensor<4x8xf32>
  } : (tensor<i1>) -> tensor<4x8xf32>
  // CHECK: graph.scan() over(%{{.*}}) axes = [0] directions = [1] into axes = [0] directions = [0]
  %2 = graph.scan () over (%0) axes = [0] directions = [1] into axes = [0] directions = [0] {
  ^bb0(%row: tensor<8xf32>):
    graph.yield %row : tensor<8xf32>
  } : (tensor<4x8xf32>) -> tensor<?x8xf32>
  // CHECK: graph.loop trips = %{{.*}} while = %{{.*}}()
  %3 = graph.loop trips = %n while = %c () {
  ^bb0(%i: tensor<i64>, %go: tensor<i1>):
    graph.yield %go, %i : tensor<i1>, tensor<i64>
  } : (tensor<i64>, tensor<i1>) -> tensor<?xi64>
  return %2 : tensor<?x8xf32>
}

// -----

func.func @unknown(%x: tensor<2xf32>) {
  // expected-error @+1 {{there is no host kernel 'nothing'}}
  %0 = graph.host "nothing"(%x) : (tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @contradiction(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{result 0 is i64 2x?, not f32 2x?}}
  %0 = graph.host "nonzero"(%x) : (tensor<2x3xf32>) -> tensor<2x?xf32>
  return
}

// -----

func.func @positions(%x: tensor<2xf32>) {
  // expected-error @+1 {{positions must ascend, one for each input}}
  %0 = graph.host "binary"(%x, %x) positions = [1, 0] : (tensor<2xf32>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @none(%x: tensor<2xf32>) {
  // expected-error @+1 {{no value has the type 'index'}}
  %0 = graph.host "size_of"(%x) : (tensor<2xf32>) -> index
  return
}

// -----

func.func @branches(%c: tensor<i1>, %x: tensor<2xf32>) {
  // expected-error @+1 {{a branch's results: 'tensor<2xf32>' does not fit 'tensor<3xf32>'}}
  %0 = graph.if %c {
    graph.yield %x : tensor<2xf32>
  } else {
    graph.yield %x : tensor<2xf32>
  } : (tensor<i1>) -> tensor<3xf32>
  return
}

// -----

func.func @condition(%c: tensor<f32>) {
  // expected-error @+1 {{the condition must be i1}}
  graph.if %c {
    graph.yield
  } else {
    graph.yield
  } : (tensor<f32>) -> ()
  return
}

// -----

func.func @arguments(%c: tensor<i1>, %x: tensor<2xf32>) {
  // expected-error @+1 {{branches take no arguments}}
  graph.if %c {
  ^bb0(%a: tensor<2xf32>):
    graph.yield
  } else {
    graph.yield
  } : (tensor<i1>) -> ()
  return
}

// -----

func.func @carried(%n: tensor<i64>, %x: tensor<2xf32>) {
  // expected-error @+1 {{the body must take the iteration, the condition and the carried values, and yield a condition and all results}}
  %0 = graph.loop trips = %n (%x) {
  ^bb0(%i: tensor<i64>, %c: tensor<i1>):
    graph.yield %c : tensor<i1>
  } : (tensor<i64>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @iteration(%n: tensor<i64>) {
  // expected-error @+1 {{the body's first arguments must be an i64 and an i1}}
  graph.loop trips = %n () {
  ^bb0(%i: tensor<f32>, %c: tensor<i1>):
    graph.yield %c : tensor<i1>
  } : (tensor<i64>) -> ()
  return
}

// -----

func.func @grows(%n: tensor<i64>, %x: tensor<2xf32>) {
  // expected-error @+1 {{carried values of the next step: 'tensor<1x2xf32>' does not fit 'tensor<2xf32>'}}
  %0 = graph.loop trips = %n (%x) {
  ^bb0(%i: tensor<i64>, %c: tensor<i1>, %v: tensor<2xf32>):
    %y = graph.reshape %v : (tensor<2xf32>) -> tensor<1x2xf32>
    graph.yield %c, %y : tensor<i1>, tensor<1x2xf32>
  } : (tensor<i64>, tensor<2xf32>) -> tensor<2xf32>
  return
}

// -----

func.func @slices(%x: tensor<2x3xf32>) {
  // expected-error @+1 {{the body must take the carried values and a slice of each scanned one, and yield all results}}
  %0 = graph.scan () over (%x) axes = [0] directions = [0] into axes = [] directions = [] {
  ^bb0(%row: tensor<3xf32>):
    graph.yield %row : tensor<3xf32>
  } : (tensor<2x3xf32>) -> tensor<2x3xf32>
  return
}
