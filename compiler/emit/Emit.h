// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Core programs -> the in-memory NEFF. Weights are not copied: the model refers to the constants' own storage,
// identical constants are stored once.
#pragma once

#include "runtime/hw/DeviceSpec.h"
#include "runtime/neff/Model.h"

#include "absl/status/statusor.h"

#include <memory>

namespace mlir {
class ModuleOp;
} // namespace mlir

namespace ncc::emit {

/// What the instructions do not say.
struct ModelInfo {
  neff::Provenance provenance;
  std::vector<neff::TensorInfo> inputs, outputs;
  std::vector<neff::Group> groups; // over the module's programs in order, replicas included; empty: one pipeline
  int replicas = 1;                // copies of the (single) program, on cores 0..n-1
  double usefulMacs = 0;
  double usefulMacsRate = 0;
};

/// The result refers to constants of `module`'s context; `owner` keeps that alive for as long as the model lives.
absl::StatusOr<neff::Model> emitModel(mlir::ModuleOp module, const hw::DeviceSpec &device, ModelInfo info,
                                      std::shared_ptr<const void> owner);

} // namespace ncc::emit
