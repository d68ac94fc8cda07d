// RUN: ncc-opt %s --pass-pipeline='builtin.module(ncc-assign-cores{cores=2 parallel=pipeline})' | FileCheck %s

// A gather costs what it reads, not its table: the cut lies between the products, not behind the gather.
// CHECK-LABEL: func.func @core0
// CHECK: graph.gather
// CHECK: graph.matmul
// CHECK-LABEL: func.func @core1
// CHECK-NOT: graph.gather
// CHECK: graph.matmul
func.func @main(%i: tensor<128xi64>) -> tensor<128x512xf32> {
  %table = graph.constant dense<0.5> : tensor<100000x512xf32>
  %w = graph.constant dense<0.5> : tensor<512x512xf32>
  %x = graph.gather %table, %i axis = 0 : (tensor<100000x512xf32>, tensor<128xi64>) -> tensor<128x512xf32>
  %a = graph.matmul %x, %w : (tensor<128x512xf32>, tensor<512x512xf32>) -> tensor<128x512xf32>
  %b = graph.matmul %a, %w : (tensor<128x512xf32>, tensor<512x512xf32>) -> tensor<128x512xf32>
  return %b : tensor<128x512xf32>
}
