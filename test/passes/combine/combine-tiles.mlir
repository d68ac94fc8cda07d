// RUN: ncc-opt %s --pass-pipeline='builtin.module(tile.program(ncc-combine-tiles))' | FileCheck %s

// Two scalar ops become one; a scale and bias move into the activation; a cast into its producer.
// CHECK-LABEL: tile.program @core0
// CHECK: %[[IN:.*]] = tile.dma
// CHECK: %[[CLIP:.*]] = tile.tensor_scalar %[[IN]] {{.*}}imm0 = 1.000000e+00{{.*}}imm1 = 2.000000e+00{{.*}}op0 = "max", op1 = "min"
// CHECK-NOT: tile.copy
// CHECK: tile.activate %[[CLIP]] {{.*}}bias = 5.000000e-01{{.*}}func = "exp"{{.*}}scale = 2.000000e+00{{.*}} -> !tile.sbuf<4, 8, bf16>
tile.program @core0 attributes {core = 0 : i64} {
  %in = tile.input {index = 0 : i64} : !tile.dram<32, f32>
  %a = tile.dma %in {aps = [#tile.ap<0 + 0, 0, [1], [32]>]} : (!tile.dram<32, f32>) -> !tile.sbuf<4, 8, f32>
  %b = tile.tensor_scalar %a {aps = [#tile.ap<0 + 4, 0, [1], [8]>], op0 = "max", imm0 = 1.0 : f64} : (!tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 8, f32>
  %c = tile.tensor_scalar %b {aps = [#tile.ap<0 + 4, 0, [1], [8]>], op0 = "min", imm0 = 2.0 : f64} : (!tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 8, f32>
  %d = tile.tensor_scalar %c {aps = [#tile.ap<0 + 4, 0, [1], [8]>], op0 = "mul", imm0 = 2.0 : f64, op1 = "add", imm1 = 0.5 : f64} : (!tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 8, f32>
  %e = tile.activate %d {aps = [#tile.ap<0 + 4, 0, [1], [8]>], func = "exp"} : (!tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 8, f32>
  %f = tile.copy %e {aps = [#tile.ap<0 + 4, 0, [1], [8]>]} : (!tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 8, bf16>
  %g = tile.dma %f {aps = [#tile.ap<0 + 4, 0, [1], [8]>]} : (!tile.sbuf<4, 8, bf16>) -> !tile.dram<32, bf16>
  tile.output %g {index = 0 : i64} : !tile.dram<32, bf16>
}
