// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/host/Kernels.h"

#define NCC_LANES 4
#define NCC_MR 4

namespace ncc::host {
namespace {
#include "runtime/host/MatmulGeneric.inl"
VectorKernels conversions() { return portableVectorKernels(); }
} // namespace

MatmulKernel portableF32Matmul() { return f32Table("portable-f32"); }
MatmulKernel portableInt8Matmul() { return int8Table("portable-i32"); }

} // namespace ncc::host
