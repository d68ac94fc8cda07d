// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Loss functions of exported training graphs, as gathers and reductions.
#include "compiler/frontend/onnx/Handlers.h"

using namespace mlir;

namespace ncc::frontend {

using graph::CompareKind;
using graph::ReduceKind;
using graph::UnaryKind;

/// -weight[label] * logProbability[label], averaged or summed; labels equal to ignore_index do not count.
static Value likelihoodLoss(NodeContext &node, Value logs, Value labels, Value weights) {
  if (!logs || node.rankOf(logs) < 2 || node.rankOf(labels) != node.rankOf(logs) - 1) {
    return node.OpBuilding::fail("scores must be [N,C,...] and labels [N,...]");
  }
  std::string reduction = node.attrString("reduction", "mean");
  if (reduction != "mean" && reduction != "sum" && reduction != "none") {
    return node.OpBuilding::fail("reduction '" + reduction + "' is not one");
  }
  Type real = node.elementOf(logs);
  Ints dims(node.dimsOf(labels)), wide = dims;
  wide.insert(wide.begin() + 1, 1);
  Value zero = node.scalarLike(labels, 0), index = labels, counts, ignored;
  if (node.hasAttr("ignore_index")) {
    ignored = node.compare(CompareKind::Eq, labels, node.scalarLike(labels, static_cast<double>(node.attrInt("ignore_index", 0))));
    index = node.select(ignored, zero, labels);
    counts = node.cast(node.unary(UnaryKind::LogicalNot, ignored), real);
  }
  if (!index) {
    return {};
  }
  graph::GatherElementsOp::Properties properties;
  properties.axis = node.intAttr(1);
  Value column = node.reshape(index, wide);
  Value picked = column ? node.one<graph::GatherElementsOp>({logs, column}, properties) : Value();
  Value loss = node.unary(UnaryKind::Neg, node.reshape(picked, dims));
  if (weights) {
    Value each = node.gather(weights, index, 0);
    counts = counts ? node.mul(counts, each) : each;
    loss = node.mul(loss, each);
  }
  loss = ignored ? node.select(ignored, node.scalarLike(loss, 0), loss) : loss; // whatever stands at class 0, even an infinity
  if (reduction == "none" || !loss) {
    return loss;
  }
  Ints axes;
  for (int64_t i = 0; i < node.rankOf(loss); ++i) {
    axes.push_back(i);
  }
  if (reduction == "mean" && counts) {
    return node.div(node.reduce(ReduceKind::Sum, loss, axes, false), node.reduce(ReduceKind::Sum, counts, axes, false));
  }
  return node.reduce(reduction == "mean" ? ReduceKind::Mean : ReduceKind::Sum, loss, axes, false);
}

static LogicalResult negativeLogLikelihood(NodeContext &node) {
  return node.needInputs(2, 3) ? node.result(likelihoodLoss(node, node.input(0), node.input(1), node.input(2)))
                               : failure();
}

static LogicalResult softmaxCrossEntropy(NodeContext &node) {
  if (!node.needInputs(2, 3) || node.rankOf(node.input(0)) < 2) {
    return node.fail("scores must be [N,C,...]");
  }
  Value logs = node.softmax(node.input(0), 1, /*log=*/true);
  return node.results({likelihoodLoss(node, logs, node.input(1), node.input(2)), logs});
}

void addLossHandlers(HandlerTable &table) {
  table.add("NegativeLogLikelihoodLoss", 12, negativeLogLikelihood);
  table.add("SoftmaxCrossEntropyLoss", 12, softmaxCrossEntropy);
}

} // namespace ncc::frontend
