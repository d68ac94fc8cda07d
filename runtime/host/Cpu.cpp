// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/host/Kernels.h"

#if defined(__x86_64__) && defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace ncc::host {

namespace {

#if defined(__x86_64__) && defined(__linux__)
/// Tile data is 8 KiB of state that Linux gives only to processes that ask.
bool allowAmx() {
  constexpr long requestPermission = 0x1023, tileData = 18;
  return ::syscall(SYS_arch_prctl, requestPermission, tileData) == 0;
}

bool hasAmx() {
  unsigned a = 7, b = 0, c = 0, d = 0;
  __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
  constexpr unsigned bf16 = 1u << 22, tile = 1u << 24, int8 = 1u << 25;
  return (d & (bf16 | tile | int8)) == (bf16 | tile | int8) && allowAmx();
}

CpuLevel detect() {
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) {
    return CpuLevel::Portable;
  }
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw") || !__builtin_cpu_supports("avx512vl") ||
      !__builtin_cpu_supports("avx512dq")) {
    return CpuLevel::Avx2;
  }
  if (!__builtin_cpu_supports("avx512bf16") || !__builtin_cpu_supports("avx512vnni")) {
    return CpuLevel::Avx512;
  }
  return hasAmx() ? CpuLevel::Amx : CpuLevel::Avx512Bf16;
}
#else
CpuLevel detect() { return CpuLevel::Portable; }
#endif

} // namespace

CpuLevel detectCpu() {
  static const CpuLevel level = detect();
  return level;
}

const char *cpuLevelName(CpuLevel level) {
  constexpr const char *names[] = {"portable", "avx2", "avx512", "avx512-bf16", "amx"};
  return names[static_cast<int>(level)];
}

const Kernels &kernelsFor(CpuLevel level) {
  // One at a time: what makes a level's kernels is itself code of that level, which another CPU may not have.
  switch (level) {
#if defined(__x86_64__)
  case CpuLevel::Avx2: {
    static const Kernels kernels{CpuLevel::Avx2, avx2F32Matmul(), avx2F32Matmul(), avx2Int8Matmul(), avx2VectorKernels()};
    return kernels;
  }
  case CpuLevel::Avx512: {
    static const Kernels kernels{CpuLevel::Avx512, avx512F32Matmul(), avx512F32Matmul(), avx512Int8Matmul(), avx512VectorKernels()};
    return kernels;
  }
  case CpuLevel::Avx512Bf16: {
    static const Kernels kernels{CpuLevel::Avx512Bf16, avx512F32Matmul(), avx512Bf16Matmul(), vnniInt8Matmul(), avx512VectorKernels()};
    return kernels;
  }
  case CpuLevel::Amx: {
    static const Kernels kernels{CpuLevel::Amx, avx512F32Matmul(), amxBf16Matmul(), amxInt8Matmul(), avx512VectorKernels()};
    return kernels;
  }
#endif
  default: break;
  }
  // A bf16 operand without bf16 instructions is converted to fp32, which holds it exactly.
  static const Kernels portable{CpuLevel::Portable, portableF32Matmul(), portableF32Matmul(), portableInt8Matmul(), portableVectorKernels()};
  return portable;
}

} // namespace ncc::host
