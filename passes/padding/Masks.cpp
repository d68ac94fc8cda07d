// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "passes/padding/Masks.h"

#include "dialects/graph/Constants.h"

#include <set>

using namespace mlir;
using namespace ncc;
using namespace ncc::graph;

namespace ncc::padding {

std::optional<size_t> MaskPlan::add(const Relation &relation) {
  for (const Need &need : relation.needs) {
    auto it = places.find({need.op, need.operand, need.kind});
    if (it != places.end() && it->second.value != need.value) {
      return std::nullopt;
    }
  }
  for (const Need &need : relation.needs) {
    Place &place = places[{need.op, need.operand, need.kind}];
    place.value = need.value;
    for (auto [dim, length] : need.lengths) {
      place.dims[dim][count] = length;
    }
  }
  return count++;
}

MaskPlan::Mask MaskPlan::maskOf(Operation *op, const Key &key, int64_t dim) const {
  const int64_t size = tensorType(op->getOperand(key.operand)).getDimSize(dim);
  // Where other shapes need nothing, there is nothing beyond: the mask is all true.
  Mask mask{size, std::vector<int64_t>(count, size)};
  for (auto [number, length] : places.at(key).dims.at(dim)) {
    mask.lengths[number] = length;
  }
  return mask;
}

static SmallVector<Operation *> opsOf(func::FuncOp main) {
  SmallVector<Operation *> ops;
  for (Operation &op : main.getBody().front().without_terminator()) {
    ops.push_back(&op);
  }
  return ops;
}

std::vector<MaskPlan::Mask> MaskPlan::masks(ArrayRef<Operation *> ops) const {
  std::set<Mask> all;
  for (const auto &[key, place] : places) {
    for (const auto &[dim, lengths] : place.dims) {
      all.insert(maskOf(ops[static_cast<size_t>(key.op)], key, dim));
    }
  }
  return {all.begin(), all.end()};
}

std::vector<std::vector<int64_t>> MaskPlan::lengths(func::FuncOp main) const {
  std::vector<std::vector<int64_t>> rows(count);
  for (const Mask &mask : masks(opsOf(main))) {
    for (size_t i = 0; i < count; ++i) {
      rows[i].push_back(mask.lengths[i]);
    }
  }
  return rows;
}

class MaskWriter {
public:
  MaskWriter(const MaskPlan &plan, func::FuncOp main) : plan(plan), main(main), ops(opsOf(main)), masks(plan.masks(ops)), builder(main.getContext()) {}

  void run() {
    Block &entry = main.getBody().front();
    for (size_t i = 0; i < masks.size(); ++i) {
      auto type = RankedTensorType::get({masks[i].size}, builder.getI1Type());
      const unsigned index = entry.getNumArguments();
      StringAttr name = builder.getStringAttr("ncc.valid." + std::to_string(i));
      (void)main.insertArgument(index, type, builder.getDictionaryAttr(builder.getNamedAttr("graph.name", name)), NameLoc::get(name));
    }
    for (const auto &[key, place] : plan.places) {
      // Ops that a need replaced are the new ones here.
      Operation *&op = ops[static_cast<size_t>(key.op)];
      builder.setInsertionPoint(op);
      switch (key.kind) {
      case NeedKind::Fill: op->setOperand(key.operand, filled(op, key, place)); break;
      case NeedKind::Count: op = counted(cast<ReduceOp>(op), key, place); break;
      case NeedKind::Keys: hideKeys(cast<AttentionOp>(op), key); break;
      case NeedKind::Lengths: op = withLengths(op, key); break;
      }
    }
  }

private:
  /// The mask of a dim, as an argument.
  Value maskOf(Operation *op, const MaskPlan::Key &key, int64_t dim) {
    const auto index = static_cast<size_t>(llvm::find(masks, plan.maskOf(op, key, dim)) - masks.begin());
    Block &entry = main.getBody().front();
    return entry.getArgument(static_cast<unsigned>(entry.getNumArguments() - masks.size() + index));
  }

  /// True within the true shape, [1, .., n, .., 1] of the given rank.
  Value along(Location loc, Value mask, int64_t rank, int64_t dim) {
    DimVector dims(static_cast<size_t>(rank), 1);
    dims[static_cast<size_t>(dim)] = tensorType(mask).getDimSize(0);
    auto type = RankedTensorType::get(dims, builder.getI1Type());
    return type == mask.getType() ? mask : Value(ReshapeOp::create(builder, loc, type, mask));
  }

  Value scalar(Location loc, Type element, double value) {
    return ConstantOp::create(builder, loc, splatAttr(RankedTensorType::get({}, element), value));
  }

