// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Pipeline stages by exact min-max over the cuts of the topological order, or replicas; `auto` takes what promises
// the higher throughput.
#include "passes/partition/Partition.h"

#include "dialects/graph/Constants.h"
#include "dialects/graph/Graph.h"
#include "passes/DevicePass.h"
#include "passes/partition/MinMaxCut.h"
#include "passes/partition/OpCost.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"

#include <numeric>

using namespace mlir;
using namespace ncc;
using partition::OpCost;
using partition::Parallel;

namespace {

constexpr size_t kMaxItems = 1500; // the dynamic programme is quadratic in these

// Consecutive ops that stay together, with prefix sums of what they cost.
struct Line {
  std::vector<std::pair<size_t, size_t>> items; // [first, last) into ops
  std::vector<double> busy{0};
  std::vector<int64_t> weights{0};
  std::vector<int64_t> cut{0}; // bytes of values alive between item i - 1 and item i
};

class Partitioner {
public:
  Partitioner(func::FuncOp func, const hw::DeviceSpec &device, ArrayRef<double> measured) : func(func), device(device), cost(device), measured(measured) {
    for (Operation &op : func.getBody().front().without_terminator()) {
      if (!llvm::isa<graph::ConstantOp>(op)) {
        number[&op] = ops.size();
        ops.push_back(&op);
        costs.push_back(partition::costOf(&op, cost, device));
        total += costs.back();
      }
    }
    if (measured.size() != ops.size()) {
      this->measured = {};
    }
    makeLine();
  }

  double stageNs(size_t first, size_t last, int activeCores) const {
    if (!measured.empty()) { // transfers and streams are in the figures
      return line.busy[last] - line.busy[first];
    }
    double busy = line.busy[last] - line.busy[first];
    int64_t weights = line.weights[last] - line.weights[first];
    auto resident = static_cast<int64_t>(0.6 * static_cast<double>(device.sbufBytes()));
    double stream = weights > resident ? static_cast<double>(weights - resident / 2) / cost.dramBytesPerNs(activeCores) : 0;
    double moved = static_cast<double>(line.cut[first] + line.cut[last]) / std::max(1.0, cost.dramBytesPerNs(activeCores));
    return std::max(busy, stream) + moved;
  }

  std::vector<size_t> pipeline(int cores) const {
    int active = std::min(cores, device.coresPerChip);
    return partition::minMaxCut(line.items.size(), static_cast<size_t>(cores),
                                [&](size_t first, size_t last) { return stageNs(first, last, active); });
  }

  double singleNs(int activeCores) const { return line.items.empty() ? 0 : stageNs(0, line.items.size(), activeCores); }
  const OpCost &totals() const { return total; }
  size_t items() const { return line.items.size(); }
  /// The op after the last one of each stage.
  SmallVector<int64_t> opEnds(ArrayRef<size_t> ends) const {
    SmallVector<int64_t> result;
    for (size_t end : ends) {
      result.push_back(end == 0 ? 0 : static_cast<int64_t>(line.items[end - 1].second));
    }
    return result;
  }
  double opNs(size_t i) const {
    return !measured.empty() ? measured[i] : std::max(costs[i].busyNs(), static_cast<double>(costs[i].weightBytes) / cost.dramBytesPerNs(1));
  }
  SmallVector<double> opCosts() const {
    return llvm::map_to_vector(llvm::seq<size_t>(0, ops.size()), [&](size_t i) { return opNs(i); });
  }

  void build(ArrayRef<size_t> ends);

private:
  void makeLine();
  /// Stage of each op, from item ends.
  std::vector<unsigned> stagesOf(ArrayRef<size_t> ends) const;

