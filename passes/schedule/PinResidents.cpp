// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Which weights live in SBUF: all of a program's, if they fit beside what activations need at their worst moment,
// else none.
#include "passes/schedule/Schedule.h"

#include "dialects/tile/Tile.h"
#include "passes/DevicePass.h"
#include "passes/memory/Storage.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/Hashing.h"

using namespace ncc;

namespace {

// A root all of whose writers are loads of constants.
struct Candidate {
  std::vector<mlir::Operation *> loads;
  bool possible = true;
  int64_t bytes = 0;
};

struct PinResidentsPass : DevicePass<PinResidentsPass, mlir::OperationPass<tile::ProgramOp>> {
  using DevicePass::DevicePass;
  llvm::StringRef getArgument() const final { return "ncc-pin-residents"; }
  llvm::StringRef getDescription() const final { return "keeps weights in the scratchpad between inferences"; }

  void runOnOperation() override {
    mlir::FailureOr<memory::Program> built = memory::buildStorage(getOperation());
    if (failed(built)) {
      return signalPassFailure();
    }
    std::vector<Candidate> candidates = collect(*built);
    int64_t total = 0;
    std::vector<Candidate *> order;
    for (Candidate &candidate : candidates) {
      if (candidate.possible && !candidate.loads.empty()) {
        total += candidate.bytes;
        order.push_back(&candidate);
      }
    }
    int64_t room = device.sbufBytesPerPartition - activationPeak(*built, candidates) * 11 / 10;
    int64_t budget = std::min(device.sbufBytesPerPartition * 60 / 100, room);
    // A model that streams most of its weights anyway needs the space to load ahead: pinning a third of SBUF made
    // BERT-base on one trn1 core 12 % slower and helped no model measured.
    if (total > budget) {
      return;
    }
    for (Candidate *candidate : order) {
      for (mlir::Operation *load : candidate->loads) {
        llvm::cast<tile::DmaOp>(load).setResident(true);
      }
    }
  }

private:
  static std::vector<Candidate> collect(const memory::Program &program) {
    std::vector<Candidate> candidates(program.roots.size());
    for (const memory::Inst &inst : program.insts) {
      auto dma = llvm::dyn_cast<tile::DmaOp>(inst.op);
      bool load = dma && !dma.getTied() && program.roots[inst.roots[1]].kind == memory::RootKind::Weight &&
                  program.roots[inst.roots[0]].space == isa::Space::Sbuf;
      memory::forEachRoot(program, inst, [&](uint32_t root, bool, bool writes) {
        if (writes && !load) {
          candidates[root].possible = false;
        }
      });
      if (load) {
        candidates[inst.roots[0]].loads.push_back(inst.op);
        candidates[inst.roots[0]].bytes = (program.roots[inst.roots[0]].bytes + 63) / 64 * 64;
      }
    }
    return candidates;
  }

  // Live bytes per partition of everything else at the worst moment of the present order.
  static int64_t activationPeak(const memory::Program &program, const std::vector<Candidate> &candidates) {
    std::vector<int64_t> first(program.roots.size(), -1), last(program.roots.size(), -1);
    for (int64_t i = 0; i < static_cast<int64_t>(program.insts.size()); ++i) {
      memory::forEachRoot(program, program.insts[i], [&](uint32_t root, bool, bool) {
        first[root] = first[root] < 0 ? i : first[root];
        last[root] = i;
      });
    }
    std::vector<int64_t> change(program.insts.size() + 2, 0);
    for (size_t root = 0; root < program.roots.size(); ++root) {
      bool weight = candidates[root].possible && !candidates[root].loads.empty();
      if (program.roots[root].space == isa::Space::Sbuf && first[root] >= 0 && !weight) {
        change[first[root]] += program.roots[root].bytes;
        change[last[root] + 1] -= program.roots[root].bytes;
      }
    }
    int64_t live = 0, peak = 0;
    for (int64_t delta : change) {
      live += delta;
      peak = std::max(peak, live);
    }
    return peak;
  }
};

} // namespace

std::unique_ptr<mlir::Pass> schedule::createPinResidentsPass(const hw::DeviceSpec &device) {
  return device.name.empty() ? std::make_unique<PinResidentsPass>() : std::make_unique<PinResidentsPass>(device);
}
