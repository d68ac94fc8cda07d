// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/Handlers.h"

#include "compiler/frontend/onnx/ops/ComplexPairs.h"

namespace ncc::frontend {

static std::string normalized(llvm::StringRef domain) { return domain == "ai.onnx" ? "" : domain.str(); }

void HandlerTable::add(llvm::StringRef op, int64_t since, Handler handler, llvm::StringRef domain) {
  table[{normalized(domain), op.str(), since}] = handler;
}

Handler HandlerTable::find(llvm::StringRef domain, llvm::StringRef op, int64_t version) const {
  auto it = table.upper_bound({normalized(domain), op.str(), version});
  if (it == table.begin()) {
    return nullptr;
  }
  --it;
  bool same = std::get<0>(it->first) == normalized(domain) && std::get<1>(it->first) == op;
  return same ? it->second : nullptr;
}

const HandlerTable &handlers() {
  static const HandlerTable table = [] {
    HandlerTable built;
    addActivationHandlers(built);
    addArithmeticHandlers(built);
    addAttentionHandlers(built);
    addComplexPairHandlers(built);
    addConstantHandlers(built);
    addConvHandlers(built);
    addContribAttentionHandlers(built);
    addContribExpertHandlers(built);
    addContribHandlers(built);
    addContribTensorHandlers(built);
    addContribQuantizeHandlers(built);
    addEinsumHandlers(built);
    addFourierHandlers(built);
    addIndexingHandlers(built);
    addLinearHandlers(built);
    addLoopHandlers(built);
    addLossHandlers(built);
    addMlEncoderHandlers(built);
    addMlLinearHandlers(built);
    addMlTreeHandlers(built);
    addNormalizeHandlers(built);
    addPoolHandlers(built);
    addQuantizeHandlers(built);
    addRandomHandlers(built);
    addRecurrentHandlers(built);
    addReduceHandlers(built);
    addReshapeHandlers(built);
    addResizeHandlers(built);
    addRetiredHandlers(built);
    addSamplingHandlers(built);
    addSequenceModelHandlers(built);
    addSignalHandlers(built);
    addSliceHandlers(built);
    addTrainingHandlers(built);
    return built;
  }();
  return table;
}

const HandlerTable &runTimeHandlers() {
  static const HandlerTable table = [] {
    HandlerTable built;
    addRunTimeControlHandlers(built);
    addRunTimeFourierHandlers(built);
    addRunTimeLayerHandlers(built);
    addRunTimeMoveHandlers(built);
    addRunTimeProductHandlers(built);
    addRunTimeSignalHandlers(built);
    addRunTimeTensorHandlers(built);
    addRunTimeValueHandlers(built);
    return built;
  }();
  return table;
}

} // namespace ncc::frontend