  func::FuncOp func;
  const hw::DeviceSpec &device;
  hw::CostModel cost;
  ArrayRef<double> measured;
  std::vector<Operation *> ops;
  std::vector<OpCost> costs;
  llvm::DenseMap<Operation *, size_t> number;
  OpCost total;
  Line line;
};

void Partitioner::makeLine() {
  // A cut before op i carries every value that is defined earlier and used at i or later.
  std::vector<int64_t> change(ops.size() + 2, 0);
  for (size_t i = 0; i < ops.size(); ++i) {
    for (Value result : ops[i]->getResults()) {
      size_t last = i;
      for (Operation *user : result.getUsers()) {
        auto it = number.find(user);
        last = std::max(last, it == number.end() ? i : it->second);
      }
      change[i + 1] += partition::bytesOf(result.getType());
      change[last + 1] -= partition::bytesOf(result.getType());
    }
  }
  double target = total.busyNs() / static_cast<double>(kMaxItems);
  if (!measured.empty()) {
    target = std::accumulate(measured.begin(), measured.end(), 0.0) / static_cast<double>(kMaxItems);
  }
  bool merge = ops.size() > kMaxItems;
  int64_t alive = 0;
  double pending = 0;
  size_t first = 0;
  for (size_t i = 0; i < ops.size(); ++i) {
    alive += change[i];
    if (i == first && i > 0) {
      line.cut.push_back(alive);
    }
    pending += measured.empty() ? costs[i].busyNs() : opNs(i);
    if (!merge || pending >= target || i + 1 == ops.size()) {
      line.items.push_back({first, i + 1});
      first = i + 1;
      pending = 0;
    }
  }
  line.cut.push_back(0);
  for (auto [begin, end] : line.items) {
    double busy = line.busy.back();
    int64_t weights = line.weights.back();
    for (size_t i = begin; i < end; ++i) {
      busy += measured.empty() ? costs[i].busyNs() : opNs(i);
      weights += costs[i].weightBytes;
    }
    line.busy.push_back(busy);
    line.weights.push_back(weights);
  }
}

std::vector<unsigned> Partitioner::stagesOf(ArrayRef<size_t> ends) const {
  std::vector<unsigned> stages(ops.size(), 0);
  size_t item = 0;
  for (auto [stage, end] : llvm::enumerate(ends)) {
    for (; item < end; ++item) {
      for (size_t i = line.items[item].first; i < line.items[item].second; ++i) {
        stages[i] = static_cast<unsigned>(stage);
      }
    }
  }
  return stages;
}

// One function per stage: arguments are the model inputs it reads and what earlier stages send, results are model
// outputs it makes and what later stages need.
void Partitioner::build(ArrayRef<size_t> ends) {
  std::vector<unsigned> stageOfOp = stagesOf(ends);
  auto stages = static_cast<unsigned>(std::max<size_t>(1, ends.size()));
  auto stageOf = [&](Value value) -> int {
    auto it = value.getDefiningOp() ? number.find(value.getDefiningOp()) : number.end();
    return it == number.end() ? -1 : static_cast<int>(stageOfOp[it->second]);
  };
  Operation *terminator = func.getBody().front().getTerminator();
  // Channels: one per value and receiving stage.
  llvm::MapVector<std::pair<Value, unsigned>, int64_t> channels;
  for (auto [i, op] : llvm::enumerate(ops)) {
    for (Value operand : op->getOperands()) {
      int from = stageOf(operand);
      if (from >= 0 && static_cast<unsigned>(from) != stageOfOp[i]) {
        channels.insert({{operand, stageOfOp[i]}, static_cast<int64_t>(channels.size())});
      }
    }
  }
  OpBuilder builder(func);
  auto mark = [&](StringRef name, int64_t number) {
    return builder.getDictionaryAttr(builder.getNamedAttr(name, builder.getI64IntegerAttr(number)));
  };
  for (unsigned stage = 0; stage < stages; ++stage) {
    IRMapping mapping;
    SmallVector<Type> argumentTypes, resultTypes;
    SmallVector<DictionaryAttr> argumentMarks, resultMarks; // set all at once: one by one is quadratic
    SmallVector<Value> arguments, results;
    for (BlockArgument argument : func.getArguments()) {
      // The first stage takes inputs nobody reads, so that none is lost.
      bool used = stage == 0 && argument.use_empty();
      for (Operation *user : argument.getUsers()) {
        auto it = number.find(user);
        used |= it == number.end() ? stage == stages - 1 : stageOfOp[it->second] == stage;
      }
      if (used) {
        arguments.push_back(argument);
        argumentMarks.push_back(mark("graph.input", argument.getArgNumber()));
      }
    }
    for (auto &[key, channel] : channels) {
      if (key.second == stage) {
        arguments.push_back(key.first);
        argumentMarks.push_back(mark("graph.channel", channel));
      }
      if (stageOf(key.first) == static_cast<int>(stage)) {
        results.push_back(key.first);
        resultMarks.push_back(mark("graph.channel", channel));
      }
    }
    for (auto [index, value] : llvm::enumerate(terminator->getOperands())) {
      int from = stageOf(value);
      if (from == static_cast<int>(stage) || (from < 0 && stage == stages - 1)) {
        results.push_back(value);
        resultMarks.push_back(mark("graph.output", static_cast<int64_t>(index)));
      }
    }
    for (Value value : arguments) {
      argumentTypes.push_back(value.getType());
    }
    for (Value value : results) {
      resultTypes.push_back(value.getType());
    }
    auto core = func::FuncOp::create(builder, func.getLoc(), ("core" + Twine(stage)).str(), builder.getFunctionType(argumentTypes, resultTypes));
    core->setAttr("core", builder.getI64IntegerAttr(stage));
    core.setAllArgAttrs(argumentMarks);
    core.setAllResultAttrs(resultMarks);
    Block *body = core.addEntryBlock();
    for (auto [index, value] : llvm::enumerate(arguments)) {
      mapping.map(value, body->getArgument(static_cast<unsigned>(index)));
    }
    OpBuilder inner = OpBuilder::atBlockEnd(body);
    auto bring = [&](Value value) {
      if (auto constant = value.getDefiningOp<graph::ConstantOp>(); constant && !mapping.contains(value)) {
        inner.clone(*constant, mapping);
      }
    };
    for (auto [i, op] : llvm::enumerate(ops)) {
      if (stageOfOp[i] == stage) {
        llvm::for_each(op->getOperands(), bring);
        inner.clone(*op, mapping);
      }
    }
    llvm::for_each(results, bring);
    SmallVector<Value> returned;
    for (Value value : results) {
      returned.push_back(mapping.lookup(value));
    }
    func::ReturnOp::create(inner, terminator->getLoc(), returned);
  }
  func.erase();
}

struct AssignCoresPass : DevicePass<AssignCoresPass, OperationPass<ModuleOp>> {
  AssignCoresPass() = default;
  AssignCoresPass(const hw::DeviceSpec &device, int count, Parallel kind, std::vector<double> opCosts) : DevicePass(device), measured(std::move(opCosts)) {
    cores = count;
    parallel = kind == Parallel::Auto ? "auto" : kind == Parallel::Pipeline ? "pipeline" : "data";
  }
  AssignCoresPass(const AssignCoresPass &other) : DevicePass(other), measured(other.measured) {}
  StringRef getArgument() const final { return "ncc-assign-cores"; }
  StringRef getDescription() const final { return "splits the model over cores"; }

