// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "passes/GreedyRewrite.h"

using namespace mlir;

/// Rounds over the whole of an op; each goes on until its worklist is empty, or there were so many rewrites.
static constexpr int64_t kMostRounds = 16, kRewritesPerOp = 64, kRewritesBesides = 4000;

namespace {

/// Remembers what was made last. Names and locations outlive their ops.
struct LastChange : RewriterBase::Listener {
  std::optional<OperationName> name;
  std::optional<Location> loc;
  void notifyOperationInserted(Operation *op, OpBuilder::InsertPoint) override {
    if (op->getNumOperands() == 0) {
      return; // a constant says little
    }
    name = op->getName();
    loc = op->getLoc();
  }
};

} // namespace

LogicalResult ncc::rewriteGreedily(Operation *root, RewritePatternSet &&patterns, GreedyRewriteConfig config) {
  LastChange last;
  int64_t ops = 0;
  root->walk([&](Operation *) { ++ops; });
  config.setMaxIterations(kMostRounds).setMaxNumRewrites(ops * kRewritesPerOp + kRewritesBesides).setListener(&last);
  if (succeeded(applyPatternsGreedily(root, std::move(patterns), config))) {
    return success();
  }
  InFlightDiagnostic diagnostic = emitError(last.loc.value_or(root->getLoc())) << "rewriting does not come to an end";
  if (last.name) {
    diagnostic << "; the last op made is " << *last.name;
  }
  return diagnostic;
}
