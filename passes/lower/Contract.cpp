// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Matrix products. Every dim of the result belongs to a, to b or to both (batch); one dim X of the result lies on
// partitions, optionally below batch dims (heads). The operand that owns X is stationary, the other one moves, so
// either orientation needs no transpose: features on partitions, or tokens on partitions.
#include "passes/lower/Emitters.h"
#include "dialects/graph/Graph.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::lower;

namespace {

struct Contraction {
  Value a, b;
  int64_t rank = 0;         // of the result
  int64_t k = 0;            // size of the contracted dim
  int64_t aK = 0, bK = 0;   // its place in the operands
  Dims shape;
  int64_t aZero = 0, bZero = 0;

  /// The operand's dim for a result dim, or -1 if it has none there or repeats it.
  int64_t dimOf(bool ofA, int64_t dim) const {
    ArrayRef<int64_t> own = cast<RankedTensorType>((ofA ? a : b).getType()).getShape();
    int64_t ownRank = static_cast<int64_t>(own.size());
    if (dim >= rank - 2) { // M or N
      bool isM = dim == rank - 2;
      if (isM != ofA) {
        return -1;
      }
      int64_t kDim = ofA ? aK : bK;
      return kDim == ownRank - 1 ? ownRank - 2 : ownRank - 1;
    }
    int64_t place = dim - (rank - ownRank);
    return place < 0 || (own[place] == 1 && shape[dim] != 1) ? -1 : place;
  }
};

Contraction analyze(const Group &group) {
  auto op = cast<graph::MatmulOp>(group.root);
  Contraction c;
  c.a = group.resolve(op.getA());
  c.b = group.resolve(op.getB());
  auto aType = cast<RankedTensorType>(c.a.getType()), bType = cast<RankedTensorType>(c.b.getType());
  c.aK = op.getTransposeA() ? aType.getRank() - 2 : aType.getRank() - 1;
  c.bK = op.getTransposeB() ? bType.getRank() - 1 : bType.getRank() - 2;
  c.k = aType.getShape()[c.aK];
  auto type = cast<RankedTensorType>(op.getResult().getType());
  c.shape.assign(type.getShape().begin(), type.getShape().end());
  c.rank = type.getRank();
  c.aZero = op.getAZeroPoint();
  c.bZero = op.getBZeroPoint();
  return c;
}

bool supports(Lowering &low, const Group &group) {
  auto op = cast<graph::MatmulOp>(group.root);
  auto a = cast<RankedTensorType>(op.getA().getType()), b = cast<RankedTensorType>(op.getB().getType());
  auto result = cast<RankedTensorType>(op.getResult().getType());
  return a.getRank() >= 2 && b.getRank() >= 2 && isMatmulType(low.spec, a.getElementType()) &&
         a.getElementType().getIntOrFloatBitWidth() == b.getElementType().getIntOrFloatBitWidth() &&
         result.getNumElements() > 0 && a.getNumElements() > 0 &&
         llvm::all_of(group.body, isEngineElementwise);
}

/// The wanted layout if this product can produce it, else tokens or features on partitions by size.
Layout resultLayout(Lowering &low, const Group &group, const Contraction &c) {
  Layout wanted = low.preferredLayout(group.outer[0]);
  auto ownedBy = [&](int64_t dim) { return (c.dimOf(true, dim) >= 0 ? 1 : 0) + (c.dimOf(false, dim) >= 0 ? 2 : 0); };
  if (!wanted.partition.empty()) {
    bool fits = ownedBy(wanted.partition.back()) != 3;
    int64_t x = c.shape[wanted.partition.back()];
    for (int64_t dim : ArrayRef<int64_t>(wanted.partition).drop_back()) {
      // Heads above X: each head's rows must start on a legal partition.
      fits &= ownedBy(dim) == 3 && (x % 128 == 0 || x == 64 || x == 32);
    }
    if (fits) {
      return wanted;
    }
  }
  int64_t m = c.rank - 2, n = c.rank - 1;
  return Lowering::canonical(layoutOf(c.rank, {c.shape[n] >= c.shape[m] || c.shape[n] >= 128 ? n : m}), c.shape);
}

/// An operand's layout with k on partitions, below the shared batch dims that the operand already has there.
struct Side {
  Value value;
  bool isA;
  Layout layout;
  Dims shape;
};

bool headsFit(int64_t k) { return k % 128 == 0 || k == 64 || k == 32; }

Side sideOf(Lowering &low, const Contraction &c, bool isA, ArrayRef<int64_t> batchOnPartitions) {
  Side side{isA ? c.a : c.b, isA, {}, {}};
  side.shape = low.state(side.value).shape;
  Dims partition;
  for (int64_t dim : batchOnPartitions) {
    partition.push_back(c.dimOf(isA, dim));
  }
  partition.push_back(isA ? c.aK : c.bK);
  side.layout = Lowering::canonical(layoutOf(static_cast<int64_t>(side.shape.size()), partition), side.shape);
  return side;
}

/// Batch dims (of the result) that both operands already hold on partitions above k.
Dims sharedPartitionBatch(Lowering &low, const Contraction &c) {
  if (!headsFit(c.k)) {
    return {};
  }
  auto batchOf = [&](bool isA) -> std::optional<Dims> {
    for (const Grid &grid : low.state(isA ? c.a : c.b).grids) {
      const Dims &partition = grid.layout.partition;
      if (grid.replicated || partition.size() < 2 || partition.back() != (isA ? c.aK : c.bK)) {
        continue;
      }
      Dims batch;
      for (int64_t own : ArrayRef<int64_t>(partition).drop_back()) {
        for (int64_t dim = 0; dim < c.rank - 2; ++dim) {
          if (c.dimOf(isA, dim) == own) {
            batch.push_back(dim);
          }
        }
      }
      if (batch.size() + 1 == partition.size()) {
        return batch;
      }
    }
    return std::nullopt;
  };
  auto a = batchOf(true), b = batchOf(false);
  return a && b && *a == *b ? *a : Dims();
}

class ContractEmitter {
public:
  ContractEmitter(Lowering &low, const Group &group)
      : low(low), c(analyze(group)), out(resultLayout(low, group, c)),
        results(low, group, defaultGrid(c.shape, out)), evaluator(low, group, c.shape, out) {
    Dims batch = sharedPartitionBatch(low, c);
    a = sideOf(low, c, true, batch);
    b = sideOf(low, c, false, batch);
    batchRows = batch;
    x = out.partition.empty() ? c.rank - 1 : out.partition.back();
    aIsStationary = c.dimOf(true, x) >= 0 && c.dimOf(false, x) < 0;
  }

