// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Groups are grown greedily in program order: an elementwise op joins the group of the operand it alone reads.
#include "dialects/graph/Graph.h"
#include "passes/tiling/Elementwise.h"
#include "passes/tiling/Passes.h"

#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/SetVector.h"

namespace ncc::tiling {
#define GEN_PASS_DEF_FORMGROUPSPASS
#include "passes/tiling/Passes.h.inc"
} // namespace ncc::tiling

using namespace mlir;
using namespace ncc;

namespace {

/// More body operands than this would not leave room for two blocks in flight.
constexpr size_t kMaxOutside = 10;
constexpr size_t kMaxBody = 24;

struct Members {
  SmallVector<Operation *> ops; // root first, in program order
};

bool isRoot(Operation *op) { return isa<graph::MatmulOp, graph::ConvOp, graph::ConvTransposeOp, graph::PoolOp>(op); }

bool sameShape(Value a, Value b) {
  return cast<RankedTensorType>(a.getType()).getShape() == cast<RankedTensorType>(b.getType()).getShape();
}

/// What the group reads from outside, without constants of one element.
size_t outsideOperands(const Members &group, Operation *extra) {
  llvm::SmallSetVector<Value, 8> outside;
  auto add = [&](Operation *op) {
    for (Value operand : op->getOperands()) {
      if (!llvm::is_contained(group.ops, operand.getDefiningOp())) {
        outside.insert(operand);
      }
    }
  };
  for (Operation *op : group.ops) {
    add(op);
  }
  add(extra);
  return outside.size();
}

class Grouper {
public:
  void run(Block &block) {
    for (Operation &op : block) {
      if (isRoot(&op)) {
        start(&op);
      } else if (tiling::isEngineElementwise(&op)) {
        if (!join(&op)) {
          start(&op);
        }
      }
    }
    for (auto &group : groups) {
      if (group->ops.size() > 1) {
        form(*group);
      }
    }
  }

private:
  void start(Operation *op) {
    groups.push_back(std::make_unique<Members>());
    groups.back()->ops.push_back(op);
    groupOf[op] = groups.back().get();
  }

  bool join(Operation *op) {
    for (Value operand : op->getOperands()) {
      Operation *producer = operand.getDefiningOp();
      auto it = groupOf.find(producer);
      if (it == groupOf.end() || !canJoin(*it->second, op, operand)) {
        continue;
      }
      it->second->ops.push_back(op);
      groupOf[op] = it->second;
      return true;
    }
    return false;
  }

  /// The value must be the group's only result so far, and nothing the op reads besides may come after the group.
  bool canJoin(const Members &group, Operation *op, Value operand) {
    Operation *last = group.ops.back();
    if (operand.getDefiningOp() != last || !sameShape(operand, op->getResult(0)) || group.ops.size() >= kMaxBody ||
        outsideOperands(group, op) > kMaxOutside || last->getAttr("ncc.layout") != op->getAttr("ncc.layout")) {
      return false;
    }
    // Everything an inner value feeds must be inside: the fused op stands where the last member stands.
    for (Operation *member : group.ops) {
      for (Operation *user : member->getResult(0).getUsers()) {
        if (user != op && !llvm::is_contained(group.ops, user)) {
          return false;
        }
      }
    }
    return true;
  }

  void form(const Members &group) {
    Operation *last = group.ops.back();
    OpBuilder builder(last);
    llvm::SmallSetVector<Value, 8> outside;
    for (Operation *op : group.ops) {
      for (Value operand : op->getOperands()) {
        if (!llvm::is_contained(group.ops, operand.getDefiningOp())) {
          outside.insert(operand);
        }
      }
    }
    SmallVector<Location> locs;
    for (Operation *op : group.ops) {
      locs.push_back(op->getLoc());
    }
    auto fusion = graph::FusionOp::create(builder, FusedLoc::get(builder.getContext(), locs), last->getResultTypes(),
                                          outside.getArrayRef());
    if (Attribute layout = last->getAttr("ncc.layout")) {
      fusion->setAttr("ncc.layout", layout);
    }
    Block &body = fusion.getBody().emplaceBlock();
    IRMapping mapping;
    for (Value value : outside) {
      mapping.map(value, body.addArgument(value.getType(), value.getLoc()));
    }
    builder.setInsertionPointToEnd(&body);
    for (Operation *op : group.ops) {
      Operation *clone = builder.clone(*op, mapping);
      clone->removeAttr("ncc.layout");
    }
    graph::YieldOp::create(builder, last->getLoc(), ValueRange{mapping.lookup(last->getResult(0))});
    last->getResult(0).replaceAllUsesWith(fusion.getResult(0));
    for (Operation *op : llvm::reverse(group.ops)) {
      op->erase();
    }
  }

  std::vector<std::unique_ptr<Members>> groups;
  llvm::DenseMap<Operation *, Members *> groupOf;
};

struct FormGroups : ncc::tiling::impl::FormGroupsPassBase<FormGroups> {
  using FormGroupsPassBase::FormGroupsPassBase;
  void runOnOperation() override { Grouper().run(getOperation().getBody().front()); }
};

} // namespace
