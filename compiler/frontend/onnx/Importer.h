// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// ONNX to the graph dialect. Shapes are bound first, then every node runs its handler; whatever cannot be imported
// is reported together, each node with its reason, and no module is returned.
#pragma once

#include "compiler/diagnostics/Diagnostic.h"

#include "runtime/tensor/Tensor.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

#include <map>
#include <string>
#include <vector>

namespace ncc::frontend {

class Model;

struct ImportOptions {
  std::map<std::string, std::vector<int64_t>> shapes; // by input name
  std::map<std::string, int64_t> dims;                // by symbolic dim name
  std::map<std::string, std::string> dimFormulas = {}; // of symbolic dims that follow from others
  /// Inputs taken as constants, because a shape depends on them. They stay arguments of the function, unused.
  std::map<std::string, Tensor> values = {};
  /// The most nodes to import, calls expanded and loops unrolled, and how deep graphs and calls may lie in each other.
  int64_t maxNodes = int64_t{1} << 19;
  int maxNesting = 40;
};

/// The module holds `func.func @main`; arguments and results carry their ONNX names as `graph.name`. Null after
/// errors. The module's large constants refer to the model's mapped file, which lives as long as the context.
mlir::OwningOpRef<mlir::ModuleOp> importModel(mlir::MLIRContext &context, const Model &model,
                                              const ImportOptions &options, DiagnosticEngine &diagnostics);

/// Rows of `ncc ops`: domain, operator, and the opset version its import starts at.
struct SupportedOp {
  std::string domain, op;
  int64_t since;
};
std::vector<SupportedOp> supportedOps();

} // namespace ncc::frontend
