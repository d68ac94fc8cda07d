// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The 8-bit form DynamicQuantizeLinear finds for a tensor at run time.
#pragma once

#include "compiler/frontend/onnx/NodeContext.h"

namespace ncc::frontend {

/// Scale and zero point (in x's type, 0 to 255) that map the range of x, zero included, onto unsigned bytes. Null after a
/// failure of the node.
struct DynamicScale {
  Value scale, point;
};
DynamicScale dynamicScale(NodeContext &node, Value x);

} // namespace ncc::frontend
