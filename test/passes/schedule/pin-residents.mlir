// RUN: ncc-opt %s --ncc-pin-residents | FileCheck %s

// The only weight fits: it is loaded once. The input is not a constant.
// CHECK: tile.dma {{.*}} resident} : (!tile.dram<16384, bf16>)
// CHECK-NOT: resident
tile.program @core0 attributes {core = 0 : i64} {
  %x = tile.input {index = 0 : i64} : !tile.dram<8192, bf16>
  %w = tile.constant dense<1.0> : tensor<128x128xbf16> : !tile.dram<16384, bf16>
  %ws = tile.dma %w {aps = [#tile.ap<0 + 0, 0, [1], [16384]>]} : (!tile.dram<16384, bf16>) -> !tile.sbuf<128, 128, bf16>
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
