// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Levels alternate between cores and host: an op is one level above a producer of the other side, on the level of a
// producer of its own. What cores compute on one level is one segment, which is as large as can be.
#include "dialects/graph/Graph.h"
#include "dialects/graph/ValueTypes.h"
#include "passes/stages/Passes.h"
#include "passes/stages/Sides.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Transforms/RegionUtils.h"
#include "llvm/ADT/SetVector.h"

#include <map>

using namespace mlir;

namespace ncc::stages {

#define GEN_PASS_DEF_SPLITSTAGESPASS
#include "passes/stages/Passes.h.inc"

namespace {

using Ops = SmallVector<Operation *>;

void removeDead(Block &block) {
  for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
    for (Region &region : op.getRegions()) {
      for (Block &inner : region) {
        removeDead(inner);
      }
    }
    if (isOpTriviallyDead(&op)) {
      op.erase();
    }
  }
}

class BlockSplitter {
public:
  BlockSplitter(Block &block, func::FuncOp main, int &segments) : block(block), main(main), segments(segments), sides(chooseSides(block)) {}

  void run() {
    std::map<int, Ops> levels = findLevels();
    // Moves alone are no reason to go to a core.
    bool again = false;
    for (auto &[level, ops] : levels) {
      bool moves = llvm::all_of(ops, [](Operation *op) { return isMove(op) && graph::hostFormOf(op); });
      for (Operation *op : ops) {
        if (moves) {
          sides[op] = Side::Host;
        }
      }
      again |= moves;
    }
    levels = again ? findLevels() : levels;
    order();
    for (auto &[level, ops] : levels) {
      outline(ops);
    }
  }

private:
  /// Operands, those of nested regions too, that ops of this block define.
  SmallVector<Operation *> producers(Operation *op) const {
    llvm::SetVector<Value> used;
    used.insert(op->operand_begin(), op->operand_end());
    for (Region &region : op->getRegions()) {
      getUsedValuesDefinedAbove(region, used);
    }
    SmallVector<Operation *> list;
    for (Value value : used) {
      if (Operation *producer = value.getDefiningOp(); producer && producer->getBlock() == &block && sides.count(producer)) {
        list.push_back(producer);
      }
    }
    return list;
  }

  std::map<int, Ops> findLevels() {
    std::map<int, Ops> cores;
    level.clear();
    for (Operation &op : block.without_terminator()) {
      auto side = sides.find(&op);
      if (side == sides.end()) {
        continue;
      }
      int at = 0;
      for (Operation *producer : producers(&op)) {
        at = std::max(at, level[producer] + (sides[producer] != side->second));
      }
      level[&op] = at;
      if (side->second == Side::Core) {
        cores[at].push_back(&op);
      }
    }
    return cores;
  }

  /// Puts the block in the order of the levels; on one level cores and host do not depend on each other.
  void order() {
    Ops constants, rest;
    for (Operation &op : block.without_terminator()) {
      (sides.count(&op) ? rest : constants).push_back(&op);
    }
    llvm::stable_sort(rest, [&](Operation *a, Operation *b) {
      auto key = [&](Operation *op) { return std::pair(level[op], sides[op] == Side::Host); };
      return key(a) < key(b);
    });
    Operation *end = block.getTerminator();
    for (const Ops &list : {constants, rest}) {
      for (Operation *op : list) {
        op->moveBefore(end);
      }
    }
  }

  void outline(const Ops &ops) {
    llvm::SetVector<Value> inputs, outputs;
    llvm::SmallPtrSet<Operation *, 16> inside(ops.begin(), ops.end());
    for (Operation *op : ops) {
      for (Value operand : op->getOperands()) {
        Operation *producer = operand.getDefiningOp();
        if (!isa_and_present<graph::ConstantOp>(producer) && !inside.count(producer)) {
          inputs.insert(operand);
        }
      }
      for (Value result : op->getResults()) {
        if (llvm::any_of(result.getUsers(), [&](Operation *user) { return !inside.count(user); })) {
          outputs.insert(result);
        }
      }
    }
    SmallVector<Type> in, out;
    llvm::append_range(in, llvm::map_range(inputs, [](Value value) { return value.getType(); }));
    llvm::append_range(out, llvm::map_range(outputs, [](Value value) { return value.getType(); }));
    OpBuilder builder(main->getContext());
    builder.setInsertionPointToEnd(main->getBlock());
    Location loc = ops.front()->getLoc();
    auto func = func::FuncOp::create(builder, loc, "segment_" + std::to_string(segments++), builder.getFunctionType(in, out));
    func.setPrivate();
    Block *body = func.addEntryBlock();
    builder.setInsertionPointToEnd(body);
    IRMapping map;
    for (auto [value, argument] : llvm::zip(inputs, body->getArguments())) {
      map.map(value, argument);
    }
    for (Operation *op : ops) {
      for (Value operand : op->getOperands()) {
        if (auto constant = operand.getDefiningOp<graph::ConstantOp>(); constant && !map.contains(operand)) {
          builder.clone(*constant, map);
        }
      }
      builder.clone(*op, map);
    }
    SmallVector<Value> results;
    for (Value output : outputs) {
      results.push_back(map.lookup(output));
    }
    func::ReturnOp::create(builder, loc, results);
    builder.setInsertionPoint(ops.front());
    auto call = func::CallOp::create(builder, loc, func, inputs.getArrayRef());
    for (auto [output, result] : llvm::zip(outputs, call.getResults())) {
      Value(output).replaceAllUsesWith(result);
    }
    for (Operation *op : llvm::reverse(ops)) {
      op->dropAllUses();
      op->erase();
    }
  }

  Block &block;
  func::FuncOp main;
  int &segments;
  Sides sides;
  llvm::DenseMap<Operation *, int> level;
};

struct SplitStagesPass : impl::SplitStagesPassBase<SplitStagesPass> {
  void runOnOperation() override {
    auto main = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!main || !main.getBody().hasOneBlock()) {
      return;
    }
    Block &entry = main.getBody().front();
    auto needed = [&] {
      auto host = [](Type type) { // no core holds strings or complex numbers, be they constants
        return !graph::isStaticTensor(type) || isa<ComplexType, graph::StringType>(cast<RankedTensorType>(type).getElementType());
      };
      return llvm::any_of(entry, [](Operation &op) { return isHostOnly(&op); }) || llvm::any_of(main.getArgumentTypes(), host) ||
             llvm::any_of(main.getResultTypes(), host);
    };
    if (!needed()) {
      return;
    }
    removeDead(entry); // what import left of forms that did not fit
    if (!needed()) {
      return;
    }
    int segments = 0;
    split(entry, main, segments);
    main->setAttr("ncc.plan", UnitAttr::get(&getContext()));
  }

  void split(Block &block, func::FuncOp main, int &segments) {
    for (Operation &op : block) {
      for (Region &region : op.getRegions()) {
        for (Block &inner : region) {
          split(inner, main, segments);
        }
      }
    }
    BlockSplitter(block, main, segments).run();
    removeDead(block);
  }
};

} // namespace
} // namespace ncc::stages
