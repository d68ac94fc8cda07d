// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The schedule phase: what stays in SBUF for ever, and in which order the instructions of a core run.
#pragma once

#include "runtime/isa/Instruction.h"

#include <memory>
#include <vector>

namespace mlir {
class Operation;
class Pass;
} // namespace mlir

namespace ncc {
namespace hw {
class CostModel;
struct DeviceSpec;
} // namespace hw
namespace memory {
struct Program;
} // namespace memory
namespace tile {
class ProgramOp;
} // namespace tile

namespace schedule {

/// Marks all constant loads `resident` when together they fit the share of SBUF that activations leave.
std::unique_ptr<mlir::Pass> createPinResidentsPass(const hw::DeviceSpec &device);
/// Reorders a tile.program by list scheduling.
std::unique_ptr<mlir::Pass> createOrderTilesPass(const hw::DeviceSpec &device);
void registerPasses();

/// Of a core; the DMA queues count as one.
inline constexpr size_t kEngines = 6;

struct Limits {
  int64_t sbufBytes = 0; // live bytes per partition up to which an instruction may be moved ahead
  int64_t psumBytes = 0;
};
/// An order of the program's ops (all of them, joins included) that keeps the engines busy. `insts` are in the
/// present order of the ops.
std::vector<mlir::Operation *> listSchedule(tile::ProgramOp program, const memory::Program &insts, const hw::DeviceSpec &device,
                                            const Limits &limits);

/// Time from the end of an instruction's turn on its engine until others may use its result.
double resultLatencyNs(const isa::Instruction &inst, const hw::CostModel &cost);
/// Nanoseconds the program takes in that order, by the cost model; reuse of memory costs nothing. `insts` are in the order, too.
double makespan(const std::vector<mlir::Operation *> &order, const memory::Program &insts, const hw::DeviceSpec &device);

} // namespace schedule
} // namespace ncc
