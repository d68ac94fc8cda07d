// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Tensors whose dims fill few partitions, re-viewed so that they fill them all: see Passes.td for the idea. Element by
// element the shape does not matter, so a run of dims may be read as blocks of k rows, which are the same bytes in DRAM;
// what they leave over is a piece of its own behind them.
#include "dialects/graph/Constants.h"
#include "dialects/graph/Graph.h"
#include "passes/layout/FoldedShape.h"
#include "passes/layout/Passes.h"
#include "passes/tiling/Elementwise.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/DenseSet.h"

#include <map>

namespace ncc::layout {
#define GEN_PASS_DEF_FOLDFLATPASS
#include "passes/layout/Passes.h.inc"
} // namespace ncc::layout

using namespace mlir;
using namespace ncc;
using namespace ncc::layout;

namespace {

RankedTensorType typeOf(Value value) { return cast<RankedTensorType>(value.getType()); }
ArrayRef<int64_t> shapeOf(Value value) { return typeOf(value).getShape(); }
bool isOne(ArrayRef<int64_t> shape) { return product(shape) == 1; }

/// A folded value, piece by piece; or the one value that all pieces read.
using Pieces = SmallVector<Value, 3>;

class Folder {
public:
  explicit Folder(func::FuncOp func) : func(func), b(func.getContext()) {}

  void run() {
    Block &block = func.getBody().front();
    for (Operation &op : llvm::make_early_inc_range(block.without_terminator())) {
      b.setInsertionPoint(&op);
      loc = op.getLoc();
      if (tiling::isEngineElementwise(&op)) {
        foldElementwise(&op);
      } else if (auto reduce = dyn_cast<graph::ReduceOp>(op)) {
        foldReduce(reduce);
      } else {
        holdOnChip(&op);
      }
    }
    for (Operation *op : llvm::reverse(made)) {
      if (op->use_empty()) {
        op->erase();
      }
    }
  }

private:
  //===--- what stays where it is ---===//

  /// Results of products and the like lie on chip; views of them do, too.
  void holdOnChip(Operation *op) {
    bool makes = isa<graph::MatmulOp, graph::ConvOp, graph::ConvTransposeOp, graph::PoolOp, graph::SoftmaxOp>(op);
    bool views = isa<graph::ReshapeOp, graph::TransposeOp, graph::SliceOp, graph::ConcatOp>(op);
    if (makes || (views && llvm::any_of(op->getOperands(), [&](Value x) { return held.contains(x); }))) {
      held.insert(op->result_begin(), op->result_end());
    }
  }

  /// An operand on chip is read where it lies, and may be waiting to take the op into its own group.
  bool readsOnChip(Operation *op) const {
    return llvm::any_of(op->getOperands(), [&](Value x) {
      bool fuses = isa_and_nonnull<graph::MatmulOp, graph::ConvOp, graph::ConvTransposeOp, graph::PoolOp>(x.getDefiningOp());
      return held.contains(x) && (fuses || product(shapeOf(x)) < kBeyondChip);
    });
  }

  //===--- elementwise ---===//

  void foldElementwise(Operation *op) {
    Value result = op->getResult(0);
    SmallVector<ArrayRef<int64_t>> shapes;
    for (Value operand : op->getOperands()) {
      shapes.push_back(shapeOf(operand));
    }
    std::optional<FoldedShape> fold = readsOnChip(op) ? std::nullopt : foldBroadcast(shapeOf(result), shapes, tilesOf(layoutFor(result), shapeOf(result)));
    if (!fold) {
      if (llvm::any_of(op->getOperands(), [&](Value x) { return held.contains(x); })) {
        held.insert(result);
      }
      return;
    }
    SmallVector<Pieces> operands;
    for (Value operand : op->getOperands()) {
      operands.push_back(piecesOf(operand, *fold));
    }
    Pieces folded;
    for (auto [i, piece] : llvm::enumerate(fold->pieces)) {
      SmallVector<Value> values;
      for (const Pieces &pieces : operands) {
        values.push_back(pieces[pieces.size() == 1 ? 0 : i]);
      }
      folded.push_back(clone(op, values, fold->shapeOf(piece, fold->groups), fold->rowDim(piece)));
    }
    replace(op, folded, *fold);
  }

