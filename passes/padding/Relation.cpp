// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "passes/padding/Relation.h"

#include "dialects/graph/Constants.h"
#include "dialects/graph/Evaluate.h"
#include "dialects/graph/Locations.h"

#include "llvm/ADT/DenseMap.h"

#include <cstring>

using namespace mlir;
using namespace ncc;
using namespace ncc::graph;

namespace {

/// A pair of values: the small one, what is known beyond it, or why the corner is not proven to hold it.
struct Pair {
  Value small;
  std::optional<Beyond> beyond;
  std::string refusal;
};

/// True when `part` is the corner of `whole` at index 0.
bool isCorner(const Tensor &whole, const Tensor &part) {
  if (whole.dtype() != part.dtype() || whole.shape().size() != part.shape().size() || whole.dtype() == DType::String) {
    return false;
  }
  const auto rank = whole.shape().size();
  for (size_t d = 0; d < rank; ++d) {
    if (part.shape()[d] > whole.shape()[d]) {
      return false;
    }
  }
  const size_t element = dtypeSize(part.dtype());
  const int64_t run = rank == 0 ? 1 : part.shape()[rank - 1];
  std::vector<int64_t> index(rank, 0);
  const auto *a = static_cast<const uint8_t *>(whole.data()), *b = static_cast<const uint8_t *>(part.data());
  for (int64_t row = 0; run > 0 && row < part.size() / run; ++row) {
    int64_t at = 0;
    for (size_t d = 0; d < rank; ++d) {
      at = at * whole.shape()[d] + index[d];
    }
    if (std::memcmp(a + static_cast<size_t>(at) * element, b + static_cast<size_t>(row * run) * element, static_cast<size_t>(run) * element) != 0) {
      return false;
    }
    for (size_t d = rank; d-- > 1;) {
      if (++index[d - 1] < part.shape()[d - 1]) {
        break;
      }
      index[d - 1] = 0;
    }
  }
  return true;
}

class Walk {
public:
  Walk(func::FuncOp large, func::FuncOp small) : large(large), small(small) {}

  padding::Relation run() {
    Block &a = large.getBody().front(), &b = small.getBody().front();
    if (a.getNumArguments() != b.getNumArguments() || a.getTerminator()->getNumOperands() != b.getTerminator()->getNumOperands()) {
      relation.refusal = "the model has other inputs or outputs at that size";
      return relation;
    }
    for (auto [x, y] : llvm::zip_equal(a.getArguments(), b.getArguments())) {
      argument(x, y);
    }
    if (body(a, b)) {
      for (auto [x, y] : llvm::zip_equal(a.getTerminator()->getOperands(), b.getTerminator()->getOperands())) {
        result(x, y);
      }
    }
    return relation;
  }

private:
  /// Both programs in step. An op that only one of them has, because at the other's size it does nothing, is passed over.
  bool body(Block &a, Block &b) {
    auto computing = [](Operation &op) { return !isa<ConstantOp>(op); };
    auto xs = llvm::make_filter_range(a.without_terminator(), computing), ys = llvm::make_filter_range(b.without_terminator(), computing);
    auto x = xs.begin(), y = ys.begin();
    int64_t number = 0;
    DenseMap<Operation *, int64_t> numbers;
    for (Operation &op : a) {
      numbers[&op] = number++;
    }
    while (x != xs.end() || y != ys.end()) {
      const bool both = x != xs.end() && y != ys.end();
      if (both && alike(*x, *y) && paired(*x, *y)) {
        op(&*x, &*y, numbers[&*x]);
        ++x, ++y;
      } else if (y != ys.end() && isCornerOp(*y) && passOverSmall(*y)) {
        ++y;
      } else if (x != xs.end() && ((isCornerOp(*x) && passOverLarge(*x)) || isKnown(*x))) {
        ++x;
      } else if (both && alike(*x, *y)) {
        for (auto [p, q] : llvm::zip_equal(x->getResults(), y->getResults())) {
          pairs[p].push_back({q, std::nullopt, reason(&*x, "takes another operand at that size")});
        }
        ++x, ++y;
      } else {
        relation.refusal = x != xs.end() ? reason(&*x, "is another op at that size") : reason(&*y, "is there at that size only");
        return false;
      }
    }
    return true;
  }

  static bool alike(Operation &x, Operation &y) {
    return x.getName() == y.getName() && x.getNumOperands() == y.getNumOperands() && x.getNumResults() == y.getNumResults();
  }
  bool paired(Operation &x, Operation &y) {
    return llvm::all_of(llvm::zip_equal(x.getOperands(), y.getOperands()), [&](auto both) { return find(std::get<0>(both), std::get<1>(both)) != nullptr; });
  }

