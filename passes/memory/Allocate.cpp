// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// One pass over the instructions with exact lifetimes; paging decisions are made on the spot.
#include "passes/memory/Allocate.h"

#include "dialects/tile/Tile.h"
#include "passes/memory/PsumBanks.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLExtras.h"

#include <limits>

using namespace ncc;
using namespace ncc::memory;
using llvm::cast;

namespace {

// Instructions; a tile with less to live lies at the upper end, weights and activations of whole layers at the lower.
constexpr int64_t kShortLife = 2048;
constexpr int64_t kUnbounded = int64_t{1} << 50;

enum class State : uint8_t { Unborn, Here, Out, Dead };

struct RootState {
  State state = State::Unborn;
  bool saved = false;       // DRAM holds the current contents
  int64_t address = -1;     // on chip: byte offset; DRAM: byte offset inside `buffer`
  int64_t buffer = -1;      // DRAM roots
  int64_t savedAt = -1;     // scratch offset of the paged copy
  int64_t savedWhen = 0;    // position of the store
  int64_t bornAt = 0;       // position from which the memory is the root's own
  int64_t onlyLoad = -1;    // the one instruction that fills it from a weight or an input
  uint32_t nextAccess = 0;  // into Allocator::accesses
  uint32_t endAccess = 0;
};

class Allocator {
public:
  Allocator(Program &program, const hw::DeviceSpec &device, int64_t lookahead, PlacedProgram &out, AllocationFailure &failure)
      : program(program), device(device), lookahead(lookahead), out(out), failure(failure), states(program.roots.size()),
        psum(device.psumBanks, device.psumBankBytes), scratch(kUnbounded) {}

  bool run() {
    makeBuffers();
    constexpr size_t kMostBuffers = 65536; // AccessPattern::buffer
    if (out.buffers.size() > kMostBuffers) {
      return fail(program.insts.front(), "is part of a program of " + std::to_string(out.buffers.size()) + " buffers; instructions tell 65,536 apart",
                  "join small constants, inputs or outputs in the model");
    }
    collectAccesses();
    int64_t base = placeResidents();
    sbuf.emplace(device.sbufBytesPerPartition - base, base);
    out.run.reserve(program.insts.size());
    for (current = 0; current < static_cast<int64_t>(program.insts.size()); ++current) {
      if (!step(program.insts[current])) {
        return false;
      }
    }
    finish();
    return true;
  }

private:
  //--- setup -----------------------------------------------------------------------------------------------------
  void makeBuffers() {
    llvm::DenseMap<mlir::Attribute, int64_t> weights;
    llvm::DenseMap<int64_t, int64_t> inputs;
    for (auto [root, state] : llvm::zip(program.roots, states)) {
      if (root.space != isa::Space::Dram || root.kind == RootKind::Scratch) {
        continue;
      }
      auto fresh = static_cast<int64_t>(out.buffers.size());
      if (root.kind == RootKind::Weight) {
        fresh = weights.try_emplace(root.value, fresh).first->second;
      } else if (root.kind == RootKind::Input) {
        fresh = inputs.try_emplace(root.index, fresh).first->second;
      }
      if (fresh == static_cast<int64_t>(out.buffers.size())) {
        out.buffers.push_back({root.kind, root.dtype, root.bytes, root.index, root.value});
      }
      state = {.state = State::Here, .address = 0, .buffer = fresh};
    }
    scratchBuffer = static_cast<int64_t>(out.buffers.size());
    out.buffers.push_back({});
  }

  void collectAccesses() {
    std::vector<uint32_t> counts(program.roots.size() + 1, 0), writers(program.roots.size(), 0);
    std::vector<int64_t> lastSeen(program.roots.size(), -1);
    auto forEachDistinct = [&](auto &&fn) {
      std::fill(lastSeen.begin(), lastSeen.end(), -1);
      for (int64_t i = 0; i < static_cast<int64_t>(program.insts.size()); ++i) {
        forEachRoot(program, program.insts[i], [&](uint32_t root, bool, bool writes) {
          if (lastSeen[root] != i) {
            lastSeen[root] = i;
            fn(i, root);
          }
        });
      }
    };
    for (int64_t i = 0; i < static_cast<int64_t>(program.insts.size()); ++i) {
      forEachRoot(program, program.insts[i], [&](uint32_t root, bool, bool writes) {
        if (writes) {
          ++writers[root];
          states[root].onlyLoad = i;
        }
      });
    }
    forEachDistinct([&](int64_t, uint32_t root) { ++counts[root + 1]; });
    for (size_t i = 1; i < counts.size(); ++i) {
      counts[i] += counts[i - 1];
    }
    accesses.resize(counts.back());
    for (size_t root = 0; root < states.size(); ++root) {
      states[root].nextAccess = states[root].endAccess = counts[root];
      if (writers[root] != 1 || !isPlainLoad(program.insts[states[root].onlyLoad])) {
        states[root].onlyLoad = -1;
      }
    }
    forEachDistinct([&](int64_t i, uint32_t root) { accesses[states[root].endAccess++] = i; });
  }

