// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Finds the pass that changes what a model computes. The graph is evaluated by the reference kernels as it was
// imported and again after every graph pass; after every tile pass the program for one core is finished, run and
// compared, and so is, at the end, the model compiled as the options say. Values are matched by the names of the model's nodes, so the first wrong node is named as the user knows it.
#pragma once

#include "compiler/diagnostics/Diagnostic.h"
#include "compiler/driver/Options.h"
#include "compiler/verify/NodeError.h"
#include "runtime/neff/Model.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace mlir {
class OpPassManager;
} // namespace mlir

namespace ncc {
namespace frontend {
class Model;
} // namespace frontend

namespace verify {

struct CheckOptions {
  Options compile;
  std::optional<Tolerance> tolerance; // else the project's rule, after the precision phase that of the type products run in
  bool precise = false; // run programs on the precise interpreter instead of the host executor
  /// May add passes to a phase, after its own: how tests break a compiler on purpose.
  std::function<void(std::string_view phase, mlir::OpPassManager &passes)> inject;
};

struct NodeError {
  std::string node, op;
  Shape shape;
  Error error;
};

/// One check: after a pass that changed something, or of the finished program.
struct PassResult {
  std::string phase, pass;
  std::string part; // "segment_0" of a model with stages on the host, else empty: the model
  std::vector<NodeError> outputs;
  double seconds = 0;
  bool good() const;
};

struct CheckResult {
  std::vector<PassResult> passes;
  std::vector<NodeError> nodes;       // of the finished program, in the order it computes them
  std::string wrongPass, wrongNode;   // the first of each; empty when all is well
};

/// The inputs of the model under the options' shapes; nothing after errors.
std::optional<std::vector<neff::TensorInfo>> modelInputs(const frontend::Model &model, const Options &options, DiagnosticEngine &diagnostics);

/// Nothing if the model does not compile, import or run; that is reported.
std::optional<CheckResult> checkPasses(const frontend::Model &model, const CheckOptions &options, const std::vector<Tensor> &inputs,
                                       DiagnosticEngine &diagnostics);

} // namespace verify
} // namespace ncc