  /// The op on other operands, with the rows on partitions.
  Value clone(Operation *op, ArrayRef<Value> operands, const Dims &shape, int64_t rowDim) {
    Operation *copy = b.clone(*op);
    copy->setOperands(operands);
    copy->getResult(0).setType(RankedTensorType::get(shape, typeOf(op->getResult(0)).getElementType()));
    auto code = encodeLayout(layoutOf(static_cast<int64_t>(shape.size()), {rowDim}));
    copy->setAttr("ncc.layout", b.getArrayAttr({b.getDenseI64ArrayAttr(code)}));
    return copy->getResult(0);
  }

  /// The layout the op has, or would be given when it is lowered.
  static Layout layoutFor(Value value) {
    int64_t rank = typeOf(value).getRank();
    if (auto codes = value.getDefiningOp()->getAttrOfType<ArrayAttr>("ncc.layout")) {
      return decodeLayout(cast<DenseI64ArrayAttr>(codes[cast<OpResult>(value).getResultNumber()]).asArrayRef());
    }
    return rank == 0 ? Layout() : layoutOf(rank, {rank == 4 ? 1 : rank - 1});
  }

  //===--- reductions ---===//

  /// Along a long run of dims: k partial results first, then the result of those and of the tail.
  void foldReduce(graph::ReduceOp op) {
    using graph::ReduceKind;
    Type element = typeOf(op.getX()).getElementType();
    bool plain = llvm::is_contained({ReduceKind::Sum, ReduceKind::Mean, ReduceKind::Max, ReduceKind::Min, ReduceKind::Prod}, op.getKind());
    if (!plain || readsOnChip(op) || !(element.isF32() || element.isF16() || element.isBF16())) {
      return;
    }
    SmallVector<bool> reduced(shapeOf(op.getX()).size(), op.getAxes().empty());
    for (int64_t axis : op.getAxes()) {
      reduced[axis] = true;
    }
    std::optional<FoldedShape> fold = foldReduction(shapeOf(op.getX()), reduced);
    if (!fold) {
      return;
    }
    ReduceKind kind = op.getKind() == ReduceKind::Mean ? ReduceKind::Sum : op.getKind();
    graph::BinaryKind join = kind == ReduceKind::Sum   ? graph::BinaryKind::Add
                             : kind == ReduceKind::Max ? graph::BinaryKind::Max
                             : kind == ReduceKind::Min ? graph::BinaryKind::Min
                                                       : graph::BinaryKind::Mul;
    Value y;
    for (auto [piece, value] : llvm::zip(fold->pieces, piecesOf(op.getX(), *fold))) {
      Value rows = reduce(kind, toF32(value), fold->reducedFirst(piece));
      Value part = reduce(kind, rows, fold->reducedGroups(reduced));
      y = y ? graph::BinaryOp::create(b, loc, join, y, part).getResult() : part;
    }
    if (op.getKind() == ReduceKind::Mean) {
      double count = static_cast<double>(product(shapeOf(op.getX()))) / static_cast<double>(std::max<int64_t>(1, product(shapeOf(op.getResult()))));
      auto one = RankedTensorType::get({}, b.getF32Type());
      y = graph::BinaryOp::create(b, loc, graph::BinaryKind::Mul, y, graph::ConstantOp::create(b, loc, graph::splatAttr(one, 1.0 / count)));
    }
    if (!element.isF32()) {
      y = graph::CastOp::create(b, loc, RankedTensorType::get(shapeOf(y), element), y);
    }
    y = reshape(y, shapeOf(op.getResult()));
    op.getResult().replaceAllUsesWith(y);
    op.erase();
  }

  Value toF32(Value x) {
    return typeOf(x).getElementType().isF32() ? x : graph::CastOp::create(b, loc, RankedTensorType::get(shapeOf(x), b.getF32Type()), x).getResult();
  }

