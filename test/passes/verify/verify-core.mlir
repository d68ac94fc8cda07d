// RUN: ncc-opt %s --ncc-verify-core --split-input-file --verify-diagnostics

core.program @bounds attributes {core = 0 : i64} tables {
  core.buffer "input" 256 x "f32"
} init {
  // expected-error @+1 {{names buffer 1 of 1}}
  core.dma_copy dma dst = sbuf(0 + 1, 0, f32, [1 : 64]), src = dram(1, 0, f32, [1 : 64]), round = 0, saturate = 0
} run {
  // expected-error @+1 {{touches bytes 4..260 of buffer 0, which has 256}}
  core.dma_copy dma dst = sbuf(0 + 1, 0, f32, [1 : 64]), src = dram(0, 4, f32, [1 : 64]), round = 0, saturate = 0
  // expected-error @+1 {{dst and src differ in partitions or free size}}
  core.tensor_copy vector dst = sbuf(0 + 1, 256, f32, [1 : 32]), src = sbuf(0 + 1, 0, f32, [1 : 64]), round = 0, saturate = 0
  // expected-error @+1 {{calls an entry the table does not have}}
  core.call gpsimd entry = 2
}
