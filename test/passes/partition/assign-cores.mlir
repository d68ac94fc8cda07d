// RUN: ncc-opt %s --pass-pipeline='builtin.module(ncc-assign-cores{cores=2 parallel=pipeline})' | FileCheck %s
// RUN: ncc-opt %s --pass-pipeline='builtin.module(ncc-assign-cores{cores=2 parallel=data})' | FileCheck %s --check-prefix=DATA
// RUN: ncc-opt %s --pass-pipeline='builtin.module(ncc-assign-cores{cores=1})' | FileCheck %s --check-prefix=ONE

// Equal halves: the value between them becomes a channel, weights stay with their users.
// CHECK: kind = "pipeline"
// CHECK-LABEL: func.func @core0(%arg0: tensor<512x512xf32> {graph.input = 0 : i64}) -> (tensor<512x512xf32> {graph.channel = 0 : i64}) attributes {core = 0 : i64}
// CHECK: graph.matmul
// CHECK-NOT: graph.matmul
// CHECK-LABEL: func.func @core1(%arg0: tensor<512x512xf32> {graph.channel = 0 : i64}) -> (tensor<512x512xf32> {graph.output = 0 : i64}) attributes {core = 1 : i64}
// CHECK: graph.constant
// CHECK: graph.matmul

// DATA: kind = "data"
// DATA-SAME: replicas = 2
// DATA: func.func @core0
// DATA-NOT: func.func @core1

// ONE: func.func @core0(%arg0: tensor<512x512xf32> {graph.input = 0 : i64}) -> (tensor<512x512xf32> {graph.output = 0 : i64})
func.func @main(%x: tensor<512x512xf32>) -> tensor<512x512xf32> {
  %w = graph.constant dense<0.5> : tensor<512x512xf32>
  %a = graph.matmul %x, %w : (tensor<512x512xf32>, tensor<512x512xf32>) -> tensor<512x512xf32>
  %b = graph.matmul %a, %w : (tensor<512x512xf32>, tensor<512x512xf32>) -> tensor<512x512xf32>
  return %b : tensor<512x512xf32>
}