  Value reduce(graph::ReduceKind kind, Value x, ArrayRef<int64_t> axes) {
    return axes.empty() ? x : graph::ReduceOp::create(b, loc, kind, x, axes, /*keepdims=*/false).getResult();
  }

  //===--- views ---===//

  Value reshape(Value x, ArrayRef<int64_t> shape) {
    if (shapeOf(x) == shape) {
      return x;
    }
    if (auto inner = x.getDefiningOp<graph::ReshapeOp>()) {
      return reshape(inner.getX(), shape);
    }
    auto type = RankedTensorType::get(shape, typeOf(x).getElementType());
    return remember(graph::ReshapeOp::create(b, loc, type, x));
  }

  Value slice(Value x, int64_t dim, int64_t offset, int64_t size) {
    Dims offsets(shapeOf(x).size(), 0), sizes(shapeOf(x)), strides(shapeOf(x).size(), 1);
    offsets[dim] = offset;
    sizes[dim] = size;
    return remember(graph::SliceOp::create(b, loc, RankedTensorType::get(sizes, typeOf(x).getElementType()), x, offsets, strides));
  }

  template <typename Op>
  Value remember(Op op) {
    made.push_back(op);
    return op.getResult();
  }

  Pieces piecesOf(Value x, const FoldedShape &fold) {
    if (isOne(shapeOf(x))) {
      return {scalar(x)};
    }
    auto key = std::make_pair(x.getAsOpaquePointer(), fold.key());
    if (auto known = pieces.find(key); known != pieces.end()) {
      return known->second;
    }
    Pieces result;
    Dims own = fold.ownGroups(shapeOf(x));
    Value joined = own[fold.run] == 1 || fold.pieces.size() == 1 ? x : reshape(x, own);
    for (const FoldedPiece &piece : fold.pieces) {
      bool part = own[fold.run] != 1 && fold.pieces.size() > 1;
      result.push_back(reshape(part ? slice(joined, static_cast<int64_t>(fold.run), piece.start, piece.size()) : joined, fold.shapeOf(piece, own)));
    }
    pieces[key] = result;
    return result;
  }

  /// One element that broadcasts to any shape, still a constant if it was one.
  Value scalar(Value x) {
    if (shapeOf(x).empty()) {
      return x;
    }
    auto type = RankedTensorType::get({}, typeOf(x).getElementType());
    auto constant = x.getDefiningOp<graph::ConstantOp>();
    auto dense = constant ? dyn_cast<DenseElementsAttr>(constant.getValueAttr()) : DenseElementsAttr();
    return dense ? remember(graph::ConstantOp::create(b, loc, cast<ElementsAttr>(dense.reshape(type)))) : reshape(x, {});
  }

  void replace(Operation *op, const Pieces &folded, const FoldedShape &fold) {
    Value result = op->getResult(0), whole = folded.front();
    if (folded.size() > 1) {
      Dims own = fold.ownGroups(shapeOf(result));
      SmallVector<Value> parts;
      for (auto [piece, value] : llvm::zip(fold.pieces, folded)) {
        Dims flat = own;
        flat[fold.run] = piece.size();
        parts.push_back(reshape(value, flat));
      }
      auto type = RankedTensorType::get(own, typeOf(result).getElementType());
      whole = remember(graph::ConcatOp::create(b, loc, type, parts, static_cast<int64_t>(fold.run)));
    }
    whole = reshape(whole, shapeOf(result));
    pieces[{whole.getAsOpaquePointer(), fold.key()}] = folded;
    result.replaceAllUsesWith(whole);
    op->erase();
  }

  func::FuncOp func;
  OpBuilder b;
  Location loc = b.getUnknownLoc();
  llvm::DenseSet<Value> held;
  std::map<std::pair<void *, std::vector<int64_t>>, Pieces> pieces;
  SmallVector<Operation *> made; // views, which may turn out not to be needed
};

struct FoldFlat : ncc::layout::impl::FoldFlatPassBase<FoldFlat> {
  using FoldFlatPassBase::FoldFlatPassBase;
  void runOnOperation() override { Folder(getOperation()).run(); }
};

} // namespace
