// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/host/Kernels.h"
#include "runtime/sim/CoreMemory.h"

#include <immintrin.h>

namespace ncc::host {
namespace {
#include "runtime/host/VectorKernels.inl"
} // namespace

VectorKernels avx512VectorKernels() { return table(); }

} // namespace ncc::host
