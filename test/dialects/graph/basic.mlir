// RUN: ncc-opt %s | FileCheck %s
// RUN: ncc-opt %s | ncc-opt | FileCheck %s
// RUN: ncc-opt --mlir-print-op-generic %s | ncc-opt | FileCheck %s

// CHECK-LABEL: func.func @elementwise
func.func @elementwise(%x: tensor<2x3xf32>, %y: tensor<3xf32>) -> tensor<2x3xf32> {
  // CHECK: graph.constant dense<1.000000e+00> : tensor<f32>
  %one = graph.constant dense<1.0> : tensor<f32>
  // CHECK: graph.unary leaky_relu %{{.*}} alpha = 1.000000e-01 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  %0 = graph.unary leaky_relu %x alpha = 0.1 : (tensor<2x3xf32>) -> tensor<2x3xf32>
  // CHECK: graph.unary is_nan %{{.*}} : (tensor<2x3xf32>) -> tensor<2x3xi1>
  %nan = graph.unary is_nan %x : (tensor<2x3xf32>) -> tensor<2x3xi1>
  // CHECK: graph.binary add %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  %1 = graph.binary add %0, %y : (tensor<2x3xf32>, tensor<3xf32>) -> tensor<2x3xf32>
  // CHECK: graph.compare lt %{{.*}}, %{{.*}} : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xi1>
  %2 = graph.compare lt %1, %one : (tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xi1>
  // CHECK: graph.select
  %3 = graph.select %2, %1, %one : (tensor<2x3xi1>, tensor<2x3xf32>, tensor<f32>) -> tensor<2x3xf32>
  // CHECK: graph.cast %{{.*}} saturate = false : (tensor<2x3xf32>) -> tensor<2x3xbf16>
  %4 = graph.cast %3 saturate = false : (tensor<2x3xf32>) -> tensor<2x3xbf16>
  return %3 : tensor<2x3xf32>
}

// CHECK-LABEL: func.func @reductions
func.func @reductions(%x: tensor<2x3x4xf32>) {
  // CHECK: graph.reduce mean %{{.*}} axes = [1, 2] : (tensor<2x3x4xf32>) -> tensor<2x1x1xf32>
  %0 = graph.reduce mean %x axes = [1, 2] : (tensor<2x3x4xf32>) -> tensor<2x1x1xf32>
  // CHECK: graph.reduce sum %{{.*}} axes = [0] keepdims = false
  %1 = graph.reduce sum %x axes = [0] keepdims = false : (tensor<2x3x4xf32>) -> tensor<3x4xf32>
  // CHECK: graph.arg_reduce max %{{.*}} axis = 1
  %2 = graph.arg_reduce max %x axis = 1 : (tensor<2x3x4xf32>) -> tensor<2x1x4xi64>
  // CHECK: graph.cumsum %{{.*}} axis = 2 exclusive = true
  %3 = graph.cumsum %x axis = 2 exclusive = true : (tensor<2x3x4xf32>) -> tensor<2x3x4xf32>
  // CHECK: graph.topk %{{.*}} k = 2 axis = 2
  %4:2 = graph.topk %x k = 2 axis = 2 : (tensor<2x3x4xf32>) -> (tensor<2x3x2xf32>, tensor<2x3x2xi64>)
  return
}

// CHECK-LABEL: func.func @linear
func.func @linear(%a: tensor<4x2x3xf32>, %b: tensor<5x3xf32>, %x: tensor<1x4x8x8xf32>, %w: tensor<6x2x3x3xf32>,
                  %bias: tensor<6xf32>, %q: tensor<1x4x5x8xf32>, %k: tensor<1x2x7x8xf32>, %qa: tensor<2x3xui8>,
                  %qb: tensor<3x4xi8>, %half: tensor<2x3xbf16>) {
  // CHECK: graph.matmul %{{.*}}, %{{.*}} transpose_b = true
  %0 = graph.matmul %a, %b transpose_b = true : (tensor<4x2x3xf32>, tensor<5x3xf32>) -> tensor<4x2x5xf32>
  // CHECK: graph.matmul %{{.*}}, %{{.*}} a_zero_point = 128 : (tensor<2x3xui8>, tensor<3x4xi8>) -> tensor<2x4xi32>
  %1 = graph.matmul %qa, %qb a_zero_point = 128 : (tensor<2x3xui8>, tensor<3x4xi8>) -> tensor<2x4xi32>
  // CHECK: graph.matmul %{{.*}} transpose_b = true : (tensor<2x3xbf16>, tensor<2x3xbf16>) -> tensor<2x2xf32>
  %2 = graph.matmul %half, %half transpose_b = true : (tensor<2x3xbf16>, tensor<2x3xbf16>) -> tensor<2x2xf32>
  // CHECK: graph.conv %{{.*}}, %{{.*}}, %{{.*}} strides = [2, 2] pads = [1, 1, 1, 1] dilations = [1, 1] group = 2
  %3 = graph.conv %x, %w, %bias strides = [2, 2] pads = [1, 1, 1, 1] dilations = [1, 1] group = 2
     : (tensor<1x4x8x8xf32>, tensor<6x2x3x3xf32>, tensor<6xf32>) -> tensor<1x6x4x4xf32>
  // CHECK: graph.pool average
  %4 = graph.pool average %x kernel = [2, 2] strides = [2, 2] pads = [0, 0, 0, 0] dilations = [1, 1]
     : (tensor<1x4x8x8xf32>) -> tensor<1x4x4x4xf32>
  // CHECK: graph.attention %{{.*}}, %{{.*}}, %{{.*}} scale = 5.000000e-01 causal = true
  %5 = graph.attention %q, %k, %k scale = 0.5 causal = true
     : (tensor<1x4x5x8xf32>, tensor<1x2x7x8xf32>, tensor<1x2x7x8xf32>) -> tensor<1x4x5x8xf32>
  return
}

// CHECK-LABEL: func.func @shapes
func.func @shapes(%x: tensor<2x3x4xf32>, %i: tensor<5xi64>) {
  // CHECK: graph.reshape %{{.*}} : (tensor<2x3x4xf32>) -> tensor<6x4xf32>
  %0 = graph.reshape %x : (tensor<2x3x4xf32>) -> tensor<6x4xf32>
  // CHECK: graph.transpose %{{.*}} perm = [2, 0, 1]
  %1 = graph.transpose %x perm = [2, 0, 1] : (tensor<2x3x4xf32>) -> tensor<4x2x3xf32>
  // CHECK: graph.slice %{{.*}} offsets = [0, 2, 0] strides = [1, -1, 2]
  %2 = graph.slice %x offsets = [0, 2, 0] strides = [1, -1, 2] : (tensor<2x3x4xf32>) -> tensor<2x3x2xf32>
  // CHECK: graph.concat %{{.*}}, %{{.*}} axis = 1
  %3 = graph.concat %x, %x axis = 1 : (tensor<2x3x4xf32>, tensor<2x3x4xf32>) -> tensor<2x6x4xf32>
  // CHECK: graph.pad %{{.*}} low = [0, 1, 0] high = [0, 0, -1] mode = reflect
  %4 = graph.pad %x low = [0, 1, 0] high = [0, 0, -1] mode = reflect : (tensor<2x3x4xf32>) -> tensor<2x4x3xf32>
  // CHECK: graph.gather %{{.*}}, %{{.*}} axis = 1
  %5 = graph.gather %x, %i axis = 1 : (tensor<2x3x4xf32>, tensor<5xi64>) -> tensor<2x5x4xf32>
  // CHECK: graph.resize linear %{{.*}} coordinates = align_corners scales = [1.{{.*}}, 2.{{.*}}, 2.{{.*}}]
  %6 = graph.resize linear %x coordinates = align_corners scales = [1.0, 2.0, 2.0] : (tensor<2x3x4xf32>) -> tensor<2x6x8xf32>
  return
}

// CHECK-LABEL: func.func @recurrent
func.func @recurrent(%x: tensor<3x2x4xf32>, %w: tensor<1x20x4xf32>, %r: tensor<1x20x5xf32>, %h: tensor<1x2x5xf32>) {
  // CHECK: graph.lstm forward %{{.*}}, %{{.*}}, %{{.*}} initial_h(%{{.*}}) hidden_size = 5
  %0:3 = graph.lstm forward %x, %w, %r initial_h(%h) hidden_size = 5
     : (tensor<3x2x4xf32>, tensor<1x20x4xf32>, tensor<1x20x5xf32>, tensor<1x2x5xf32>)
     -> (tensor<3x1x2x5xf32>, tensor<1x2x5xf32>, tensor<1x2x5xf32>)
  return
}

// CHECK-LABEL: func.func @fusion
func.func @fusion(%x: tensor<2x3xf32>, %w: tensor<3x4xf32>) -> tensor<2x4xf32> {
  // CHECK: graph.fusion(%{{.*}} = %{{.*}} : tensor<2x3xf32>, %{{.*}} = %{{.*}} : tensor<3x4xf32>) -> (tensor<2x4xf32>) {
  %0 = graph.fusion(%a = %x : tensor<2x3xf32>, %b = %w : tensor<3x4xf32>) -> (tensor<2x4xf32>) {
    %1 = graph.matmul %a, %b : (tensor<2x3xf32>, tensor<3x4xf32>) -> tensor<2x4xf32>
    %2 = graph.unary relu %1 : (tensor<2x4xf32>) -> tensor<2x4xf32>
    // CHECK: graph.yield
    graph.yield %2 : tensor<2x4xf32>
  }
  return %0 : tensor<2x4xf32>
}

// CHECK-LABEL: func.func private @types
// CHECK-SAME: !graph.sequence<tensor<2xf32>>
// CHECK-SAME: !graph.map<i64, f32>
func.func private @types(!graph.sequence<tensor<2xf32>>, !graph.optional<tensor<1xi64>>, !graph.map<i64, f32>,
                         tensor<2x!graph.string>)
