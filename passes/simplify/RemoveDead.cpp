// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// One backward sweep: an op whose users are gone is gone too.
#include "passes/simplify/Passes.h"

#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace ncc::simplify {

#define GEN_PASS_DEF_REMOVEDEADPASS
#include "passes/simplify/Passes.h.inc"

namespace {

struct RemoveDeadPass : impl::RemoveDeadPassBase<RemoveDeadPass> {
  void runOnOperation() override {
    for (mlir::Block &block : getOperation().getBody()) {
      for (mlir::Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
        if (mlir::isOpTriviallyDead(&op)) {
          op.erase();
        }
      }
    }
  }
};

} // namespace
} // namespace ncc::simplify
