// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "passes/padding/Masks.h"
#include "passes/padding/Passes.h"

using namespace mlir;

namespace ncc::padding {

#define GEN_PASS_DEF_MASKPADDINGPASS
#include "passes/padding/Passes.h.inc"

namespace {

struct MaskPaddingPass : impl::MaskPaddingPassBase<MaskPaddingPass> {
  void runOnOperation() override {
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main) {
      getOperation().emitError("there is no @main");
      return signalPassFailure();
    }
    MaskPlan plan;
    std::vector<std::pair<std::string, std::optional<size_t>>> fates; // refusal, or number in the plan
    for (auto func : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (func == main) {
        continue;
      }
      Relation relation = relate(main, func);
      std::optional<size_t> number = relation.proven() ? plan.add(relation) : std::nullopt;
      fates.emplace_back(relation.proven() && !number ? "other shapes need other values" : relation.refusal, number);
      func.erase();
    }
    std::vector<std::vector<int64_t>> lengths = plan.lengths(main);
    plan.apply(main);
    Builder builder(&getContext());
    SmallVector<Attribute> padded;
    for (const auto &[refusal, number] : fates) {
      padded.push_back(number ? Attribute(builder.getDenseI64ArrayAttr(lengths[*number])) : Attribute(builder.getStringAttr(refusal)));
    }
    main->setAttr("ncc.padded", builder.getArrayAttr(padded));
  }
};

} // namespace
} // namespace ncc::padding
