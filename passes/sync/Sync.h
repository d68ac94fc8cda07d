// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The sync phase. Each stream (engine or DMA queue) owns one semaphore. Of its instructions, those that another
// stream waits for add one to it when complete, so "semaphore >= n" means "the first n of them are done". The
// runtime clears all semaphores between inferences, when every stream has run dry; counts therefore never exceed
// the signals of one inference.
#pragma once

#include "passes/sync/Hazards.h"

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace ncc {
namespace hw {
struct DeviceSpec;
} // namespace hw
namespace core {
class ProgramOp;
} // namespace core

namespace sync {

/// Spreads DMA over queues, then adds waits and signals to the run instructions of every core.program.
std::unique_ptr<mlir::Pass> createAssignSemaphoresPass(const hw::DeviceSpec &device);
void registerPasses();

/// The regions of a program's firmware calls, by entry.
std::vector<CallRegions> callRegions(core::ProgramOp program);

} // namespace sync
} // namespace ncc