  void runOnOperation() override {
    auto func = getOperation().lookupSymbol<func::FuncOp>("main");
    if (!func) {
      getOperation().emitError("the module has no function @main");
      return signalPassFailure();
    }
    Partitioner partitioner(func, device, measured);
    int wanted = std::max(1, cores.getValue());
    std::vector<size_t> ends = partitioner.pipeline(wanted);
    std::vector<double> stages;
    for (size_t first = 0; size_t end : ends) {
      stages.push_back(partitioner.stageNs(first, end, std::min(wanted, device.coresPerChip)));
      first = end;
    }
    double slowest = stages.empty() ? 0 : *llvm::max_element(stages);
    double replicated = partitioner.singleNs(std::min(wanted, device.coresPerChip));
    bool data = wanted > 1 && (parallel == "data" || (parallel == "auto" && replicated / wanted < slowest * 0.95));
    if (data) {
      ends = {partitioner.items()};
      stages.assign(static_cast<size_t>(wanted), replicated);
    }
    Builder builder(&getContext());
    SmallVector<Attribute> costs;
    for (double ns : stages) {
      costs.push_back(builder.getF64FloatAttr(ns));
    }
    getOperation()->setAttr("ncc.partition",
                            builder.getDictionaryAttr({builder.getNamedAttr("kind", builder.getStringAttr(data ? "data" : "pipeline")),
                                                       builder.getNamedAttr("replicas", builder.getI64IntegerAttr(data ? wanted : 1)),
                                                       builder.getNamedAttr("single", builder.getF64FloatAttr(partitioner.singleNs(1))),
                                                       builder.getNamedAttr("macs", builder.getF64FloatAttr(partitioner.totals().macs)),
                                                       builder.getNamedAttr("weighted_macs", builder.getF64FloatAttr(partitioner.totals().weightedMacs)),
                                                       builder.getNamedAttr("ends", builder.getDenseI64ArrayAttr(partitioner.opEnds(ends))),
                                                       builder.getNamedAttr("op_costs", builder.getDenseF64ArrayAttr(partitioner.opCosts())),
                                                       builder.getNamedAttr("stages", builder.getArrayAttr(costs))}));
    partitioner.build(ends);
  }

private:
  std::vector<double> measured;
  Option<int> cores{*this, "cores", llvm::cl::desc("how many cores"), llvm::cl::init(1)};
  Option<std::string> parallel{*this, "parallel", llvm::cl::desc("auto, pipeline or data"), llvm::cl::init("auto")};
};

} // namespace

std::unique_ptr<Pass> partition::createAssignCoresPass(const hw::DeviceSpec &device, int cores, Parallel parallel, std::vector<double> opCosts) {
  return std::make_unique<AssignCoresPass>(device, cores, parallel, std::move(opCosts));
}

void partition::registerPasses() { PassRegistration<AssignCoresPass>(); }