  // A transfer into SBUF from what never changes during an inference.
  bool isPlainLoad(const Inst &inst) const {
    const auto *dma = std::get_if<isa::DmaCopy>(&inst.inst);
    if (!dma || dma->src.space != isa::Space::Dram || dma->dst.space != isa::Space::Sbuf) {
      return false;
    }
    RootKind source = program.roots[inst.roots[1]].kind;
    return source == RootKind::Weight || source == RootKind::Input;
  }

  // Residents lie at the bottom, never to move. Those that do not fit are loaded in every inference instead.
  int64_t placeResidents() {
    int64_t limit = device.sbufBytesPerPartition / 100 * 85, base = 0;
    for (size_t root = 0; root < states.size(); ++root) {
      if (!program.roots[root].resident) {
        continue;
      }
      int64_t bytes = alignedBytes(program.roots[root].bytes);
      if (base + bytes > limit) {
        program.roots[root].resident = false;
        continue;
      }
      states[root].state = State::Here;
      states[root].address = base;
      base += bytes;
    }
    out.statistics.residentBytes = base;
    return base;
  }

  //--- one instruction -------------------------------------------------------------------------------------------
  bool step(const Inst &source) {
    bool ok = true;
    touched.clear();
    forEachRoot(program, source, [&](uint32_t root, bool, bool) {
      if (!llvm::is_contained(touched, root)) {
        touched.push_back(root);
      }
    });
    for (uint32_t root : touched) {
      ok = ok && bring(source, root);
    }
    if (!ok) {
      return false;
    }
    PlacedInst placed{source.inst, source.op};
    resolve(placed.inst, source);
    bool plainLoad = isPlainLoad(source) && !cast<tile::DmaOp>(source.op).getTied();
    if (plainLoad && source.atLoad && program.roots[source.roots[0]].resident) {
      out.init.push_back(std::move(placed));
    } else if (plainLoad && !program.roots[source.roots[0]].resident) {
      insertEarly(std::move(placed), std::max(position() - lookahead, states[source.roots[0]].bornAt));
    } else {
      out.run.push_back(std::move(placed));
    }
    forEachRoot(program, source, [&](uint32_t root, bool, bool writes) { states[root].saved &= !writes; });
    for (uint32_t root : touched) {
      if (++states[root].nextAccess == states[root].endAccess) {
        release(root);
      }
    }
    return true;
  }

  int64_t position() const { return static_cast<int64_t>(out.run.size()); }

  bool bring(const Inst &source, uint32_t id) {
    RootState &state = states[id];
    const Root &root = program.roots[id];
    if (state.state == State::Here) {
      return true;
    }
    if (state.state == State::Dead) {
      return fail(source, "reads a tile after its storage was given away", "this is a defect of the compiler, please report it");
    }
    if (root.space == isa::Space::Dram) {
      Arena::Range range = *scratch.take(alignedBytes(root.bytes));
      scratch.drainTo(64);
      state.address = range.offset;
      state.buffer = scratchBuffer;
      state.state = State::Here;
      return true;
    }
    if (root.space == isa::Space::Psum) {
      return bringPsum(source, id);
    }
    bool top = accesses[state.endAccess - 1] - current < kShortLife;
    std::optional<Arena::Range> range = sbuf->take(alignedBytes(root.bytes), top);
    if (!range && makeRoom(alignedBytes(root.bytes))) {
      range = sbuf->take(alignedBytes(root.bytes), top);
    }
    if (!range) {
      return fail(source,
                  "needs tiles of more than the " + std::to_string(device.sbufBytesPerPartition) + " bytes a partition of the scratchpad of " +
                      device.name + " has",
                  "compile for a device with a larger scratchpad, or with a smaller batch or sequence");
    }
    bool reload = state.state == State::Out;
    state.bornAt = reload ? position() : range->released;
    state.state = State::Here;
    state.address = range->offset;
    live[range->offset] = id;
    if (reload) {
      pageIn(id, range->released);
    }
    return true;
  }

  bool bringPsum(const Inst &source, uint32_t id) {
    std::optional<Arena::Range> range = psum.take(program.roots[id].bytes);
    if (!range) {
      return fail(source, "needs more accumulators at once than the " + std::to_string(device.psumBanks) + " banks of " + device.name,
                  "this is a defect of the tiling, please report it");
    }
    states[id].state = State::Here;
    states[id].address = range->offset;
    return true;
  }

