// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The predicates that the checks of Isa.td are written with.
#pragma once

#include "runtime/hw/DeviceSpec.h"
#include "runtime/isa/Instruction.h"

namespace ncc::isa {

/// First and one-past-last byte a pattern touches inside a partition (or, in DRAM, inside its buffer). Exact for patterns that
/// verify accepts; what does not fit 64 bits is the nearest number that does.
struct ByteRange {
  int64_t begin = 0;
  int64_t end = 0;
};
ByteRange byteRange(const AccessPattern &ap);

/// No instruction touches more elements with one operand.
inline constexpr int64_t kMostElements = int64_t{1} << 34;

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
/// Zero points of 8-bit types, and differences of them, are small; the interpreters count on products that fit.
inline bool isZeroPoint(int32_t zero) { return zero >= INT16_MIN && zero <= INT16_MAX; }
/// Engines compute with the type.
inline bool computes(DType type) { return typeBit(type) & kEngineTypes; }
/// DMA moves elements of one type as they are, and converts among those engines compute with and f64.
inline bool movable(DType to, DType from) {
  constexpr TypeMask converted = kEngineTypes | typeBit(DType::F64);
  return to == from || ((typeBit(to) & converted) && (typeBit(from) & converted));
}
/// `whole` has as many elements as `part` times `count`.
inline bool sizesMultiply(const AccessPattern &whole, const AccessPattern &part, int64_t count) {
  return static_cast<__int128>(part.totalSize()) * count == whole.totalSize();
}

// References to the program hold when there is none to look at.
inline bool sends(const ProgramView *program, uint16_t channel) {
  return !program || (channel < program->channels.size() && program->channels[channel].sends);
}
inline bool receives(const ProgramView *program, uint16_t channel) {
  return !program || (channel < program->channels.size() && program->channels[channel].receives);
}
inline bool fitsSlot(const ProgramView *program, uint16_t channel, uint64_t offset, const AccessPattern &ap) {
  const auto bytes = static_cast<__int128>(ap.totalSize()) * static_cast<int64_t>(dtypeSize(ap.dtype));
  return !program || static_cast<__int128>(offset) + bytes <= static_cast<__int128>(program->channels[channel].bytes);
}
inline bool mayCall(const ProgramView *program, uint32_t entry) {
  return !program || (entry < program->calls.size() && program->calls[entry] != 0);
}

} // namespace ncc::isa
