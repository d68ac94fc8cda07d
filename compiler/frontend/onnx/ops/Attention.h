// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Pieces of attention that the standard operators and com.microsoft's share.
#pragma once

#include "compiler/frontend/onnx/NodeContext.h"

namespace ncc::frontend {

/// [B,S,H*D] as [B,H,S,D]; operands of rank 4 stay.
Value splitHeads(NodeContext &node, Value x, int64_t heads);
/// [B,H,S,D] as [B,S,H*D].
Value mergeHeads(NodeContext &node, Value x);
/// A mask (bool: true is seen) as an addend that covers all keys.
Value additiveMask(NodeContext &node, Value mask, Value like, int64_t keys);
/// graph.attention; `mask` may be null.
Value attentionOf(NodeContext &node, Value q, Value k, Value v, Value mask, double scale, bool causal, double softcap);
/// Queries that see no key, all of a row of the additive mask being -inf, give zero.
Value zeroHiddenRows(NodeContext &node, Value y, Value mask);
/// Rotates the first `rotated` entries of x[B,H,S,D]; cos and sin are [B or 1, S, at least rotated/2].
Value rotate(NodeContext &node, Value x, Value cos, Value sin, int64_t rotated, bool interleaved);

} // namespace ncc::frontend
