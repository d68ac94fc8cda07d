// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// From SSA tiles to storage. A root is one piece of memory (SBUF, PSUM or DRAM) that the allocator places as a
// whole; parts of a joined tile and tied destinations share the root of what they end up in. Instructions are
// encoded here already, with patterns relative to their roots, so that cost, allocation, synchronisation and
// emission all see the same thing.
#pragma once

#include "passes/memory/View.h"
#include "runtime/isa/Instruction.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Operation.h"
#include "mlir/Support/LogicalResult.h"

#include <vector>

namespace ncc::tile {
class ProgramOp;
}

namespace ncc::memory {

enum class RootKind : uint8_t { Scratch, Input, Output, Weight };

struct Root {
  isa::Space space = isa::Space::Sbuf;
  RootKind kind = RootKind::Scratch;
  bool resident = false; // filled at load, lives for ever
  DType dtype = DType::F32;
  int64_t partitions = 0; // on chip
  int64_t bytes = 0;      // per partition on chip, in all in DRAM
  int64_t index = 0;      // model input or output
  mlir::Attribute value;  // Weight
};

/// A whole row-major tensor of a firmware call.
struct CallOperand {
  bool present = true;
  uint32_t root = 0;
  int64_t offset = 0; // bytes
  mlir::Type type;    // tensor type
};

struct CallEntry {
  mlir::Operation *op = nullptr;
  std::vector<CallOperand> inputs, outputs;
};

struct Inst {
  isa::Instruction inst;                 // patterns are relative to their roots
  llvm::SmallVector<uint32_t, 4> roots;  // of each pattern, in the order of isa::forEachPattern
  mlir::Operation *op = nullptr;         // the tile op, for location and node name
  bool atLoad = false;
};

struct Program {
  std::vector<Root> roots;
  std::vector<Inst> insts;
  std::vector<CallEntry> calls; // isa::Call::entry counts into this
};

/// Gives every tile value a root. Inserts `tile.copy` or `tile.dma` ops into the program where a part cannot lie in
/// its join (a part of several joins, a model input, a pattern that needs too many dims). Reports errors on ops.
mlir::FailureOr<Program> buildStorage(tile::ProgramOp program);

/// Calls `fn(pattern, root, isWrite, isRead)` for every pattern of an instruction and every operand of a call.
using AccessFn = llvm::function_ref<void(uint32_t root, bool reads, bool writes)>;
void forEachRoot(const Program &program, const Inst &inst, AccessFn fn);

/// The storage type of a tile's element type.
DType dtypeOf(mlir::Type elementType);

/// The engines' rule for the first partition of an operand of `partitions` partitions.
bool isLegalStart(int64_t partition, int64_t partitions);

} // namespace ncc::memory
