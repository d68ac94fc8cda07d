// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Hardware limits of single instructions, bounds of buffers, validity of tables.
#include "passes/verify/Verify.h"

#include "dialects/core/Core.h"
#include "passes/DevicePass.h"
#include "passes/sync/Sync.h"

using namespace mlir;
using namespace ncc;

namespace {

struct VerifyCorePass : DevicePass<VerifyCorePass, OperationPass<core::ProgramOp>> {
  using DevicePass::DevicePass;
  StringRef getArgument() const final { return "ncc-verify-core"; }
  StringRef getDescription() const final { return "checks every instruction against the device"; }

  void runOnOperation() override {
    core::ProgramOp program = getOperation();
    buffers.clear();
    for (auto buffer : program.getTables().getOps<core::BufferOp>()) {
      buffers.push_back(static_cast<int64_t>(buffer.getBytes()));
    }
    calls = sync::callRegions(program);
    bool ok = true;
    for (Region *region : {&program.getInit(), &program.getRun()}) {
      for (auto op : region->getOps<core::InstructionOpInterface>()) {
        ok = check(op) && ok;
      }
    }
    if (!ok) {
      signalPassFailure();
    }
  }

private:
  bool check(core::InstructionOpInterface op) {
    const isa::Instruction &inst = op.instruction();
    if (absl::Status status = isa::verify(inst, device); !status.ok()) {
      op->emitOpError(std::string(status.message()));
      return false;
    }
    if (const auto *call = std::get_if<isa::Call>(&inst); call && call->entry >= calls.size()) {
      op->emitOpError("calls an entry the table does not have");
      return false;
    }
    bool ok = true;
    sync::forEachRegion(inst, calls, [&](const sync::Region &region, bool) {
      if (region.memory < 2) {
        return; // on-chip bounds are part of isa::verify
      }
      uint32_t buffer = region.memory - 2;
      if (buffer >= buffers.size()) {
        op->emitOpError("names buffer ") << buffer << " of " << buffers.size();
        ok = false;
      } else if (region.begin < 0 || region.end > buffers[buffer]) {
        op->emitOpError("touches bytes ") << region.begin << ".." << region.end << " of buffer " << buffer << ", which has " << buffers[buffer];
        ok = false;
      }
    });
    return ok;
  }

  std::vector<int64_t> buffers;
  std::vector<sync::CallRegions> calls;
};

} // namespace

std::unique_ptr<Pass> verify::createVerifyCorePass(const hw::DeviceSpec &device) { return std::make_unique<VerifyCorePass>(device); }

void verify::registerPasses() {
  PassRegistration<VerifyCorePass>();
  registerPass([] { return createVerifySyncPass(); });
}
