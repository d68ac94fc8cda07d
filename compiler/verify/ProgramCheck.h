// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Running what a module has become so far.
#pragma once

#include "compiler/verify/PassCheck.h"
#include "runtime/hw/DeviceSpec.h"
#include "runtime/neff/Model.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"

namespace ncc::verify {

/// What a program run needs besides the module.
struct ProgramContext {
  hw::DeviceSpec device;
  std::vector<neff::TensorInfo> inputs, outputs;
  std::vector<ops::Value> values; // of the inputs
  std::string precision;      // of products, as the NEFF says it
  bool precise = false;
};

/// Gives the module's tile programs addresses and semaphores, and runs them.
absl::StatusOr<std::vector<ops::Value>> runProgram(mlir::ModuleOp module, const ProgramContext &context);
absl::StatusOr<std::vector<ops::Value>> runModel(neff::Model model, const ProgramContext &context);

/// A value of a graph function and the model nodes it stands for.
struct Probe {
  llvm::SmallVector<std::string, 2> names;
  std::string op;
  int64_t output = -1; // among the outputs; -1: it exists inside of a fused group only
};

/// Makes every value of the (only) graph function an output after those it has, and lists them in program order.
std::vector<Probe> addProbes(mlir::ModuleOp module, std::vector<neff::TensorInfo> &outputs);

} // namespace ncc::verify
