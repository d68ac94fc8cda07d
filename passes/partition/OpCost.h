// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What a graph op costs on a core before it is lowered: the instructions it will roughly become, priced by the
// shared cost model.
#pragma once

#include "runtime/hw/CostModel.h"

#include "mlir/IR/Operation.h"

namespace ncc::partition {

struct OpCost {
  double tensorNs = 0; // tensor engine
  double otherNs = 0;  // vector, scalar and GpSimd engines
  double macs = 0;
  double weightedMacs = 0; // MACs times the cycles of their type relative to bf16
  int64_t weightBytes = 0; // constants it reads, as they are stored

  OpCost &operator+=(const OpCost &other);
  /// The engines of one op work side by side.
  double busyNs() const { return tensorNs > otherNs ? tensorNs : otherNs; }
};

OpCost costOf(mlir::Operation *op, const hw::CostModel &cost, const hw::DeviceSpec &device);

/// Bytes of a value of tensor type.
int64_t bytesOf(mlir::Type type);

} // namespace ncc::partition
