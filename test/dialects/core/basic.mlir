// RUN: ncc-opt %s | ncc-opt | FileCheck %s
// RUN: ncc-opt %s --mlir-print-op-generic | ncc-opt | FileCheck %s

// CHECK-LABEL: core.program @core0
core.program @core0 attributes {core = 0 : i64} tables {
  // CHECK: core.buffer "input" 1024 x "f32" {index = 1 : i64}
  core.buffer "input" 1024 x "f32" {index = 1 : i64}
  // CHECK: core.buffer "weight" 8 x "i64" {value = dense<7> : tensor<1xi64>}
  core.buffer "weight" 8 x "i64" {value = dense<7> : tensor<1xi64>}
  // CHECK: core.call_entry "topk" [0, 0, -1, 0] : [tensor<4xf32>, none] -> [1, 0] : [tensor<1xi64>] {kernel_attributes = "{}"}
  core.call_entry "topk" [0, 0, -1, 0] : [tensor<4xf32>, none] -> [1, 0] : [tensor<1xi64>] {kernel_attributes = "{}"}
} init {
  // CHECK: core.dma_copy dma(3) dst = sbuf(0 + 2, 64, f32, [2 : 4, 1 : 2]), src = dram(0, 0, f32, [-1 : 16]), round = 1, saturate = 0
  core.dma_copy dma(3) dst = sbuf(0 + 2, 64, f32, [2 : 4, 1 : 2]), src = dram(0, 0, f32, [-1 : 16]), round = 1, saturate = 0
} run {
  // CHECK: core.activate scalar dst = sbuf(0 + 2, 0, f32, [1 : 4]), src = psum(0 + 2, 0, f32, [1 : 4]), scale = 5.000000000e-01, bias = sbuf(0 + 2, 32, f32, [1 : 1]), func = gelu, alpha = "inf", beta = "-inf", rowSum = none wait(4, 9) wait(5, 2) signal(2, 1)
  core.activate scalar dst = sbuf(0 + 2, 0, f32, [1 : 4]), src = psum(0 + 2, 0, f32, [1 : 4]), scale = 0.5, bias = sbuf(0 + 2, 32, f32, [1 : 1]), func = gelu, alpha = "inf", beta = "-inf", rowSum = none wait(4, 9) wait(5, 2) signal(2, 1)
  // CHECK: core.tensor_scalar vector {{.*}} s0 = 16777217, s1 = 0.000000000e+00, op0 = bit_and, op1 = bypass, reverse0 = 0, reverse1 = 1
  core.tensor_scalar vector dst = sbuf(0 + 2, 0, i32, [1 : 4]), src = sbuf(0 + 2, 0, i32, [1 : 4]), s0 = 16777217, s1 = 0.0, op0 = bit_and, op1 = bypass, reverse0 = 0, reverse1 = 1
  // CHECK: core.call gpsimd entry = 0
  core.call gpsimd entry = 0
  // CHECK: core.nop tensor wait(1, 1)
  core.nop tensor wait(1, 1)
}
