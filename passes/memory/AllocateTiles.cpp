// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The allocation pass: builds the storage of each tile.program, gives it addresses, and writes the core.program
// that takes its place. What it found (peaks, paging) is left in the attribute `statistics`.
#include "passes/memory/Memory.h"

#include "dialects/core/Core.h"
#include "dialects/tile/Tile.h"
#include "passes/DevicePass.h"
#include "passes/memory/Allocate.h"

using namespace mlir;
using namespace ncc;

namespace {

constexpr int64_t kLookahead = 256; // instructions a load may move ahead

const char *kindName(memory::RootKind kind) {
  switch (kind) {
  case memory::RootKind::Input: return "input";
  case memory::RootKind::Output: return "output";
  case memory::RootKind::Weight: return "weight";
  case memory::RootKind::Scratch: return "scratch";
  }
  return "scratch";
}

struct AllocateTilesPass : DevicePass<AllocateTilesPass, OperationPass<ModuleOp>> {
  using DevicePass::DevicePass;
  StringRef getArgument() const final { return "ncc-allocate-tiles"; }
  StringRef getDescription() const final { return "gives tiles addresses and turns tile programs into core programs"; }
  void getDependentDialects(DialectRegistry &registry) const override { registry.insert<core::CoreDialect>(); }

  void runOnOperation() override {
    for (auto program : llvm::make_early_inc_range(getOperation().getOps<tile::ProgramOp>())) {
      if (failed(replace(program))) {
        return signalPassFailure();
      }
    }
  }

private:
  LogicalResult replace(tile::ProgramOp program) {
    FailureOr<memory::Program> built = memory::buildStorage(program);
    if (failed(built)) {
      return failure();
    }
    memory::PlacedProgram placed;
    memory::AllocationFailure reason;
    if (!memory::allocate(*built, device, kLookahead, placed, reason)) {
      InFlightDiagnostic diagnostic = reason.op->emitError() << reason.fact;
      diagnostic.attachNote() << reason.advice;
      return diagnostic;
    }
    write(program, placed);
    program.erase();
    return success();
  }

  void write(tile::ProgramOp source, const memory::PlacedProgram &placed) {
    OpBuilder builder(source);
    auto program = core::ProgramOp::create(builder, source.getLoc(), source.getSymName(), source.getCore());
    program->setAttr("statistics", statistics(builder, placed.statistics));
    for (Region &region : program->getRegions()) {
      region.emplaceBlock();
    }
    builder.setInsertionPointToEnd(&program.getTables().front());
    for (const memory::Buffer &buffer : placed.buffers) {
      std::string_view dtype = dtypeName(buffer.dtype);
      core::BufferOp::create(builder, source.getLoc(), kindName(buffer.kind), buffer.bytes, StringRef(dtype.data(), dtype.size()),
                             buffer.index, cast_or_null<ElementsAttr>(buffer.value));
    }
    for (const memory::PlacedCall &call : placed.calls) {
      writeCall(builder, call);
    }
    builder.setInsertionPointToEnd(&program.getInit().front());
    for (const memory::PlacedInst &inst : placed.init) {
      core::createInstruction(builder, inst.op->getLoc(), inst.inst);
    }
    builder.setInsertionPointToEnd(&program.getRun().front());
    for (const memory::PlacedInst &inst : placed.run) {
      core::createInstruction(builder, inst.op->getLoc(), inst.inst);
    }
  }

  static void writeCall(OpBuilder &builder, const memory::PlacedCall &call) {
    auto source = cast<tile::CallOp>(call.op);
    auto pairs = [](const std::vector<std::pair<int64_t, int64_t>> &operands) {
      SmallVector<int64_t> flat;
      for (auto [buffer, offset] : operands) {
        flat.append({buffer, offset});
      }
      return flat;
    };
    core::CallEntryOp::create(builder, source.getLoc(), source.getKernel(), source.getKernelAttributes(), pairs(call.inputs),
                              pairs(call.outputs), source.getInputTypes(), source.getResultTypes());
  }

  static DictionaryAttr statistics(Builder &builder, const memory::Statistics &s) {
    auto entry = [&](StringRef name, int64_t value) { return builder.getNamedAttr(name, builder.getI64IntegerAttr(value)); };
    return builder.getDictionaryAttr({entry("sbuf_peak", s.sbufPeak), entry("psum_peak", s.psumPeak), entry("resident", s.residentBytes),
                                      entry("scratch", s.scratchBytes), entry("page_outs", s.stores), entry("page_ins", s.reloads),
                                      entry("paged_out_bytes", s.storedBytes), entry("paged_in_bytes", s.reloadedBytes)});
  }
};

} // namespace

std::unique_ptr<Pass> memory::createAllocateTilesPass(const hw::DeviceSpec &device) { return std::make_unique<AllocateTilesPass>(device); }

void memory::registerPasses() { PassRegistration<AllocateTilesPass>(); }
