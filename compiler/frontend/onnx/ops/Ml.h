// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What the classifiers and regressors of ai.onnx.ml share: scores, their transforms, and the labels they stand for.
#pragma once

#include "compiler/frontend/onnx/NodeContext.h"

namespace ncc::frontend {

/// Its input as f32; double stays double when `keepDouble`.
Value mlInput(NodeContext &node, size_t i, bool keepDouble = false);

/// NONE, SOFTMAX, LOGISTIC, SOFTMAX_ZERO or PROBIT over the last dim; fails for other names.
Value transformScores(NodeContext &node, Value scores, llvm::StringRef transform);

/// The class labels as a constant vector (strings or int64); fails when there are none.
std::optional<Tensor> classLabels(NodeContext &node);
/// Labels picked by index[N].
Value pickLabels(NodeContext &node, const Tensor &labels, Value index);

/// Index (i64) of the first largest entry of the last dim, [N, C] -> [N].
Value largestIndex(NodeContext &node, Value scores);

/// A row vector of floats as a constant [1, n].
Value rowConstant(NodeContext &node, llvm::ArrayRef<double> values, Value like);

} // namespace ncc::frontend
