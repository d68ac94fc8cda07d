// Part of ncc, under the Apache License 2.0. See LICENSE.
#pragma once

#include "compiler/frontend/onnx/NodeContext.h"

namespace ncc::frontend {

/// What follows from its index is stored up to this size; beyond, it is computed at run time from small constants.
inline constexpr int64_t kStoredBytes = 1 << 20;

/// 0, step, 2 * step ... as int64, without a constant as long as the result.
Value multiples(NodeContext &node, int64_t count, int64_t step);

} // namespace ncc::frontend
