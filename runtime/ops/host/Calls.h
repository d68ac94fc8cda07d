// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference kernels called by whoever has only a name, attributes and tensors from a file: the rules of the host kernels of the
// same name (and some of their own) say whether a call makes sense before it is made.
#pragma once

#include "runtime/ops/host/HostKernel.h"

namespace ncc::ops {

/// The call with its attributes completed and checked, if operands of the types `in` (kind None: absent) and results of the static
/// types `out` fit the kernel. What it returns runs without touching memory that is not its operands' or results'.
absl::StatusOr<KernelCall> settleCall(std::string_view kernel, const Attributes &attrs, absl::Span<const ValueType> in,
                                      absl::Span<const ValueType> out);

/// Runs a settled call on operands and results of those types.
absl::Status runSettled(const KernelCall &call, absl::Span<const Tensor> operands, absl::Span<Tensor> results);

/// Bools whose bytes are 0 or 1, as C++ wants them; anything else, and sound bools, as they are.
Tensor soundBools(const Tensor &tensor);

/// About how many element operations a kernel takes, from the types of its operands and results; unknown dims count as one.
double workOfKernel(std::string_view kernel, const Attributes &attrs, absl::Span<const ValueType> in, absl::Span<const ValueType> out);

} // namespace ncc::ops
