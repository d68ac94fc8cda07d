// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The sliding-window attributes that convolutions and pools share, with auto_pad and ceil_mode resolved.
#pragma once

#include "compiler/frontend/onnx/NodeContext.h"

namespace ncc::frontend {

struct Window {
  Ints kernel, strides, pads, dilations;
  Ints extra; // per dim: end padding that exists only because of ceil_mode; empty without it
};

/// Fails with a reason when attributes contradict each other or the shapes.
std::optional<Window> resolveWindow(NodeContext &node, IntsRef spatial, IntsRef kernel);

/// strides and dilations with their defaults, checked against the number of spatial dims.
std::optional<Ints> windowInts(NodeContext &node, llvm::StringRef name, size_t count, int64_t fallback);

} // namespace ncc::frontend