  void run() {
    // Rows of k as the moving operand holds them: every chain step reads whole cells.
    const Grid &moving = low.grid(movingSide().value, movingSide().layout);
    for (const Rows &rows : moving.rows) {
      if (batchRows.empty() || rows.start < c.k) {
        kRows.push_back(batchRows.empty() ? rows : Rows{rows.start, std::min(rows.count, c.k - rows.start)});
      }
    }
    for (size_t r = 0; r < results.shape().rows.size(); ++r) {
      for (size_t boxIndex = 0; boxIndex < results.shape().boxes.size(); ++boxIndex) {
        emitCell(results.shape().rows[r], results.shape().boxes[boxIndex]);
        results.finishCell(r, boxIndex);
      }
    }
    results.finish();
  }

private:
  const Side &stationarySide() const { return aIsStationary ? a : b; }
  const Side &movingSide() const { return aIsStationary ? b : a; }

  void emitCell(const Rows &rows, const Box &box) {
    // Cut rows at groups of X and at the array's columns; cut the box where a dim belongs to the stationary operand or
    // to both (one index at a time), and to one PSUM bank.
    int64_t xSize = out.partition.empty() ? 1 : c.shape[x];
    llvm::SmallVector<Rows> rowParts;
    for (int64_t start = rows.start; start < rows.start + rows.count;) {
      int64_t end = std::min({rows.start + rows.count, (start / xSize + 1) * xSize, start + low.spec.maxStationaryColumns});
      rowParts.push_back({start, end - start});
      start = end;
    }
    llvm::SmallVector<Box> fixed{box};
    for (size_t f = 0; f < out.free.size(); ++f) {
      bool both = c.dimOf(true, out.free[f]) >= 0 && c.dimOf(false, out.free[f]) >= 0;
      bool ofStationary = c.dimOf(stationarySide().isA, out.free[f]) >= 0;
      if (!both && !ofStationary) {
        continue;
      }
      llvm::SmallVector<Box> next;
      for (const Box &whole : fixed) {
        for (int64_t i = 0; i < whole.size[f]; ++i) {
          Box one = whole;
          one.start[f] += i;
          one.size[f] = 1;
          next.push_back(one);
        }
      }
      fixed = next;
    }
    int64_t bank = low.spec.psumBankBytes / 4;
    for (const Box &one : fixed) {
      for (const Box &sub : cutBox(one, std::min<int64_t>(bank, low.spec.maxMovingFree))) {
        for (const Rows &part : rowParts) {
          emitBlock(part, sub);
        }
      }
    }
  }

