// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Arithmetic on shapes that the model computes: sizes are vectors of one i64.
#pragma once

#include "compiler/frontend/onnx/NodeContext.h"

namespace ncc::frontend {

/// A constant without dims.
Value scalarOf(NodeContext &node, int64_t value);
/// The size of one dim, as far as the type says it; -1 otherwise. Negative dims count from the end.
int64_t knownDim(NodeContext &node, Value x, int64_t dim);
/// The size of one dim, [1].
Value dimOf(NodeContext &node, Value x, int64_t dim);
/// x under a shape joined from vectors of sizes.
Value reshapeTo(NodeContext &node, Value x, llvm::ArrayRef<Value> sizes);
/// The same, numbers as reshape_to takes them: 0 keeps a dim, -1 is what remains.
Value reshapeBy(NodeContext &node, Value x, IntsRef sizes);
/// A tensor of one value under a shape joined from vectors of sizes.
Value filled(NodeContext &node, llvm::ArrayRef<Value> sizes, const Tensor &value);
Value permuted(NodeContext &node, Value x, IntsRef perm);

} // namespace ncc::frontend
