// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// See Calibrate.h.
#include "compiler/calibrate/Calibrate.h"
#include "dialects/graph/Evaluate.h"
#include "dialects/graph/Graph.h"

#include "mlir/IR/Builders.h"
#include "llvm/ADT/DenseMap.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace ncc;

namespace {

struct Range {
  double low = std::numeric_limits<double>::infinity(), high = -std::numeric_limits<double>::infinity();
  void add(const Tensor &tensor) {
    for (float value : tensor.as<float>()) {
      if (std::isfinite(value)) {
        low = std::min<double>(low, value);
        high = std::max<double>(high, value);
      }
    }
  }
  bool known() const { return low <= high; }
};

} // namespace

absl::Status calibrate::calibrate(func::FuncOp func, const std::vector<std::vector<Tensor>> &samples) {
  if (samples.empty()) {
    return absl::InvalidArgumentError("the calibration data holds no sample");
  }
  llvm::DenseMap<Operation *, Range> ranges;
  std::vector<Range> arguments(func.getNumArguments());
  for (const std::vector<Tensor> &sample : samples) {
    for (size_t i = 0; i < sample.size(); ++i) {
      if (sample[i].dtype() == DType::F32) {
        arguments[i].add(sample[i]);
      }
    }
    auto outputs = graph::evaluateFunction(func, sample, [&](Operation *op, absl::Span<const Tensor> results) {
      if (results.size() == 1 && results[0].dtype() == DType::F32 && !isa<graph::ConstantOp>(op)) {
        ranges[op].add(results[0]);
      }
    });
    if (!outputs.ok()) {
      return outputs.status();
    }
  }
  Builder b(func.getContext());
  for (auto &[op, range] : ranges) {
    if (range.known()) {
      op->setAttr("ncc.range", b.getDenseF64ArrayAttr({range.low, range.high}));
    }
  }
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].known()) {
      func.setArgAttr(i, "ncc.range", b.getDenseF64ArrayAttr({arguments[i].low, arguments[i].high}));
    }
  }
  return absl::OkStatus();
}
