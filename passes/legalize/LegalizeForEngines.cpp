// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Composite graph ops in, engine ops out: the pattern sets of all families, applied until nothing composite is left.
#include "passes/GreedyRewrite.h"
#include "passes/legalize/GraphBuilder.h"
#include "passes/legalize/Passes.h"


namespace ncc::legalize {
#define GEN_PASS_DEF_LEGALIZEFORENGINESPASS
#include "passes/legalize/Passes.h.inc"
} // namespace ncc::legalize

using namespace mlir;

namespace {

struct LegalizeForEngines : ncc::legalize::impl::LegalizeForEnginesPassBase<LegalizeForEngines> {
  using LegalizeForEnginesPassBase::LegalizeForEnginesPassBase;
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    ncc::legalize::populateNormalization(patterns);
    ncc::legalize::populateAttention(patterns);
    ncc::legalize::populateReduction(patterns);
    ncc::legalize::populateQuantize(patterns);
    ncc::legalize::populateRecurrent(patterns, maxSteps);
    ncc::legalize::populateResize(patterns);
    ncc::legalize::populateIndexing(patterns);
    ncc::legalize::populateLayoutOps(patterns);
    ncc::legalize::populateSelection(patterns);
    ncc::legalize::populateWindows(patterns);
    ncc::legalize::populateLargeOps(patterns);
    ncc::legalize::populateIntegers(patterns, byteProducts);
    GreedyRewriteConfig config;
    config.enableFolding(false).enableConstantCSE(false);
    if (failed(ncc::rewriteGreedily(getOperation(), std::move(patterns), config))) {
      signalPassFailure();
    }
  }
};

} // namespace