  Value filled(Operation *op, const MaskPlan::Key &key, const MaskPlan::Place &place) {
    Value x = op->getOperand(key.operand);
    Value inside;
    for (const auto &[dim, lengths] : place.dims) {
      Value one = along(op->getLoc(), maskOf(op, key, dim), tensorType(x).getRank(), dim);
      inside = inside ? Value(BinaryOp::create(builder, op->getLoc(), BinaryKind::LogicalAnd, inside, one)) : one;
    }
    Value value = scalar(op->getLoc(), tensorType(x).getElementType(), place.value);
    if (!inside) {
      return x;
    }
    auto select = SelectOp::create(builder, op->getLoc(), inside, x, value);
    select->setAttr("ncc.padding", builder.getUnitAttr()); // what it hides need not be finite: it must stay a selection
    return select;
  }

  Value countOf(Location loc, Value mask, Type element) {
    Value ones = CastOp::create(builder, loc, tensorType(mask).clone(element), mask);
    return ReduceOp::create(builder, loc, ReduceKind::Sum, ones, ArrayRef<int64_t>{0}, false);
  }

  /// A mean as a sum over what is there.
  Operation *counted(ReduceOp op, const MaskPlan::Key &key, const MaskPlan::Place &place) {
    Type element = tensorType(op.getX()).getElementType();
    Value sum = ReduceOp::create(builder, op.getLoc(), ReduceKind::Sum, op.getX(), op.getAxes(), op.getKeepdims());
    double whole = 1;
    for (int64_t axis : op.getAxes()) {
      whole *= place.dims.count(axis) ? 1 : static_cast<double>(tensorType(op.getX()).getDimSize(axis));
    }
    Value count = scalar(op.getLoc(), element, whole);
    for (const auto &[dim, lengths] : place.dims) {
      count = BinaryOp::create(builder, op.getLoc(), BinaryKind::Mul, count, countOf(op.getLoc(), maskOf(op, key, dim), element));
    }
    auto mean = BinaryOp::create(builder, op.getLoc(), BinaryKind::Div, sum, count);
    op.replaceAllUsesWith(mean.getResult());
    op.erase();
    return mean;
  }

  void hideKeys(AttentionOp op, const MaskPlan::Key &key) {
    Value mask = op.getMask();
    Type element = mask ? tensorType(mask).getElementType() : tensorType(op.getQ()).getElementType();
    Value seen = along(op.getLoc(), maskOf(op, key, 2), 4, 3);
    Value open = mask ? mask : scalar(op.getLoc(), element, 0);
    Value hidden = SelectOp::create(builder, op.getLoc(), seen, open, scalar(op.getLoc(), element, leastOf(element)));
    op.getMaskMutable().assign(hidden);
  }

  template <typename Op>
  Operation *lengthened(Op op, Value lengths) {
    Operation *raw = op;
    OperationState state(raw->getLoc(), raw->getName());
    auto properties = op.getProperties();
    auto &segments = properties.operandSegmentSizes;
    size_t before = 0;
    constexpr size_t kLengths = 4; // x, w, r, bias, lengths
    for (size_t i = 0; i < kLengths; ++i) {
      before += static_cast<size_t>(segments[i]);
    }
    SmallVector<Value> operands(raw->getOperands());
    operands.insert(operands.begin() + static_cast<std::ptrdiff_t>(before), lengths);
    segments[kLengths] = 1;
    state.addOperands(operands);
    state.addTypes(raw->getResultTypes());
    state.addAttributes(llvm::to_vector(raw->getDiscardableAttrs()));
    state.getOrAddProperties<typename Op::Properties>() = properties;
    Operation *made = builder.create(state);
    raw->replaceAllUsesWith(made->getResults());
    raw->erase();
    return made;
  }

  Operation *withLengths(Operation *op, const MaskPlan::Key &key) {
    Type index = builder.getI32Type();
    Value count = countOf(op->getLoc(), maskOf(op, key, 0), index);
    const int64_t batch = tensorType(op->getOperand(0)).getDimSize(1);
    Value lengths = ExpandOp::create(builder, op->getLoc(), RankedTensorType::get({batch}, index), count);
    if (auto lstm = dyn_cast<LstmOp>(op)) {
      return lengthened(lstm, lengths);
    }
    if (auto gru = dyn_cast<GruOp>(op)) {
      return lengthened(gru, lengths);
    }
    return lengthened(cast<RnnOp>(op), lengths);
  }

  const MaskPlan &plan;
  func::FuncOp main;
  SmallVector<Operation *> ops;
  std::vector<MaskPlan::Mask> masks;
  OpBuilder builder;
};

void MaskPlan::apply(func::FuncOp main) const { MaskWriter(*this, main).run(); }

} // namespace ncc::padding