  bool fail(const Inst &source, std::string fact, std::string advice) {
    failure = {source.op, std::move(fact), std::move(advice)};
    return false;
  }

  void release(uint32_t id) {
    RootState &state = states[id];
    const Root &root = program.roots[id];
    if (state.savedAt >= 0) {
      scratch.give(state.savedAt, alignedBytes(root.bytes) * root.partitions, position());
      state.savedAt = -1;
    }
    if (root.resident || (root.space == isa::Space::Dram && state.buffer != scratchBuffer)) {
      return;
    }
    int64_t bytes = alignedBytes(root.bytes);
    if (root.space == isa::Space::Dram) {
      scratch.give(state.address, bytes, position());
    } else if (root.space == isa::Space::Psum) {
      psum.give(state.address, root.bytes);
    } else {
      sbuf->give(state.address, bytes, position());
      live.erase(state.address);
    }
    state.state = State::Dead;
  }

  void resolve(isa::Instruction &inst, const Inst &source) {
    if (const auto *call = std::get_if<isa::Call>(&inst)) {
      placeCall(*call);
      return;
    }
    unsigned next = 0;
    isa::forEachPattern(inst, [&](isa::AccessPattern &ap) {
      const RootState &state = states[source.roots[next++]];
      ap.offset += static_cast<uint64_t>(state.address);
      if (ap.space == isa::Space::Dram) {
        ap.buffer = static_cast<uint16_t>(state.buffer);
      }
    });
  }

  void placeCall(const isa::Call &call) {
    const CallEntry &entry = program.calls[call.entry];
    PlacedCall placed{entry.op, {}, {}};
    auto place = [&](const CallOperand &operand) {
      const RootState &state = states[operand.root];
      return operand.present ? std::pair<int64_t, int64_t>(state.buffer, state.address + operand.offset) : std::pair<int64_t, int64_t>(-1, 0);
    };
    for (const CallOperand &operand : entry.inputs) {
      placed.inputs.push_back(place(operand));
    }
    for (const CallOperand &operand : entry.outputs) {
      placed.outputs.push_back(place(operand));
    }
    out.calls.resize(std::max<size_t>(out.calls.size(), call.entry + 1));
    out.calls[call.entry] = std::move(placed);
  }

  //--- paging ----------------------------------------------------------------------------------------------------
  // Pages out the cheapest run of neighbours whose removal leaves `bytes` free in one piece.
  bool makeRoom(int64_t bytes) {
    sbuf->drainTo(0);
    struct Block {
      int64_t begin, end;
      uint32_t root;
      double cost;
    };
    std::vector<Block> blocks;
    for (auto [offset, id] : live) {
      blocks.push_back({offset, offset + alignedBytes(program.roots[id].bytes), id, costOf(id)});
    }
    double best = std::numeric_limits<double>::infinity();
    size_t bestFirst = 0, bestLast = 0;
    double sum = 0;
    size_t last = 0; // one past the window
    int64_t top = device.sbufBytesPerPartition;
    int64_t bottom = out.statistics.residentBytes;
    for (size_t first = 0; first < blocks.size(); ++first) {
      int64_t begin = first == 0 ? bottom : blocks[first - 1].end;
      if (last <= first) {
        last = first;
        sum = 0;
      }
      while (last < blocks.size() && (last == first || blocks[last].begin < begin + bytes)) {
        sum += blocks[last++].cost;
      }
      int64_t end = last < blocks.size() ? blocks[last].begin : top;
      if (end - begin >= bytes && sum < best) {
        best = sum;
        bestFirst = first;
        bestLast = last;
      }
      sum -= blocks[first].cost;
      if (!(sum >= 0)) { // infinities do not subtract
        sum = 0;
        for (size_t i = first + 1; i < last; ++i) {
          sum += blocks[i].cost;
        }
      }
    }
    if (best == std::numeric_limits<double>::infinity()) {
      return false;
    }
    for (size_t i = bestFirst; i < bestLast; ++i) {
      pageOut(blocks[i].root);
    }
    sbuf->drainTo(0);
    return true;
  }

  double costOf(uint32_t id) const {
    const RootState &state = states[id];
    if (llvm::is_contained(touched, id)) {
      return std::numeric_limits<double>::infinity();
    }
    const Root &root = program.roots[id];
    int64_t distance = accesses[state.nextAccess] - current + 1;
    bool cheap = state.saved || state.onlyLoad >= 0;
    return static_cast<double>(root.bytes * root.partitions) * (cheap ? 1 : 2) / static_cast<double>(distance);
  }

