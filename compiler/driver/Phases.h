// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What the compilation and its verification share: the options of the passes, and a model's inputs and outputs as the
// NEFF names them.
#pragma once

#include "compiler/driver/Options.h"
#include "passes/Pipelines.h"
#include "runtime/neff/Model.h"

namespace ncc::driver {

PipelineOptions pipelineOptions(const Options &options, const hw::DeviceSpec &device);

std::vector<neff::TensorInfo> tensorsOf(mlir::func::FuncOp main, bool inputs);

/// Position of a phase in allPhases().
size_t phaseNamed(std::string_view name);

} // namespace ncc::driver
