// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Matrix products: MatMul, Gemm, integer MatMul and com.microsoft's fused forms.
#include "compiler/frontend/onnx/Handlers.h"

#include "absl/strings/str_cat.h"

using namespace mlir;

namespace ncc::frontend {

static LogicalResult matmul(NodeContext &node) {
  return node.needInputs(2, 2) ? node.result(node.matmul(node.input(0), node.input(1))) : failure();
}

static Value scaled(NodeContext &node, Value x, double factor) {
  return factor == 1.0 || !x ? x : node.mul(x, node.scalarLike(x, factor));
}

static LogicalResult gemm(NodeContext &node) {
  if (!node.needInputs(2, 3)) {
    return failure();
  }
  if (node.rankOf(node.input(0)) != 2 || node.rankOf(node.input(1)) != 2) {
    return node.fail("operands must be matrices");
  }
  Value product = node.matmul(node.input(0), node.input(1), node.attrInt("transA", 0) != 0,
                              node.attrInt("transB", 0) != 0);
  product = scaled(node, product, node.attrFloat("alpha", 1.0));
  double beta = node.attrFloat("beta", 1.0);
  if (!product || !node.has(2) || beta == 0.0) {
    return node.result(product);
  }
  Value sum = node.add(product, scaled(node, node.input(2), beta));
  if (sum && node.dimsOf(sum) != node.dimsOf(product)) {
    return node.fail("C does not broadcast to the product");
  }
  return node.result(sum);
}

static LogicalResult fusedMatMul(NodeContext &node) {
  if (!node.needInputs(2, 2)) {
    return failure();
  }
  // transBatch: the first dim stands where the rows are, [M, batch.., K] for [batch.., M, K].
  auto batched = [&](size_t i, const char *flag) {
    Value x = node.input(i);
    if (node.attrInt(flag, 0) == 0 || node.rankOf(x) < 3) {
      return x;
    }
    Ints perm;
    for (int64_t d = 1; d < node.rankOf(x) - 1; ++d) {
      perm.push_back(d);
    }
    perm.push_back(0);
    perm.push_back(node.rankOf(x) - 1);
    return node.transpose(x, perm);
  };
  Value product = node.matmul(batched(0, "transBatchA"), batched(1, "transBatchB"), node.attrInt("transA", 0) != 0,
                              node.attrInt("transB", 0) != 0);
  return node.result(scaled(node, product, node.attrFloat("alpha", 1.0)));
}

void addLinearHandlers(HandlerTable &table) {
  table.add("MatMul", 1, matmul);
  table.add("Gemm", 1, gemm);
  table.add("FusedMatMul", 1, fusedMatMul, kMicrosoft);
  table.add("TransposeMatMul", 1, fusedMatMul, kMicrosoft);
}

} // namespace ncc::frontend
