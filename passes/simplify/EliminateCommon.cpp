// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Common subexpressions of straight-line functions. Attributes are uniqued, so comparing properties compares
// pointers; a resource is its key, so no weight is ever read.
#include "passes/simplify/Passes.h"

#include "mlir/IR/OperationSupport.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "llvm/ADT/DenseSet.h"

namespace ncc::simplify {

#define GEN_PASS_DEF_ELIMINATECOMMONPASS
#include "passes/simplify/Passes.h.inc"

namespace {

using mlir::Operation;
using mlir::OperationEquivalence;

struct SameComputation : llvm::DenseMapInfo<Operation *> {
  static unsigned getHashValue(const Operation *op) {
    return OperationEquivalence::computeHash(const_cast<Operation *>(op), OperationEquivalence::directHashValue,
                                             OperationEquivalence::ignoreHashValue,
                                             OperationEquivalence::IgnoreLocations);
  }
  static bool isEqual(const Operation *a, const Operation *b) {
    if (a == b) {
      return true;
    }
    bool special = a == getTombstoneKey() || a == getEmptyKey() || b == getTombstoneKey() || b == getEmptyKey();
    return !special && OperationEquivalence::isEquivalentTo(const_cast<Operation *>(a), const_cast<Operation *>(b),
                                                            OperationEquivalence::IgnoreLocations);
  }
};

struct EliminateCommonPass : impl::EliminateCommonPassBase<EliminateCommonPass> {
  void runOnOperation() override {
    for (mlir::Block &block : getOperation().getBody()) {
      llvm::DenseSet<Operation *, SameComputation> known;
      for (Operation &op : llvm::make_early_inc_range(block)) {
        if (op.getNumRegions() != 0 || op.getNumResults() == 0 || !mlir::isPure(&op)) {
          continue;
        }
        auto [it, fresh] = known.insert(&op);
        if (!fresh) {
          op.replaceAllUsesWith(*it);
          op.erase();
        }
      }
    }
  }
};

} // namespace
} // namespace ncc::simplify