  isa::DmaCopy pageTransfer(uint32_t id, bool toDram) {
    const Root &root = program.roots[id];
    DType word = root.bytes % 4 == 0 ? DType::U32 : root.bytes % 2 == 0 ? DType::U16 : DType::U8;
    int64_t words = root.bytes / static_cast<int64_t>(dtypeSize(word));
    isa::AccessPattern chip, dram;
    chip.space = isa::Space::Sbuf;
    chip.dtype = dram.dtype = word;
    chip.partitions = static_cast<uint16_t>(root.partitions);
    chip.offset = static_cast<uint64_t>(states[id].address);
    chip.rank = dram.rank = 1;
    chip.dims[0] = {1, static_cast<uint32_t>(words)};
    dram.space = isa::Space::Dram;
    dram.buffer = static_cast<uint16_t>(scratchBuffer);
    dram.offset = static_cast<uint64_t>(states[id].savedAt);
    dram.dims[0] = {1, static_cast<uint32_t>(words * root.partitions)};
    isa::DmaCopy copy;
    copy.dst = toDram ? dram : chip;
    copy.src = toDram ? chip : dram;
    return copy;
  }

  void pageOut(uint32_t id) {
    RootState &state = states[id];
    const Root &root = program.roots[id];
    if (!state.saved && state.onlyLoad < 0) {
      if (state.savedAt < 0) {
        state.savedAt = scratch.take(alignedBytes(root.bytes) * root.partitions)->offset;
      }
      state.savedWhen = position() + 1;
      out.run.push_back({pageTransfer(id, true), program.insts[accesses[state.nextAccess]].op});
      ++out.statistics.stores;
      out.statistics.storedBytes += root.bytes * root.partitions;
      state.saved = true;
    }
    sbuf->give(state.address, alignedBytes(root.bytes), position());
    live.erase(state.address);
    state.state = State::Out;
    state.address = -1;
  }

  void pageIn(uint32_t id, int64_t released) {
    const RootState &state = states[id];
    const Root &root = program.roots[id];
    ++out.statistics.reloads;
    out.statistics.reloadedBytes += root.bytes * root.partitions;
    if (!state.saved) {
      const Inst &load = program.insts[state.onlyLoad];
      PlacedInst again{load.inst, load.op};
      resolve(again.inst, load);
      insertEarly(std::move(again), std::max(released, position() - lookahead));
      return;
    }
    PlacedInst again{pageTransfer(id, false), program.insts[current].op};
    insertEarly(std::move(again), std::max({released, state.savedWhen, position() - lookahead}));
  }

  // Remembered, and merged in at the end: inserting now would move the positions already handed out.
  void insertEarly(PlacedInst inst, int64_t at) {
    early.push_back({std::min(std::max<int64_t>(at, 0), position()), std::move(inst)});
  }

  void finish() {
    out.statistics.sbufPeak = sbuf->peak() > 0 ? sbuf->peak() : out.statistics.residentBytes;
    out.statistics.psumPeak = psum.peak();
    out.statistics.scratchBytes = scratch.peak();
    out.buffers[scratchBuffer].bytes = scratch.peak();
    llvm::stable_sort(early, [](const auto &a, const auto &b) { return a.first < b.first; });
    std::vector<PlacedInst> merged;
    merged.reserve(out.run.size() + early.size());
    size_t next = 0;
    for (size_t i = 0; i <= out.run.size(); ++i) {
      for (; next < early.size() && early[next].first <= static_cast<int64_t>(i); ++next) {
        merged.push_back(std::move(early[next].second));
      }
      if (i < out.run.size()) {
        merged.push_back(std::move(out.run[i]));
      }
    }
    out.run = std::move(merged);
  }

  Program &program;
  const hw::DeviceSpec &device;
  int64_t lookahead;
  PlacedProgram &out;
  AllocationFailure &failure;
  std::vector<RootState> states;
  std::vector<int64_t> accesses; // instruction numbers per root, see RootState
  llvm::SmallVector<uint32_t, 8> touched;
  std::map<int64_t, uint32_t> live; // SBUF address -> root, residents excluded
  std::optional<Arena> sbuf;
  PsumBanks psum;
  Arena scratch;
  std::vector<std::pair<int64_t, PlacedInst>> early;
  int64_t scratchBuffer = 0, current = 0;
};

} // namespace

bool ncc::memory::allocate(Program &program, const hw::DeviceSpec &device, int64_t lookahead, PlacedProgram &out, AllocationFailure &failure) {
  return Allocator(program, device, lookahead, out, failure).run();
}
