// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The time an order takes when each engine runs its instructions in turn and waits for operands only. Memory that is
// used again is not waited for; what the allocator pages is added by the caller.
#include "passes/schedule/Schedule.h"

#include "dialects/tile/Tile.h"
#include "passes/memory/Storage.h"
#include "runtime/hw/CostModel.h"

#include "llvm/ADT/DenseMap.h"

#include <array>

using namespace ncc;

double schedule::resultLatencyNs(const isa::Instruction &inst, const hw::CostModel &cost) {
  return isa::header(inst).engine == isa::Engine::Dma ? cost.dmaStartNs() : cost.latencyNs(inst);
}

double schedule::makespan(const std::vector<mlir::Operation *> &order, const memory::Program &insts, const hw::DeviceSpec &device) {
  // Both lists are in the same order; ops without an instruction (joins, inputs) stand between.
  size_t next = 0;
  hw::CostModel cost(device);
  struct Times {
    double done = 0, accumulated = 0; // for anyone; for the tensor engine, which adds to its own results at once
  };
  llvm::DenseMap<mlir::Operation *, Times> available;
  std::array<double, schedule::kEngines> free = {};
  double end = 0;
  for (mlir::Operation *op : order) {
    double ready = 0;
    const memory::Inst *inst = next < insts.insts.size() && insts.insts[next].op == op ? &insts.insts[next++] : nullptr;
    bool matmul = inst && std::holds_alternative<isa::Matmul>(inst->inst);
    for (mlir::Value operand : op->getOperands()) {
      Times times = available.lookup(operand.getDefiningOp());
      ready = std::max(ready, matmul ? times.accumulated : times.done);
    }
    bool atLoad = inst && inst->atLoad && insts.roots[inst->roots[0]].resident;
    if (inst && !atLoad) {
      double &engine = free[static_cast<size_t>(isa::header(inst->inst).engine)];
      double busy = cost.instructionNs(inst->inst);
      double begin = std::max(engine, ready);
      // A transfer that waits holds up its queue only, and there are many.
      engine = isa::header(inst->inst).engine == isa::Engine::Dma ? engine + busy : begin + busy;
      ready = begin + busy;
    }
    double done = ready + (inst && !atLoad ? resultLatencyNs(inst->inst, cost) : 0);
    available[op] = {done, matmul ? ready : done};
    end = std::max(end, done);
  }
  return end;
}
