// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/host/Kernels.h"

#define NCC_LANES 8
#define NCC_MR 4

namespace ncc::host {
namespace {
#include "runtime/host/MatmulGeneric.inl"
VectorKernels conversions() { return avx2VectorKernels(); }
} // namespace

MatmulKernel avx2F32Matmul() { return f32Table("avx2-f32"); }
MatmulKernel avx2Int8Matmul() { return int8Table("avx2-i32"); }

} // namespace ncc::host
