// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What compiling, checking and verifying share: importing a model, the options of the passes, and a model's inputs and outputs as the
// NEFF names them.
#pragma once

#include "compiler/diagnostics/Diagnostic.h"
#include "compiler/driver/Options.h"
#include "passes/Pipelines.h"
#include "runtime/neff/Model.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace ncc::frontend {
class Model;
} // namespace ncc::frontend

namespace ncc::driver {

PipelineOptions pipelineOptions(const Options &options, const hw::DeviceSpec &device);

/// The model's graph under the options' one set of shapes (bucketOptions makes it); null after errors. The context has all dialects.
mlir::OwningOpRef<mlir::ModuleOp> importModel(mlir::MLIRContext &context, const frontend::Model &model, const Options &options, DiagnosticEngine &diagnostics);

/// The lowest type matrix products run in, as the NEFF says it.
std::string lowestProduct(const Options &options);

std::vector<neff::TensorInfo> tensorsOf(mlir::func::FuncOp main, bool inputs);

/// Position of a phase in allPhases().
size_t phaseNamed(std::string_view name);

} // namespace ncc::driver
