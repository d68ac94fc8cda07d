// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Long runs of numbers as sums of short ones: a column of starts and a row of steps.
#include "compiler/frontend/onnx/ops/Multiples.h"

using namespace mlir;

namespace ncc::frontend {

Value multiples(NodeContext &node, int64_t count, int64_t step) {
  constexpr int64_t kColumns = 4096;
  Tensor line(DType::I64, {std::min(count, kColumns)});
  for (int64_t i = 0; i < line.size(); ++i) {
    line.setInt(i, static_cast<int64_t>(static_cast<uint64_t>(i) * static_cast<uint64_t>(step)));
  }
  Value columns = node.constant(line);
  if (count <= kColumns) {
    return columns;
  }
  const int64_t rows = (count + kColumns - 1) / kColumns;
  Value starts = multiples(node, rows, static_cast<int64_t>(static_cast<uint64_t>(step) * kColumns));
  Value all = node.add(node.reshape(starts, {rows, 1}), node.reshape(columns, {1, kColumns}));
  return node.sliceAxis(node.reshape(all, {rows * kColumns}), 0, 0, count);
}

} // namespace ncc::frontend
