// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The predicates that the checks of Isa.td are written with.
#pragma once

#include "runtime/hw/DeviceSpec.h"
#include "runtime/isa/Instruction.h"

namespace ncc::isa {

/// First and one-past-last byte a pattern touches inside a partition (or, in DRAM, inside its buffer).
struct ByteRange {
  int64_t begin = 0;
  int64_t end = 0;
};
ByteRange byteRange(const AccessPattern &ap);

inline bool sameTile(const AccessPattern &a, const AccessPattern &b) {
  return a.partitions == b.partitions && a.freeSize() == b.freeSize();
}
inline bool perPartition(const AccessPattern &ap, const AccessPattern &tile) {
  return ap.partitions == tile.partitions && ap.freeSize() == 1;
}
inline bool tileOrNumber(const ScalarOperand &operand, const AccessPattern &tile) {
  return !operand.isPattern() || sameTile(operand.pattern, tile);
}
inline int64_t outerSize(const AccessPattern &ap, int reduceDims) {
  int64_t n = 1;
  for (int i = 0; i < ap.rank - reduceDims; ++i) {
    n *= ap.dims[i].size;
  }
  return n;
}
/// Elements of one row of a gather source or scatter destination.
inline int64_t rowSize(const AccessPattern &ap) { return ap.freeSize() / std::max<int64_t>(1, ap.dims[0].size); }

bool insideOneBank(const AccessPattern &ap, const hw::DeviceSpec &spec);
bool matmulTypes(DType stationary, DType moving, DType dst);

} // namespace ncc::isa
