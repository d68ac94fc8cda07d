// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Recognises scalar functions by their values at sample points instead of by the shape of their expression.
#include "dialects/graph/Constants.h"
#include "dialects/graph/Evaluate.h"
#include "passes/fuse/Match.h"
#include "passes/fuse/Passes.h"
#include "runtime/ops/Kernel.h"

#include "llvm/ADT/SetVector.h"

#include <cmath>

using namespace mlir;
using namespace ncc::graph;

namespace ncc::fuse {

#define GEN_PASS_DEF_RECOGNIZEACTIVATIONSPASS
#include "passes/fuse/Passes.h.inc"

namespace {

constexpr int64_t kSamples = 97;
constexpr size_t kMaxOps = 16;

Tensor samplePoints() {
  Tensor x(DType::F32, {kSamples});
  for (int64_t i = 0; i < kSamples; ++i) { // -7.9 .. 8.1, never on a kink
    x.mutableAs<float>()[i] = static_cast<float>(static_cast<double>(i) / 6 - 7.9);
  }
  return x;
}

std::optional<Tensor> run(std::string_view name, const ops::Attributes &attributes, std::vector<Tensor> inputs) {
  const ops::KernelInfo *kernel = ops::findKernel(name);
  Tensor out(DType::F32, {kSamples});
  ops::KernelContext context{attributes, inputs, absl::MakeSpan(&out, 1)};
  return kernel && kernel->run(context).ok() ? std::optional(out) : std::nullopt;
}

struct Candidate {
  UnaryKind kind;
  Tensor values;
};

/// The functions worth recognising, evaluated once.
std::vector<Candidate> candidates(const Tensor &points) {
  std::vector<Candidate> list;
  for (UnaryKind kind : {UnaryKind::Gelu, UnaryKind::GeluTanh, UnaryKind::Silu, UnaryKind::HardSwish, UnaryKind::Mish,
                         UnaryKind::Softplus, UnaryKind::Softsign, UnaryKind::Sigmoid, UnaryKind::Tanh, UnaryKind::Relu}) {
    ops::Attributes attributes;
    attributes.set("kind", stringifyUnaryKind(kind).str());
    if (std::optional<Tensor> values = run("unary", attributes, {points})) {
      list.push_back({kind, *values});
    }
  }
  return list;
}

bool agrees(const Tensor &a, const Tensor &b) {
  for (int64_t i = 0; i < kSamples; ++i) {
    double x = a.asDouble(i), y = b.asDouble(i);
    if (!(std::fabs(x - y) <= 2e-5 * std::max(1.0, std::fabs(y)))) {
      return false;
    }
  }
  return true;
}

bool isScalarOp(Operation *op) { return isa_and_present<UnaryOp, BinaryOp>(op); }

class Recognizer {
public:
  Recognizer() : points(samplePoints()), known(candidates(points)) {}

  /// The known function that `root` computes of one value, if any.
  std::optional<std::pair<UnaryKind, Value>> match(Operation *root) {
    llvm::SetVector<Value> frontier;
    std::vector<Operation *> cone{root};
    addOperands(root, frontier);
    while (cone.size() < kMaxOps && !frontier.empty()) {
      if (cone.size() >= 2 && frontier.size() == 1 && frontier.front().getType() == root->getResult(0).getType()) {
        if (std::optional<UnaryKind> kind = compare(cone, frontier.front())) {
          return std::pair(*kind, frontier.front());
        }
      }
      // Open the value that is computed last; its operands lie before it.
      Value latest;
      for (Value value : frontier) {
        Operation *op = value.getDefiningOp();
        if (!op || !isScalarOp(op)) {
          continue;
        }
        if (!latest || latest.getDefiningOp()->isBeforeInBlock(op)) {
          latest = value;
        }
      }
      if (!latest || latest.getType() != root->getResult(0).getType()) {
        return std::nullopt;
      }
      frontier.remove(latest);
      cone.push_back(latest.getDefiningOp());
      addOperands(cone.back(), frontier);
    }
    return std::nullopt;
  }

private:
  static void addOperands(Operation *op, llvm::SetVector<Value> &frontier) {
    for (Value operand : op->getOperands()) {
      if (!splatValue(operand)) {
        frontier.insert(operand);
      }
    }
  }

  std::optional<UnaryKind> compare(const std::vector<Operation *> &cone, Value leaf) {
    DenseMap<Value, Tensor> values;
    values[leaf] = points;
    std::vector<Operation *> order = cone;
    std::sort(order.begin(), order.end(), [](Operation *a, Operation *b) { return a->isBeforeInBlock(b); });
    for (Operation *op : order) {
      std::vector<Tensor> inputs;
      for (Value operand : op->getOperands()) {
        if (std::optional<double> scalar = splatValue(operand)) {
          Tensor one(DType::F32, {1});
          one.setDouble(0, *scalar);
          inputs.push_back(one);
        } else {
          inputs.push_back(values.lookup(operand));
        }
      }
      std::optional<Tensor> result = run(op->getName().stripDialect().str(), attributesOf(op), inputs);
      if (!result) {
        return std::nullopt;
      }
      values[op->getResult(0)] = *result;
    }
    for (const Candidate &candidate : known) {
      if (agrees(values.lookup(cone.front()->getResult(0)), candidate.values)) {
        return candidate.kind;
      }
    }
    return std::nullopt;
  }

  Tensor points;
  std::vector<Candidate> known;
};

struct RecognizeActivationsPass : impl::RecognizeActivationsPassBase<RecognizeActivationsPass> {
  void runOnOperation() override {
    Recognizer recognizer;
    for (Block &block : getOperation().getBody()) {
      // From the back, so that the whole function is seen before its parts.
      for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block))) {
        if (op.use_empty() && isScalarOp(&op)) {
          op.erase();
          continue;
        }
        auto type = op.getNumResults() == 1 ? dyn_cast<RankedTensorType>(op.getResult(0).getType()) : nullptr;
        if (!isScalarOp(&op) || !type || !isa<FloatType>(type.getElementType())) {
          continue;
        }
        if (auto found = recognizer.match(&op)) {
          OpBuilder builder(&op);
          auto kind = UnaryKindAttr::get(&getContext(), found->first);
          auto zero = builder.getF64FloatAttr(0);
          Value unary = UnaryOp::create(builder, op.getLoc(), type, kind, found->second, zero, zero);
          op.getResult(0).replaceAllUsesWith(unary);
          op.erase();
        }
      }
    }
  }
};

} // namespace
} // namespace ncc::fuse
