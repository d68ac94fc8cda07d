// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Drives folders and patterns to a fixed point. Dead ops go with them.
#include "dialects/graph/Graph.h"
#include "passes/GreedyRewrite.h"
#include "passes/simplify/Passes.h"
#include "passes/simplify/Patterns.h"

namespace ncc::simplify {

#define GEN_PASS_DEF_CANONICALIZEPASS
#include "passes/simplify/Passes.h.inc"

namespace {

struct CanonicalizePass : impl::CanonicalizePassBase<CanonicalizePass> {
  void runOnOperation() override {
    mlir::RewritePatternSet patterns(&getContext());
    populateConvPatterns(patterns);
    populateElementwisePatterns(patterns);
    populateShapePatterns(patterns);
    populateSlicePatterns(patterns);
    mlir::GreedyRewriteConfig config;
    config.enableConstantCSE(false); // hashing is the business of eliminate-common
    if (failed(ncc::rewriteGreedily(getOperation(), std::move(patterns), config))) {
      signalPassFailure();
    }
  }
};

} // namespace
} // namespace ncc::simplify
