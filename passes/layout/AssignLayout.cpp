// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Whole-graph layout: see Passes.td for the idea. Only the partition dims are chosen; the order of the free dims is
// a matter of access patterns and never costs a move.
#include "dialects/graph/Graph.h"
#include "passes/layout/Layout.h"
#include "passes/layout/Passes.h"

#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/TypeSwitch.h"

namespace ncc::layout {
#define GEN_PASS_DEF_ASSIGNLAYOUTPASS
#include "passes/layout/Passes.h.inc"
} // namespace ncc::layout

using namespace mlir;
using namespace ncc;
using namespace ncc::layout;

namespace {

ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }
int64_t rankOf(Value value) { return cast<RankedTensorType>(value.getType()).getRank(); }
bool isConstant(Value value) { return value.getDefiningOp<graph::ConstantOp>() != nullptr; }

/// Partition dims without those of size one.
Dims squeezed(ArrayRef<int64_t> partition, ArrayRef<int64_t> shape) {
  Dims result;
  for (int64_t dim : partition) {
    if (shape[dim] != 1) {
      result.push_back(dim);
    }
  }
  return result;
}

/// Partition lists with weights: how many elements would not have to move.
class Wishes {
public:
  void add(ArrayRef<int64_t> partition, double weight) {
    auto it = llvm::find_if(entries, [&](auto &entry) { return ArrayRef<int64_t>(entry.first) == partition; });
    if (it == entries.end()) {
      entries.push_back({Dims(partition), weight});
    } else {
      it->second += weight;
    }
  }
  double of(ArrayRef<int64_t> partition) const {
    auto it = llvm::find_if(entries, [&](auto &entry) { return ArrayRef<int64_t>(entry.first) == partition; });
    return it == entries.end() ? 0.0 : it->second;
  }
  llvm::SmallVector<std::pair<Dims, double>, 2> entries;
};

/// A matmul's dims: which operand owns a dim of the result.
struct Product {
  explicit Product(graph::MatmulOp op) : op(op) {
    a = shapeOf(op.getA());
    b = shapeOf(op.getB());
    out = shapeOf(op.getResult());
    aK = op.getTransposeA() ? a.size() - 2 : a.size() - 1;
    bK = op.getTransposeB() ? b.size() - 1 : b.size() - 2;
  }
  bool plain() const { return a.size() >= 2 && b.size() >= 2; }
  /// A batch dim that both operands have and that may lie above a head of this size on partitions.
  bool shared(size_t dim) const {
    if (dim + 2 >= out.size()) {
      return false;
    }
    auto full = [&](ArrayRef<int64_t> own) {
      int64_t place = static_cast<int64_t>(dim) - static_cast<int64_t>(out.size() - own.size());
      return place >= 0 && own[place] == out[dim] && out[dim] != 1;
    };
    return full(a) && full(b);
  }
  graph::MatmulOp op;
  ArrayRef<int64_t> a, b, out;
  int64_t aK = 0, bK = 0;
};

bool headFits(int64_t size) { return size % 128 == 0 || size == 64 || size == 32; }

class Assigner {
public:
  explicit Assigner(func::FuncOp func) : func(func) {}

  void run() {
    Block &block = func.getBody().front();
    for (Operation &op : llvm::reverse(block)) { // the return first
      wishBackward(&op);
    }
    for (Operation &op : block) {
      choose(&op);
    }
  }

private:
  void wish(Value value, ArrayRef<int64_t> partition, double weight) {
    wishes[value].add(squeezed(partition, shapeOf(value)), weight);
  }
  /// A copy: adding wishes for other values may move the table.
  llvm::SmallVector<std::pair<Dims, double>, 2> wishesOf(Value value) const {
    auto it = wishes.find(value);
    return it == wishes.end() ? llvm::SmallVector<std::pair<Dims, double>, 2>() : it->second.entries;
  }
  double elements(Value value) const { return static_cast<double>(product(shapeOf(value))); }

  //===--- backward ---===//

  void wishBackward(Operation *op) {
    llvm::TypeSwitch<Operation *>(op)
        .Case<func::ReturnOp>([&](func::ReturnOp ret) { wishRows(ret); })
        .Case<graph::MatmulOp>([&](graph::MatmulOp matmul) { wishMatmul(matmul); })
        .Case<graph::ConvOp, graph::ConvTransposeOp, graph::PoolOp, graph::ResizeOp>([&](auto window) { wish(window.getX(), {1}, elements(window.getX())); })
        .Case<graph::ReduceOp>([&](graph::ReduceOp reduce) { wishReduce(reduce); })
        .Case<graph::SoftmaxOp>([&](graph::SoftmaxOp softmax) { wishSoftmax(softmax); })
        .Case<graph::TransposeOp>([&](graph::TransposeOp transpose) {
          for (auto &[partition, weight] : wishesOf(transpose.getResult())) {
            Dims own;
            for (int64_t dim : partition) {
              own.push_back(transpose.getPerm()[dim]);
            }
            wish(transpose.getX(), own, weight);
          }
        })
        .Case<graph::ReshapeOp>([&](graph::ReshapeOp reshape) {
          for (auto &[partition, weight] : wishesOf(reshape.getResult())) {
            if (auto own = mapReshape(partition, reshape.getResult(), reshape.getX())) {
              wish(reshape.getX(), *own, weight);
            }
          }
        })
        .Case<graph::SliceOp, graph::PadOp>([&](auto moved) {
          for (auto &[partition, weight] : wishesOf(moved.getResult())) {
            wish(moved.getX(), partition, weight);
          }
        })
        .Case<graph::ConcatOp, graph::UnaryOp, graph::BinaryOp, graph::CompareOp, graph::SelectOp, graph::CastOp>([&](Operation *same) {
          Value result = same->getResult(0);
          for (auto &[partition, weight] : wishesOf(result)) {
            for (Value operand : same->getOperands()) {
              if (!isConstant(operand) && rankOf(operand) == rankOf(result) &&
                  (isa<graph::ConcatOp>(same) || shapeOf(operand) == shapeOf(result))) {
                wish(operand, partition, weight);
              }
            }
          }
        });
  }

