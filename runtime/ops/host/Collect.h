// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// How loops cut tensors into slices and join what their steps gave.
#pragma once

#include "runtime/tensor/Value.h"

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace ncc::ops {

/// Element `at` along `axis`, without that axis.
absl::StatusOr<Tensor> sliceOf(const Tensor &tensor, int64_t axis, int64_t at);

/// The tensors of all steps joined along a new axis. No step: an empty tensor as `declared` promises it.
absl::StatusOr<Tensor> stackOf(absl::Span<const Tensor> steps, int64_t axis, bool reverse, const ValueType &declared);

} // namespace ncc::ops
