// RUN: ncc-opt %s --pass-pipeline='builtin.module(func.func(ncc-auto-cast))' | FileCheck %s
// RUN: ncc-opt %s --pass-pipeline='builtin.module(func.func(ncc-auto-cast{mode=all type=fp16}))' | FileCheck %s --check-prefix=ALL
// RUN: ncc-opt %s --pass-pipeline='builtin.module(func.func(ncc-auto-cast{mode=none}))' | FileCheck %s --check-prefix=NONE
// RUN: not ncc-opt %s --pass-pipeline='builtin.module(func.func(ncc-auto-cast{mode=some}))' 2>&1 | FileCheck %s --check-prefix=BAD

// CHECK: graph.cast {{.*}} -> tensor<16x64xbf16>
// CHECK: graph.constant {{.*}} : tensor<64x64xbf16>
// CHECK: graph.matmul {{.*}}(tensor<16x64xbf16>, tensor<64x64xbf16>) -> tensor<16x64xf32>
// CHECK: graph.unary relu {{.*}}tensor<16x64xf32>
// ALL: graph.matmul {{.*}}-> tensor<16x64xf16>
// ALL: graph.unary relu {{.*}}tensor<16x64xf16>
// ALL: return {{.*}} : tensor<16x64xf32>
// NONE-NOT: bf16
// BAD: auto-cast mode 'some'
func.func @main(%x: tensor<16x64xf32>) -> tensor<16x64xf32> {
  %w = graph.constant dense<0.5> : tensor<64x64xf32>
  %0 = graph.matmul %x, %w : (tensor<16x64xf32>, tensor<64x64xf32>) -> tensor<16x64xf32>
  %1 = graph.unary relu %0 : (tensor<16x64xf32>) -> tensor<16x64xf32>
  return %1 : tensor<16x64xf32>
}