  void wishMatmul(graph::MatmulOp op) {
    Product p(op);
    if (!p.plain()) {
      return;
    }
    for (bool ofA : {true, false}) {
      Value value = ofA ? op.getA() : op.getB();
      ArrayRef<int64_t> shape = shapeOf(value);
      int64_t k = ofA ? p.aK : p.bK, heads = static_cast<int64_t>(shape.size()) - 3;
      Dims partition{k};
      // Heads share a tile when they are small: they came from one linear layer.
      if (heads >= 0 && shape.size() == p.out.size() && p.shared(heads) && headFits(shape[k]) && shape[k] < 128) {
        partition = {heads, k};
      }
      if (!isConstant(value)) {
        wish(value, partition, elements(value));
      }
    }
  }

  /// Results go to DRAM, where the last dim should be on the free axis: anything else is turned before it is stored.
  void wishRows(func::ReturnOp op) {
    constexpr int64_t kEnoughRows = 32;
    for (Value value : op.getOperands()) {
      int64_t row = rankOf(value) - 2;
      if (row >= 0 && shapeOf(value)[row] >= kEnoughRows && shapeOf(value)[row + 1] > 1) {
        wish(value, {row}, elements(value));
      }
    }
  }

  void wishReduce(graph::ReduceOp op) {
    auto kind = op.getKind();
    if (kind == graph::ReduceKind::Sum || kind == graph::ReduceKind::Mean) {
      return; // sums work on either side
    }
    int64_t best = -1;
    for (int64_t dim = 0; dim < rankOf(op.getX()); ++dim) {
      bool reduced = op.getAxes().empty() || llvm::is_contained(op.getAxes(), dim);
      if (!reduced && (best < 0 || std::min<int64_t>(shapeOf(op.getX())[dim], 128) >= std::min<int64_t>(shapeOf(op.getX())[best], 128))) {
        best = dim;
      }
    }
    if (best >= 0) {
      wish(op.getX(), {best}, elements(op.getX()));
    }
  }

  /// The largest dim but the axis, later ones first (queries, not heads).
  Dims softmaxPartition(graph::SoftmaxOp op) const {
    int64_t best = -1, axis = op.getAxis();
    for (int64_t dim = 0; dim < rankOf(op.getX()); ++dim) {
      if (dim != axis && (best < 0 || std::min<int64_t>(shapeOf(op.getX())[dim], 128) >= std::min<int64_t>(shapeOf(op.getX())[best], 128))) {
        best = dim;
      }
    }
    return best < 0 ? Dims() : Dims{best};
  }
  void wishSoftmax(graph::SoftmaxOp op) { wish(op.getX(), softmaxPartition(op), elements(op.getX())); }
  std::optional<Dims> chooseSoftmax(graph::SoftmaxOp op) const {
    auto own = chosen(op.getX());
    return own && !llvm::is_contained(*own, static_cast<int64_t>(op.getAxis())) ? own : softmaxPartition(op);
  }

  std::optional<Dims> mapReshape(ArrayRef<int64_t> partition, Value from, Value to) const {
    auto mapped = reshapeLayout(layoutOf(rankOf(from), partition), shapeOf(from), shapeOf(to));
    return mapped ? std::optional<Dims>(squeezed(mapped->partition, shapeOf(to))) : std::nullopt;
  }

  //===--- forward ---===//

