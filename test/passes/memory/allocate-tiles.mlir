// RUN: ncc-opt %s --ncc-allocate-tiles | FileCheck %s

// Two linear tiles through PSUM; the joined activation is written by two instructions, each through its place.
// CHECK-LABEL: core.program @core0
// CHECK: core.buffer "output" 32768 x "f32"
// CHECK: core.buffer "weight" 32768 x "bf16" {value = dense<1.0{{.*}}> : tensor<128x128xbf16>}
// CHECK: core.buffer "input" 16384 x "bf16"
// CHECK: core.buffer "scratch" 0 x "u8"
// CHECK: init {
// CHECK: core.dma_copy dma dst = sbuf(0 + 128, 0, bf16, [1 : 128]), src = dram(1, 0, bf16, [1 : 16384])
// CHECK: run {
// CHECK: core.dma_copy dma dst = sbuf(0 + 128, [[X:[0-9]+]], bf16, [1 : 64]), src = dram(2, 0, bf16, [1 : 8192])
// CHECK: core.matmul tensor dst = psum(0 + 128, 0, f32, [1 : 32]), stationary = sbuf(0 + 128, 0, bf16, [1 : 128]), moving = sbuf(0 + 128, [[X]], bf16, [1 : 32])
// CHECK: core.matmul tensor dst = psum(0 + 128, 2048, f32, [1 : 32])
// CHECK: core.activate scalar dst = sbuf(0 + 128, [[Y:[0-9]+]], f32, [2 : 32]), src = psum(0 + 128, 0, f32, [1 : 32])
// CHECK: core.activate scalar dst = sbuf(0 + 128, {{[0-9]+}}, f32, [2 : 32]), src = psum(0 + 128, 2048, f32, [1 : 32])
// CHECK: core.dma_copy dma dst = dram(0, 0, f32, [1 : 8192]), src = sbuf(0 + 128, [[Y]], f32, [1 : 64])
tile.program @core0 attributes {core = 0 : i64} {
  %x = tile.input {index = 0 : i64} : !tile.dram<8192, bf16>
  %w = tile.constant dense<1.0> : tensor<128x128xbf16> : !tile.dram<16384, bf16>
  %ws = tile.dma %w {aps = [#tile.ap<0 + 0, 0, [1], [16384]>], resident} : (!tile.dram<16384, bf16>) -> !tile.sbuf<128, 128, bf16>
  %xs = tile.dma %x {aps = [#tile.ap<0 + 0, 0, [1], [8192]>]} : (!tile.dram<8192, bf16>) -> !tile.sbuf<128, 64, bf16>
  %p0 = tile.matmul %ws, %xs {aps = [#tile.ap<0 + 128, 0, [1], [128]>, #tile.ap<0 + 128, 0, [1], [32]>]}
      : (!tile.sbuf<128, 128, bf16>, !tile.sbuf<128, 64, bf16>) -> !tile.psum<128, 32, f32>
  %p1 = tile.matmul %ws, %xs {aps = [#tile.ap<0 + 128, 0, [1], [128]>, #tile.ap<0 + 128, 32, [1], [32]>]}
      : (!tile.sbuf<128, 128, bf16>, !tile.sbuf<128, 64, bf16>) -> !tile.psum<128, 32, f32>
  %a0 = tile.activate %p0 {aps = [#tile.ap<0 + 128, 0, [1], [32]>], func = "relu"} : (!tile.psum<128, 32, f32>) -> !tile.sbuf<128, 32, f32>
  %a1 = tile.activate %p1 {aps = [#tile.ap<0 + 128, 0, [1], [32]>], func = "relu"} : (!tile.psum<128, 32, f32>) -> !tile.sbuf<128, 32, f32>
  %a = tile.join %a0, %a1 {places = [#tile.ap<0 + 128, 0, [2], [32]>, #tile.ap<0 + 128, 1, [2], [32]>]}
      : (!tile.sbuf<128, 32, f32>, !tile.sbuf<128, 32, f32>) -> !tile.sbuf<128, 64, f32>
  %y = tile.dma %a {aps = [#tile.ap<0 + 128, 0, [1], [64]>]} : (!tile.sbuf<128, 64, f32>) -> !tile.dram<8192, f32>
  tile.output %y {index = 0 : i64} : !tile.dram<8192, f32>
}
