// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/host/Kernels.h"

#define NCC_LANES 16
#define NCC_MR 8

namespace ncc::host {
namespace {
#include "runtime/host/MatmulGeneric.inl"
VectorKernels conversions() { return avx512VectorKernels(); }
} // namespace

MatmulKernel avx512F32Matmul() { return f32Table("avx512-f32"); }
MatmulKernel avx512Int8Matmul() { return int8Table("avx512-i32"); }

} // namespace ncc::host