  /// Ops whose result begins with their operand, or the other way round.
  static bool isCornerOp(Operation &op) {
    auto slice = dyn_cast<SliceOp>(op);
    return isa<ExpandOp>(op) || (slice && llvm::all_of(slice.getOffsets(), [](int64_t offset) { return offset == 0; }) &&
                                 llvm::all_of(slice.getStrides(), [](int64_t stride) { return stride == 1; }));
  }
  static bool isWithin(Type small, Type large) {
    auto a = dyn_cast<RankedTensorType>(small), b = dyn_cast<RankedTensorType>(large);
    return a && b && a.getElementType() == b.getElementType() && a.getRank() == b.getRank() &&
           llvm::all_of(llvm::zip_equal(a.getShape(), b.getShape()), [](auto dims) { return std::get<0>(dims) <= std::get<1>(dims); });
  }

  /// A slice of the small program alone: a smaller corner of what its operand is the corner of.
  bool passOverSmall(Operation &op) {
    bool found = false;
    for (Value x : partnersOf(op.getOperand(0))) {
      std::string refusal = find(x, op.getOperand(0))->refusal;
      if (isa<SliceOp>(op) && isWithin(op.getResult(0).getType(), x.getType())) {
        pairs[x].push_back({op.getResult(0), std::nullopt, std::move(refusal)});
        found = true;
      }
    }
    return found;
  }
  /// Values of the large program paired with `y`; a constant pairs with the constant of the large program it is a corner of.
  SmallVector<Value> partnersOf(Value y) {
    SmallVector<Value> partners;
    for (auto &[x, list] : pairs) {
      if (llvm::any_of(list, [&](const Pair &pair) { return pair.small == y; })) {
        partners.push_back(x);
      }
    }
    if (auto constant = y.getDefiningOp<ConstantOp>(); constant && partners.empty()) {
      for (auto candidate : large.getBody().front().getOps<ConstantOp>()) {
        if (candidate.getValueAttr() == constant.getValueAttr() && find(candidate, y)) {
          partners.push_back(candidate);
        }
      }
    }
    return partners;
  }
  /// An op of the large program alone: its result begins as its operand does.
  bool passOverLarge(Operation &op) {
    bool found = false;
    SmallVector<Pair> list = pairs.lookup(op.getOperand(0));
    for (Pair &pair : list) {
      if (isWithin(pair.small.getType(), op.getResult(0).getType())) {
        pairs[op.getResult(0)].push_back({pair.small, std::nullopt, pair.refusal});
        found = true;
      }
    }
    return found;
  }

  /// An op the importer would have computed, were its result not too large: smaller ones are constants.
  static bool isKnown(Operation &op) {
    return op.getNumRegions() == 0 && op.getNumOperands() > 0 && allTensors(&op) &&
           llvm::all_of(op.getOperands(), [](Value operand) { return operand.getDefiningOp<ConstantOp>() != nullptr; });
  }
  std::string knownRefusal(OpResult x, ConstantOp y) {
    std::vector<Tensor> inputs;
    for (Value operand : x.getOwner()->getOperands()) {
      std::optional<Tensor> tensor = constantTensor(operand);
      inputs.push_back(tensor ? *std::move(tensor) : Tensor());
    }
    absl::StatusOr<std::vector<Tensor>> results = evaluate(x.getOwner(), inputs);
    std::optional<Tensor> part = attrTensor(y.getValueAttr());
    const bool corner = results.ok() && part && isCorner((*results)[x.getResultNumber()], *part);
    return corner ? "" : reason(x.getOwner(), "is a constant that depends on the size");
  }

  /// What is known of a pair; constants are compared when they are asked for.
  const Pair *find(Value x, Value y) {
    auto it = pairs.find(x);
    if (it != pairs.end()) {
      for (const Pair &pair : it->second) {
        if (pair.small == y) {
          return &pair;
        }
      }
    }
    auto a = x.getDefiningOp<ConstantOp>(), b = y.getDefiningOp<ConstantOp>();
    const bool known = b && !a && x.getDefiningOp() && isKnown(*x.getDefiningOp());
    if (known) {
      std::string refusal = knownRefusal(cast<OpResult>(x), b);
      SmallVector<Pair> &list = pairs[x];
      list.push_back({y, std::nullopt, std::move(refusal)});
      return &list.back();
    }
    if (!a || !b) {
      return nullptr;
    }
    SmallVector<Pair> &list = pairs[x];
    list.push_back({y, std::nullopt, sameConstant(a, b) ? "" : reason(a, "is a constant that depends on the size")});
    return &list.back();
  }

