// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/ops/ComplexPairs.h"

using namespace mlir;

namespace ncc::frontend {

/// a * b, or a * conj(b), with the broadcasting of the elementwise operators.
template <bool conjugate>
static LogicalResult complexMul(NodeContext &node) {
  if (!node.needInputs(2, 2)) {
    return failure();
  }
  Value real[2], imaginary[2];
  for (size_t i = 0; i < 2; ++i) {
    Value x = node.input(i);
    const int64_t last = node.rankOf(x) - 1;
    if (last < 0 || node.dimsOf(x)[last] != 2) {
      return node.fail("needs operands whose last dim is 2: real and imaginary parts");
    }
    real[i] = node.sliceAxis(x, last, 0, 1);
    imaginary[i] = node.sliceAxis(x, last, 1, 1);
  }
  Value parallel = node.mul(real[0], real[1]), square = node.mul(imaginary[0], imaginary[1]);
  Value cross = node.mul(real[0], imaginary[1]), turned = node.mul(imaginary[0], real[1]);
  if (!parallel || !square || !cross || !turned) {
    return failure();
  }
  Value y[2] = {conjugate ? node.add(parallel, square) : node.sub(parallel, square), conjugate ? node.sub(turned, cross) : node.add(turned, cross)};
  return y[0] && y[1] ? node.result(node.concat(ValueRange(y), node.rankOf(y[0]) - 1)) : failure();
}

void addComplexPairHandlers(HandlerTable &table) {
  table.add("ComplexMul", 1, complexMul<false>, kMicrosoft);
  table.add("ComplexMulConj", 1, complexMul<true>, kMicrosoft);
}

} // namespace ncc::frontend
