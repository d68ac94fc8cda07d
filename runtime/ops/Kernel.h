// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference kernels: one plain, fixed-order C++ evaluation per graph op, found by the op's mnemonic ("conv",
// "unary"). The same function folds constants, is the oracle of `ncc verify`, and is what a GpSimd firmware
// call or a host stage of a NEFF runs.
#pragma once

#include "runtime/ops/Attributes.h"
#include "runtime/tensor/Tensor.h"

#include "absl/status/status.h"

namespace ncc::ops {

/// What a kernel sees. `outputs` arrive allocated with the static type and (maximal) shape of the result; a
/// kernel whose true shape is data dependent replaces the tensor by a smaller one. An absent optional input is an
/// invalid Tensor (`!valid()` or size 0 with F32 default).
struct KernelContext {
  const Attributes &attrs;
  absl::Span<const Tensor> inputs;
  absl::Span<Tensor> outputs;
};

using KernelFn = absl::Status (*)(KernelContext &);

struct KernelInfo {
  std::string_view name; // the graph op's mnemonic
  KernelFn run;
};

/// nullptr when no kernel has that name. The table is immutable and built from runtime/ops/Kernels.def.
const KernelInfo *findKernel(std::string_view name);
absl::Span<const KernelInfo> allKernels();

} // namespace ncc::ops