  void argument(Value x, Value y) {
    Pair pair{y, std::nullopt, ""};
    if (x.getType() != y.getType()) {
      auto a = dyn_cast<RankedTensorType>(x.getType()), b = dyn_cast<RankedTensorType>(y.getType());
      if (!a || !b || a.getRank() != b.getRank() || isa<StringType>(a.getElementType())) {
        pair.refusal = "an input of another kind or rank cannot be padded";
      } else {
        pair.beyond = Beyond{};
        for (int64_t dim = 0; dim < a.getRank(); ++dim) {
          if (a.getDimSize(dim) != b.getDimSize(dim)) {
            pair.beyond->dims.insert(dim);
          }
        }
      }
    }
    pairs[x].push_back(std::move(pair));
  }

  void result(Value x, Value y) {
    const Pair *pair = find(x, y);
    if (!pair) {
      relation.refusal = relation.refusal.empty() ? "the model returns another value at that size" : relation.refusal;
    } else if (!pair->refusal.empty() && relation.refusal.empty()) {
      relation.refusal = pair->refusal;
    }
    Shape shape;
    if (auto type = dyn_cast<RankedTensorType>(y.getType())) {
      for (int64_t dim : type.getShape()) {
        shape.push_back(ShapedType::isDynamic(dim) ? -1 : dim);
      }
    } else if ((x.getType() != y.getType() || isa<UnrankedTensorType>(y.getType())) && relation.refusal.empty()) {
      relation.refusal = "a result without a rank, or that is no tensor, depends on the size";
    }
    relation.outputs.push_back(std::move(shape));
  }

  /// Why an op's results are not proven; empty when they are. Its operands are paired.
  std::string judge(Operation *x, Operation *y, int64_t number, SmallVector<std::optional<Beyond>> &facts) {
    SmallVector<std::optional<Beyond>> known;
    bool same = true;
    for (auto [a, b] : llvm::zip_equal(x->getOperands(), y->getOperands())) {
      const Pair *pair = find(a, b);
      if (!pair->refusal.empty()) {
        return pair->refusal;
      }
      same &= a.getType() == b.getType();
      known.push_back(pair->beyond);
    }
    same &= x->getResultTypes() == y->getResultTypes();
    if (x->getNumRegions() > 0) {
      return same && sameRegions(x, y) ? "" : reason(x, "has a body that depends on the size");
    }
    if (same && x->getAttrDictionary() == y->getAttrDictionary()) {
      return ""; // the same computation
    }
    auto rule = dyn_cast<PaddingOpInterface>(x);
    if (!rule || !allTensors(x) || !allTensors(y)) {
      return reason(x, "has no rule for padding");
    }
    PaddingQuery query(x, y, number, known);
    rule.relatePadded(query);
    if (!query.refusal.empty()) {
      return reason(x, query.refusal);
    }
    facts = query.resultFacts();
    relation.needs.insert(relation.needs.end(), query.needs.begin(), query.needs.end());
    return "";
  }

  static bool allTensors(Operation *op) {
    auto fixed = [](Type type) {
      auto tensor = dyn_cast<RankedTensorType>(type);
      return tensor && tensor.hasStaticShape();
    };
    return llvm::all_of(op->getOperandTypes(), fixed) && llvm::all_of(op->getResultTypes(), fixed);
  }

  /// Bodies that compute the same from the same values around them.
  bool sameRegions(Operation *x, Operation *y) {
    auto same = [&](Value a, Value b) {
      const Pair *pair = find(a, b);
      return success(pair && pair->refusal.empty() && a.getType() == b.getType());
    };
    auto mark = [&](Value a, Value b) { pairs[a].push_back({b, std::nullopt, ""}); };
    return OperationEquivalence::isEquivalentTo(x, y, same, mark, OperationEquivalence::IgnoreLocations);
  }

  void op(Operation *x, Operation *y, int64_t number) {
    SmallVector<std::optional<Beyond>> facts(x->getNumResults());
    const std::string refusal = judge(x, y, number, facts);
    for (auto [i, a] : llvm::enumerate(x->getResults())) {
      pairs[a].push_back({y->getResult(static_cast<unsigned>(i)), facts[i], refusal});
    }
  }

  static bool sameConstant(ConstantOp x, ConstantOp y) {
    if (x.getValueAttr() == y.getValueAttr()) {
      return true;
    }
    std::optional<Tensor> a = attrTensor(x.getValueAttr()), b = attrTensor(y.getValueAttr());
    return a && b && (a->data() == b->data() && a->shape() == b->shape() ? a->dtype() == b->dtype() : isCorner(*a, *b));
  }

  static std::string reason(Operation *op, const std::string &why) {
    const std::string name = nodeName(op->getLoc());
    return (name.empty() ? op->getName().getStringRef().str() : "node '" + name + "'") + " " + why;
  }

  func::FuncOp large, small;
  DenseMap<Value, SmallVector<Pair>> pairs;
  padding::Relation relation;
};

} // namespace

padding::Relation padding::relate(func::FuncOp large, func::FuncOp small) { return Walk(large, small).run(); }