  /// The logical index range of result dim `dim` in a block.
  std::pair<int64_t, int64_t> range(int64_t dim, const Rows &rows, const Box &box) const {
    for (auto [f, freeDim] : llvm::enumerate(out.free)) {
      if (freeDim == dim) {
        return {box.start[f], box.size[f]};
      }
    }
    int64_t unit = 1;
    for (size_t i = out.partition.size(); i-- > 0;) {
      if (out.partition[i] == dim) {
        int64_t index = rows.start / unit % c.shape[dim];
        return {index, i + 1 == out.partition.size() ? rows.count : 1};
      }
      unit *= c.shape[out.partition[i]];
    }
    return {0, 1};
  }

  View operandBlock(const Side &side, const Rows &k, const Rows &rows, const Box &box, Dims &sizes) {
    Rows own = k;
    int64_t unit = c.k;
    for (size_t i = batchRows.size(); i-- > 0;) { // head h of the operand starts at row h * k
      own.start += range(batchRows[i], rows, box).first * unit;
      unit *= c.shape[batchRows[i]];
    }
    Box ownBox{Dims(side.layout.free.size(), 0), Dims(side.layout.free.size(), 1)};
    for (int64_t dim = 0; dim < c.rank; ++dim) {
      int64_t ownDim = c.dimOf(side.isA, dim);
      auto it = llvm::find(side.layout.free, ownDim);
      if (ownDim >= 0 && it != side.layout.free.end()) {
        auto [start, size] = range(dim, rows, box);
        ownBox.start[it - side.layout.free.begin()] = start;
        ownBox.size[it - side.layout.free.begin()] = size;
      }
    }
    View view = low.block(side.value, side.layout, own, ownBox);
    // Walk the moving dims in the order the result has them on its free axis.
    if (&side == &movingSide()) {
      Dims strides;
      for (auto [f, dim] : llvm::enumerate(out.free)) {
        auto it = llvm::find(side.layout.free, c.dimOf(side.isA, dim));
        bool moves = c.dimOf(side.isA, dim) >= 0 && it != side.layout.free.end();
        strides.push_back(moves ? view.strides[it - side.layout.free.begin()] : 0);
        sizes.push_back(box.size[f]);
      }
      view.strides = strides;
    } else {
      sizes = ownBox.size;
    }
    return view;
  }

  void emitBlock(const Rows &rows, const Box &box) {
    Type accumulator = accumulatorType(low.state(c.a).element);
    Type type = low.t.psum(rows.count, box.elements(), accumulator);
    Value acc;
    for (const Rows &k : kRows) {
      if (isZero(a, c.aZero, k, rows, box) || isZero(b, c.bZero, k, rows, box)) {
        continue;
      }
      Dims stationarySizes, movingSizes;
      View st = operandBlock(stationarySide(), k, rows, box, stationarySizes);
      View mv = operandBlock(movingSide(), k, rows, box, movingSizes);
      Read stationary = low.read(st, k.count, stationarySizes), moving = low.read(mv, k.count, movingSizes);
      std::optional<Into> into;
      if (acc) {
        into = Into{acc, {}};
      }
      int64_t stZero = aIsStationary ? c.aZero : c.bZero, mvZero = aIsStationary ? c.bZero : c.aZero;
      acc = low.t.matmul(type, stationary, moving, into, /*accumulate=*/bool(acc), stZero, mvZero);
    }
    if (!acc) {
      acc = low.t.memset(type, 0.0);
    }
    results.add(rows, box, evaluator.run(rows, box, low.t.whole(acc)));
  }

  /// Whether a constant matrix is zero in the part that a step of a chain multiplies, and zeros are to be skipped.
  bool isZero(const Side &side, int64_t zero, const Rows &k, const Rows &rows, const Box &box) {
    const std::optional<Tensor> &constant = low.state(side.value).constant;
    if (!low.skipZeros || !constant || side.shape.size() != 2) {
      return false;
    }
    auto [start, size] = range(side.isA ? c.rank - 2 : c.rank - 1, rows, box);
    const bool kFirst = (side.isA ? c.aK : c.bK) == 0;
    const int64_t kStride = kFirst ? side.shape[1] : 1, otherStride = kFirst ? 1 : side.shape[1];
    for (int64_t i = k.start; i < k.start + k.count; ++i) {
      for (int64_t j = start; j < start + size; ++j) {
        if (constant->asDouble(i * kStride + j * otherStride) != static_cast<double>(zero)) {
          return false;
        }
      }
    }
    return true;
  }

  Lowering &low;
  Contraction c;
  Layout out;
  ResultGrids results;
  BlockEvaluator evaluator;
  Side a, b;
  Dims batchRows;
  int64_t x = 0;
  bool aIsStationary = false;
  llvm::SmallVector<Rows> kRows;
};

void emit(Lowering &low, const Group &group) { ContractEmitter(low, group).run(); }

const Emitter kEmitters[] = {{"graph.matmul", supports, emit}};

} // namespace

ArrayRef<Emitter> ncc::lower::contractEmitters() { return kEmitters; }
