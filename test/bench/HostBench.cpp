// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Microbenchmarks of the host kernels: matmul chains with packed operands, packing, activations. Not a test.

#include "runtime/host/Steps.h"

#include <benchmark/benchmark.h>

#include <memory>

namespace ncc::host {
namespace {

const MatmulKernel &pick(const Kernels &k, DType type) { return type == DType::F32 ? k.f32 : type == DType::BF16 ? k.bf16 : k.int8; }

void matmul(benchmark::State &state, CpuLevel level, DType type, int n, int chain) {
  if (level > detectCpu()) {
    state.SkipWithError("not on this CPU");
    return;
  }
  const MatmulKernel &kernel = pick(kernelsFor(level), type);
  constexpr int k = 128, m = 128;
  sim::HostBytes raw = sim::allocateBytes(static_cast<uint64_t>(k * 512 * 4)), c = sim::allocateBytes(128 * 16448);
  sim::HostBytes s = sim::allocateBytes(static_cast<uint64_t>(kernel.stationaryBytes(k, m) * chain)), x = sim::allocateBytes(static_cast<uint64_t>(kernel.movingBytes(k, n) * chain));
  std::vector<ChainItem> items;
  for (int i = 0; i < chain; ++i) {
    items.push_back({s.get() + i * kernel.stationaryBytes(k, m), x.get() + i * kernel.movingBytes(k, n), k});
    kernel.packStationary(const_cast<uint8_t *>(items.back().stationary), raw.get(), m * 4, k, m, type);
    kernel.packMoving(const_cast<uint8_t *>(items.back().moving), raw.get(), n * 4, k, n, type);
  }
  for (auto _ : state) {
    kernel.run(items.data(), chain, m, n, c.get(), 16448, false);
    benchmark::ClobberMemory();
  }
  state.counters["GFLOP/s"] = benchmark::Counter(2e-9 * k * m * n * chain * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
  state.SetLabel(kernel.name);
}

void packMoving(benchmark::State &state, DType type, int n) {
  const MatmulKernel &kernel = pick(kernelsFor(detectCpu()), type);
  sim::HostBytes raw = sim::allocateBytes(128 * 16448), x = sim::allocateBytes(static_cast<uint64_t>(kernel.movingBytes(128, n)));
  for (auto _ : state) {
    kernel.packMoving(x.get(), raw.get(), 16448, 128, n, type);
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations()) * 128 * n * static_cast<int64_t>(dtypeSize(type)));
}

void activation(benchmark::State &state, isa::ActFunc func) {
  std::vector<float> x(2048, 0.7f), y(2048);
  const VectorKernels &k = kernelsFor(detectCpu()).vector;
  for (auto _ : state) {
    std::copy(x.begin(), x.end(), y.begin());
    k.activate(func, y.data(), 1, 1, 2048);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * 2048);
}

int registerAll() {
  for (DType type : {DType::F32, DType::BF16, DType::I8}) {
    for (int l = 0; l <= static_cast<int>(CpuLevel::Amx); ++l) {
      for (int n : {128, 512}) {
        auto level = static_cast<CpuLevel>(l);
        std::string name = "matmul/" + std::string(dtypeName(type)) + "/" + cpuLevelName(level) + "/n" + std::to_string(n);
        benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State &s) { matmul(s, level, type, n, 6); })->MinTime(0.1);
      }
    }
    std::string name = "pack-moving/" + std::string(dtypeName(type));
    benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State &s) { packMoving(s, type, 512); })->MinTime(0.1);
  }
  using F = isa::ActFunc;
  for (F f : {F::relu, F::exp, F::sigmoid, F::tanh, F::erf, F::gelu, F::silu, F::log}) {
    benchmark::RegisterBenchmark(("activate/" + std::string(isa::enumName(f))).c_str(), [=](benchmark::State &s) { activation(s, f); })->MinTime(0.1);
  }
  return 0;
}
[[maybe_unused]] const int registered = registerAll();

} // namespace
} // namespace ncc::host

BENCHMARK_MAIN();
