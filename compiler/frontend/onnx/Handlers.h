// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The table of import handlers, keyed by domain, operator and the opset version a handler starts at.
#pragma once

#include "compiler/frontend/onnx/NodeContext.h"

#include <map>
#include <string>
#include <tuple>

namespace ncc::frontend {

using Handler = mlir::LogicalResult (*)(NodeContext &);

class HandlerTable {
public:
  /// `since`: the first opset version the handler is right for.
  void add(llvm::StringRef op, int64_t since, Handler handler, llvm::StringRef domain = "");
  /// The handler with the largest `since` not above `version`; nullptr when there is none.
  Handler find(llvm::StringRef domain, llvm::StringRef op, int64_t version) const;
  const std::map<std::tuple<std::string, std::string, int64_t>, Handler> &entries() const { return table; }

private:
  std::map<std::tuple<std::string, std::string, int64_t>, Handler> table;
};

/// Every handler ncc has; built once, never changed.
const HandlerTable &handlers();

/// Handlers for what has no static form (strings, sequences, optionals, control flow) or whose static form found that
/// it must wait until run time: they build graph.host and control-flow ops. Looked up after `handlers`.
const HandlerTable &runTimeHandlers();

inline constexpr llvm::StringLiteral kMicrosoft = "com.microsoft";
inline constexpr llvm::StringLiteral kMl = "ai.onnx.ml";
inline constexpr llvm::StringLiteral kPreview = "ai.onnx.preview";
inline constexpr llvm::StringLiteral kTraining = "ai.onnx.preview.training";

// One function per family file under ops/.
void addActivationHandlers(HandlerTable &table);
void addArithmeticHandlers(HandlerTable &table);
void addAttentionHandlers(HandlerTable &table);
void addConstantHandlers(HandlerTable &table);
void addConvHandlers(HandlerTable &table);
void addContribAttentionHandlers(HandlerTable &table);
void addContribExpertHandlers(HandlerTable &table);
void addContribHandlers(HandlerTable &table);
void addContribTensorHandlers(HandlerTable &table);
void addContribQuantizeHandlers(HandlerTable &table);
void addEinsumHandlers(HandlerTable &table);
void addFourierHandlers(HandlerTable &table);
void addIndexingHandlers(HandlerTable &table);
void addLinearHandlers(HandlerTable &table);
void addLoopHandlers(HandlerTable &table);
void addLossHandlers(HandlerTable &table);
void addMlEncoderHandlers(HandlerTable &table);
void addMlLinearHandlers(HandlerTable &table);
void addMlTreeHandlers(HandlerTable &table);
void addNormalizeHandlers(HandlerTable &table);
void addPoolHandlers(HandlerTable &table);
void addQuantizeHandlers(HandlerTable &table);
void addRandomHandlers(HandlerTable &table);
void addRecurrentHandlers(HandlerTable &table);
void addReduceHandlers(HandlerTable &table);
void addReshapeHandlers(HandlerTable &table);
void addResizeHandlers(HandlerTable &table);
void addRetiredHandlers(HandlerTable &table);
void addSamplingHandlers(HandlerTable &table);
void addSequenceModelHandlers(HandlerTable &table);
void addSignalHandlers(HandlerTable &table);
void addSliceHandlers(HandlerTable &table);
void addTrainingHandlers(HandlerTable &table);

// The same for run-time handlers.
void addRunTimeControlHandlers(HandlerTable &table);
void addRunTimeFourierHandlers(HandlerTable &table);
void addRunTimeLayerHandlers(HandlerTable &table);
void addRunTimeMoveHandlers(HandlerTable &table);
void addRunTimeProductHandlers(HandlerTable &table);
void addRunTimeSignalHandlers(HandlerTable &table);
void addRunTimeTensorHandlers(HandlerTable &table);
void addRunTimeValueHandlers(HandlerTable &table);

} // namespace ncc::frontend
