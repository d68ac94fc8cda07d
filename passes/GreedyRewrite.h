// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Applies patterns until none matches. Where that has no end, the diagnostic names the op that was changed last: no pass fails
// without a reason (a rule test lets nothing else call MLIR's driver).
#pragma once

#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

namespace ncc {

mlir::LogicalResult rewriteGreedily(mlir::Operation *root, mlir::RewritePatternSet &&patterns, mlir::GreedyRewriteConfig config);

} // namespace ncc
