// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The pattern sets of the canonicalize pass.
#pragma once

#include "mlir/IR/PatternMatch.h"

namespace ncc::simplify {

void populateConvPatterns(mlir::RewritePatternSet &patterns);
void populateElementwisePatterns(mlir::RewritePatternSet &patterns);
void populateShapePatterns(mlir::RewritePatternSet &patterns);
void populateSlicePatterns(mlir::RewritePatternSet &patterns);

} // namespace ncc::simplify
