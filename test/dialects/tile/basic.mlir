// RUN: ncc-opt %s | ncc-opt | FileCheck %s

// CHECK-LABEL: tile.program @core0
tile.program @core0 attributes {core = 0 : i64} {
  // CHECK: tile.input {index = 0 : i64} : <512, f32>
  %x = tile.input {index = 0 : i64} : !tile.dram<512, f32>
  // CHECK: tile.recv {channel = 3 : i64} : <512, f32>
  %r = tile.recv {channel = 3 : i64} : !tile.dram<512, f32>
  // CHECK: tile.constant dense<1.0{{.*}}> : tensor<4x4xbf16> : <16, bf16>
  %c = tile.constant dense<1.0> : tensor<4x4xbf16> : !tile.dram<16, bf16>
  // CHECK: tile.dma {{.*}} resident} : (!tile.dram<16, bf16>) -> !tile.sbuf<4, 4, bf16>
  %w = tile.dma %c {aps = [#tile.ap<0 + 0, 0, [1], [16]>], resident} : (!tile.dram<16, bf16>) -> !tile.sbuf<4, 4, bf16>
  %m = tile.dma %x {aps = [#tile.ap<0 + 0, 0, [128, 1], [4, 8]>]} : (!tile.dram<512, f32>) -> !tile.sbuf<4, 8, bf16>
  // CHECK: tile.matmul
  %p = tile.matmul %w, %m {aps = [#tile.ap<0 + 4, 0, [1], [4]>, #tile.ap<0 + 4, 0, [1], [8]>]} : (!tile.sbuf<4, 4, bf16>, !tile.sbuf<4, 8, bf16>) -> !tile.psum<4, 8, f32>
  // CHECK: tile.matmul {{.*}} {accumulate, {{.*}} tied}
  %q = tile.matmul %w, %m, %p {accumulate, tied, aps = [#tile.ap<0 + 4, 0, [1], [4]>, #tile.ap<0 + 4, 0, [1], [8]>]} : (!tile.sbuf<4, 4, bf16>, !tile.sbuf<4, 8, bf16>, !tile.psum<4, 8, f32>) -> !tile.psum<4, 8, f32>
  // CHECK: tile.activate {{.*}} -> (!tile.sbuf<4, 8, f32>, !tile.sbuf<4, 1, f32>)
  %a, %s = tile.activate %q {func = "exp", aps = [#tile.ap<0 + 4, 0, [1], [8]>]} : (!tile.psum<4, 8, f32>) -> (!tile.sbuf<4, 8, f32>, !tile.sbuf<4, 1, f32>)
  // CHECK: tile.join
  %j = tile.join %a, %a {places = [#tile.ap<0 + 4, 0, [2], [8]>, #tile.ap<0 + 4, 1, [2], [8]>]} : (!tile.sbuf<4, 8, f32>, !tile.sbuf<4, 8, f32>) -> !tile.sbuf<4, 16, f32>
  %y = tile.dma %j {aps = [#tile.ap<0 + 4, 0, [1], [16]>]} : (!tile.sbuf<4, 16, f32>) -> !tile.dram<64, f32>
  // CHECK: tile.send {{.*}} {channel = 4 : i64}
  tile.send %r {channel = 4 : i64} : !tile.dram<512, f32>
  // CHECK: tile.output {{.*}} {index = 0 : i64}
  tile.output %y {index = 0 : i64} : !tile.dram<64, f32>
}
