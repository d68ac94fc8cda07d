// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The ordering pass: list-schedules a program under several limits of memory and keeps the order that takes the least
// time, the transfers of paging included. The order it came in is one of those tried.
#include "passes/schedule/Schedule.h"

#include "dialects/tile/Tile.h"
#include "passes/DevicePass.h"
#include "passes/memory/Allocate.h"

#include "runtime/hw/CostModel.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

#include <limits>

using namespace ncc;

namespace {

constexpr int64_t kPagedRun = 2048; // bytes of a tile in a partition, typically
constexpr size_t kOneTry = 100000;  // instructions of a program that is ordered once only

// Bytes moved by paging, or nothing when the order cannot be allocated.
std::optional<int64_t> pagedBytes(memory::Program &program, const hw::DeviceSpec &device) {
  memory::PlacedProgram placed;
  memory::AllocationFailure failure;
  if (!memory::allocate(program, device, 0, placed, failure)) {
    return std::nullopt;
  }
  return placed.statistics.storedBytes + placed.statistics.reloadedBytes;
}

memory::Program reordered(const memory::Program &program, const llvm::DenseMap<mlir::Operation *, size_t> &at, const std::vector<mlir::Operation *> &order) {
  memory::Program result{program.roots, {}, program.calls};
  result.insts.reserve(program.insts.size());
  for (mlir::Operation *op : order) {
    auto it = at.find(op);
    if (it != at.end()) {
      result.insts.push_back(program.insts[it->second]);
    }
  }
  return result;
}

struct OrderTilesPass : DevicePass<OrderTilesPass, mlir::OperationPass<tile::ProgramOp>> {
  using DevicePass::DevicePass;
  llvm::StringRef getArgument() const final { return "ncc-order-tiles"; }
  llvm::StringRef getDescription() const final { return "orders a core's instructions by list scheduling"; }

  void runOnOperation() override {
    tile::ProgramOp program = getOperation();
    mlir::FailureOr<memory::Program> built = memory::buildStorage(program);
    if (failed(built)) {
      return signalPassFailure();
    }
    llvm::DenseMap<mlir::Operation *, size_t> at;
    for (auto [i, inst] : llvm::enumerate(built->insts)) {
      at[inst.op] = i;
    }
    int64_t resident = 0;
    for (const memory::Root &root : built->roots) {
      resident += root.resident ? root.bytes : 0;
    }
    std::vector<mlir::Operation *> best;
    for (mlir::Operation &op : program.getBody().front()) {
      best.push_back(&op);
    }
    auto [least, paged] = time(best, reordered(*built, at, best));
    for (int percent : {90, 60, 75, 40}) {
      schedule::Limits limits{std::max<int64_t>(0, device.sbufBytesPerPartition - resident) * percent / 100, device.psumBytesPerPartition};
      std::vector<mlir::Operation *> order = schedule::listSchedule(program, *built, device, limits);
      auto [taken, moved] = time(order, reordered(*built, at, order));
      if (taken < least) {
        least = taken;
        best = std::move(order);
      }
      if (moved <= paged || built->insts.size() > kOneTry) { // with less memory it would hardly be faster
        break;
      }
    }
    mlir::Block &body = program.getBody().front();
    for (mlir::Operation *op : best) {
      op->moveBefore(&body, body.end());
    }
  }

private:
  /// Nanoseconds, and bytes paged; infinite when the order cannot be allocated.
  std::pair<double, int64_t> time(const std::vector<mlir::Operation *> &order, memory::Program insts) {
    double busy = schedule::makespan(order, insts, device);
    std::optional<int64_t> paged = pagedBytes(insts, device);
    if (!paged) {
      return {std::numeric_limits<double>::infinity(), std::numeric_limits<int64_t>::max()};
    }
    return {busy + hw::CostModel(device).dmaNs(*paged, kPagedRun), *paged};
  }
};

} // namespace

std::unique_ptr<mlir::Pass> schedule::createOrderTilesPass(const hw::DeviceSpec &device) { return std::make_unique<OrderTilesPass>(device); }

void schedule::registerPasses() {
  mlir::PassRegistration<OrderTilesPass>();
  mlir::registerPass([] { return createPinResidentsPass({}); });
}