  void choose(Operation *op) {
    if (isa<graph::ConstantOp>(op) || op->getNumResults() == 0) {
      return;
    }
    if (op->getNumResults() != 1 || !isa<RankedTensorType>(op->getResult(0).getType())) {
      return;
    }
    Value result = op->getResult(0);
    std::optional<Dims> choice =
        llvm::TypeSwitch<Operation *, std::optional<Dims>>(op)
            .Case<graph::MatmulOp>([&](graph::MatmulOp matmul) { return chooseMatmul(matmul); })
            .Case<graph::ConvOp, graph::ConvTransposeOp, graph::PoolOp, graph::ResizeOp>([&](Operation *) { return Dims{1}; })
            .Case<graph::ReduceOp>([&](graph::ReduceOp reduce) { return chooseReduce(reduce); })
            .Case<graph::SoftmaxOp>([&](graph::SoftmaxOp softmax) { return chooseSoftmax(softmax); })
            .Case<graph::TransposeOp>([&](graph::TransposeOp transpose) -> std::optional<Dims> {
              auto own = chosen(transpose.getX());
              if (!own) {
                return strongest(result);
              }
              Dims partition;
              for (int64_t dim : *own) {
                partition.push_back(llvm::find(transpose.getPerm(), dim) - transpose.getPerm().begin());
              }
              return partition;
            })
            .Case<graph::ReshapeOp>([&](graph::ReshapeOp reshape) -> std::optional<Dims> {
              auto own = chosen(reshape.getX());
              auto mapped = own ? mapReshape(*own, reshape.getX(), result) : std::nullopt;
              return mapped ? mapped : strongest(result);
            })
            .Case<graph::SliceOp, graph::PadOp>([&](auto moved) {
              auto own = chosen(moved.getX());
              return own ? own : strongest(result);
            })
            .Case<graph::ConcatOp, graph::UnaryOp, graph::BinaryOp, graph::CompareOp, graph::SelectOp, graph::CastOp>(
                [&](Operation *same) { return chooseSame(same); })
            .Default([&](Operation *) { return std::nullopt; });
    if (!choice) {
      return;
    }
    layouts[result] = squeezed(*choice, shapeOf(result));
    Builder b(op->getContext());
    auto code = encodeLayout(layoutOf(rankOf(result), layouts[result]));
    op->setAttr("ncc.layout", b.getArrayAttr({b.getDenseI64ArrayAttr(code)}));
  }

  std::optional<Dims> chosen(Value value) const {
    auto it = layouts.find(value);
    return it == layouts.end() ? std::nullopt : std::optional<Dims>(it->second);
  }
  std::optional<Dims> strongest(Value value) {
    const Wishes &w = wishes[value];
    if (w.entries.empty()) {
      return std::nullopt;
    }
    return llvm::max_element(w.entries, [](auto &x, auto &y) { return x.second < y.second; })->first;
  }

  std::optional<Dims> chooseMatmul(graph::MatmulOp op) {
    Product p(op);
    size_t m = p.out.size() - 2, n = p.out.size() - 1;
    std::optional<Dims> best;
    double weight = 0;
    for (auto &[partition, w] : wishesOf(op.getResult())) {
      bool fits = !partition.empty() && !p.shared(partition.back());
      for (int64_t dim : ArrayRef<int64_t>(partition).drop_back(partition.empty() ? 0 : 1)) {
        fits &= p.shared(dim) && headFits(p.out[partition.back()]);
      }
      if (fits && w > weight) {
        best = partition;
        weight = w;
      }
    }
    if (best) {
      return best;
    }
    return Dims{static_cast<int64_t>(p.out[n] >= p.out[m] || p.out[n] >= 128 ? n : m)};
  }

  std::optional<Dims> chooseReduce(graph::ReduceOp op) {
    auto own = chosen(op.getX());
    if (!own) {
      return std::nullopt;
    }
    Dims kept, partition;
    for (int64_t dim = 0; dim < rankOf(op.getX()); ++dim) {
      if (!op.getAxes().empty() && !llvm::is_contained(op.getAxes(), dim)) {
        kept.push_back(dim);
      }
    }
    for (int64_t dim : *own) {
      auto it = llvm::find(kept, dim);
      if (it != kept.end()) {
        partition.push_back(op.getKeepdims() ? dim : it - kept.begin());
      }
    }
    return partition;
  }

  /// Elementwise and concat: the layout with the most elements already in place, on either side.
  std::optional<Dims> chooseSame(Operation *op) {
    Value result = op->getResult(0);
    Wishes score;
    for (auto &[partition, weight] : wishesOf(result)) {
      score.add(partition, weight);
    }
    bool any = false;
    for (Value operand : op->getOperands()) {
      if (rankOf(operand) != rankOf(result) || (!isa<graph::ConcatOp>(op) && shapeOf(operand) != shapeOf(result))) {
        continue;
      }
      if (auto own = chosen(operand)) {
        // Ties go to where the operand is: moving later is never worse.
        score.add(*own, 1.001 * elements(operand));
        any = true;
      }
    }
    if (!any) {
      return strongest(result);
    }
    Dims best;
    double weight = -1;
    for (auto &[partition, w] : score.entries) {
      bool held = llvm::any_of(op->getOperands(), [&](Value operand) {
        auto own = chosen(operand);
        return own && *own == partition && rankOf(operand) == rankOf(result);
      });
      if (held && w > weight) {
        best = partition;
        weight = w;
      }
    }
    return best;
  }

  func::FuncOp func;
  llvm::DenseMap<Value, Wishes> wishes;
  llvm::DenseMap<Value, Dims> layouts;
};

struct AssignLayout : ncc::layout::impl::AssignLayoutPassBase<AssignLayout> {
  using AssignLayoutPassBase::AssignLayoutPassBase;
  void runOnOperation() override { Assigner(getOperation()).run(); }
};

} // namespace
