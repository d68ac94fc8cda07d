// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Optimizer steps of ai.onnx.preview.training.
#include "compiler/frontend/onnx/Handlers.h"

#include "absl/strings/str_cat.h"

using namespace mlir;

namespace ncc::frontend {

using graph::BinaryKind;
using graph::UnaryKind;

namespace {

/// Inputs: rate, step count, then `lists` lists of equally many tensors.
struct Step {
  NodeContext &node;
  size_t count = 0;

  bool read(size_t lists) {
    if (!node.needInputs(2 + lists) || (node.numInputs() - 2) % lists != 0 || !node.needInputs(node.numInputs())) {
      node.OpBuilding::fail(absl::StrCat("needs a rate, a step count and ", lists, " lists of tensors of one length"));
      return false;
    }
    count = (node.numInputs() - 2) / lists;
    return true;
  }
  Value at(size_t list, size_t i) { return node.input(2 + list * count + i); }
  Value scale(Value x, double factor) { return node.mul(x, node.scalarLike(x, factor)); }
  Value rateLike(Value x) { return node.reshape(node.cast(node.input(0), node.elementOf(x)), {}); }
  Value stepLike(Value x) { return node.reshape(node.cast(node.input(1), node.elementOf(x)), {}); }
  /// The gradient with the weights' penalty.
  Value gradient(size_t i) { return node.add(scale(at(0, i), node.attrFloat("norm_coefficient", 0)), at(1, i)); }
  /// `first` at step 0, else `later`.
  Value afterFirst(Value x, Value later, Value first) {
    Value running = node.compare(graph::CompareKind::Gt, stepLike(x), node.scalarLike(x, 0));
    return node.select(running, later, first);
  }
};

} // namespace

static LogicalResult adagrad(NodeContext &node) {
  Step step{node};
  if (!step.read(3)) {
    return failure();
  }
  SmallVector<Value> weights, sums;
  for (size_t i = 0; i < step.count; ++i) {
    Value x = step.at(0, i), one = node.scalarLike(x, 1), g = step.gradient(i);
    Value rate = node.div(step.rateLike(x), node.add(one, step.scale(step.stepLike(x), node.attrFloat("decay_factor", 0))));
    sums.push_back(node.add(step.at(2, i), node.mul(g, g)));
    Value root = node.add(node.unary(UnaryKind::Sqrt, sums.back()), node.scalarLike(x, node.attrFloat("epsilon", 1e-6)));
    weights.push_back(node.sub(x, node.div(node.mul(rate, g), root)));
  }
  weights.append(sums);
  return node.results(weights);
}

static LogicalResult adam(NodeContext &node) {
  Step step{node};
  if (!step.read(4)) {
    return failure();
  }
  double alpha = node.attrFloat("alpha", 0.9), beta = node.attrFloat("beta", 0.999);
  SmallVector<Value> weights, means, squares;
  for (size_t i = 0; i < step.count; ++i) {
    Value x = step.at(0, i), one = node.scalarLike(x, 1), g = step.gradient(i);
    means.push_back(node.add(step.scale(step.at(2, i), alpha), step.scale(g, 1 - alpha)));
    squares.push_back(node.add(step.scale(step.at(3, i), beta), step.scale(node.mul(g, g), 1 - beta)));
    Value root = node.add(node.unary(UnaryKind::Sqrt, squares.back()), node.scalarLike(x, node.attrFloat("epsilon", 1e-6)));
    auto rest = [&](double base) { return node.sub(one, node.binary(BinaryKind::Pow, node.scalarLike(x, base), step.stepLike(x))); };
    Value rate = step.rateLike(x);
    Value corrected = node.div(node.mul(rate, node.unary(UnaryKind::Sqrt, rest(beta))), rest(alpha));
    rate = step.afterFirst(x, corrected, rate);
    Value next = node.sub(x, node.div(node.mul(rate, means.back()), root));
    weights.push_back(step.scale(next, 1 - node.attrFloat("norm_coefficient_post", 0)));
  }
  weights.append(means);
  weights.append(squares);
  return node.results(weights);
}

static LogicalResult momentum(NodeContext &node) {
  Step step{node};
  std::string mode = node.attrString("mode", "standard");
  if (!step.read(3) || (mode != "standard" && mode != "nesterov")) {
    return node.fail("mode must be standard or nesterov");
  }
  double alpha = node.attrFloat("alpha", 0), beta = node.attrFloat("beta", 0);
  SmallVector<Value> weights, speeds;
  for (size_t i = 0; i < step.count; ++i) {
    Value x = step.at(0, i), g = step.gradient(i);
    Value share = step.afterFirst(x, node.scalarLike(x, beta), node.scalarLike(x, 1));
    speeds.push_back(node.add(step.scale(step.at(2, i), alpha), node.mul(share, g)));
    Value move = mode == "standard" ? speeds.back() : node.add(g, step.scale(speeds.back(), alpha));
    weights.push_back(node.sub(x, node.mul(step.rateLike(x), move)));
  }
  weights.append(speeds);
  return node.results(weights);
}

static LogicalResult gradient(NodeContext &node) {
  return node.fail("gradients are not computed; export the graph with its backward part written out");
}

void addTrainingHandlers(HandlerTable &table) {
  table.add("Adagrad", 1, adagrad, kTraining);
  table.add("Adam", 1, adam, kTraining);
  table.add("Momentum", 1, momentum, kTraining);
  table.add("Gradient", 1, gradient, kTraining);
}

} // namespace ncc::frontend
