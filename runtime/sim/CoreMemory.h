// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The memories of one core, partition-major exactly as addressed, and the reading and writing of access patterns
// element by element with the conversions every engine does. Both executors use it: the precise interpreter for
// everything, the host executor for what it has no fast kernel for.
#pragma once

#include "runtime/hw/DeviceSpec.h"
#include "runtime/isa/Instruction.h"
#include "runtime/sim/ProgramMemory.h"

#include <vector>

namespace ncc::sim {

/// How a value becomes an integer. Engines round to nearest even and saturate when they compute; plain copies
/// truncate and wrap unless told otherwise. NaN becomes 0.
struct ToInteger {
  bool round = true;
  bool saturate = true;
};

class CoreMemory {
public:
  explicit CoreMemory(const hw::DeviceSpec &spec);

  uint8_t *sbuf() const { return sbufBytes.get(); }
  uint8_t *psum() const { return psumBytes.get(); }
  int64_t sbufPitch() const { return sbufStride; }
  int64_t psumPitch() const { return psumStride; }

  /// Byte addresses of a pattern are base + rows*pitch + offset, see `Layout`.
  struct Layout {
    uint8_t *base;     // of the first element
    int64_t pitch;     // bytes between partitions (0 in DRAM)
    int64_t rows;      // partitions (1 in DRAM)
  };
  Layout layout(const isa::AccessPattern &ap, uint8_t *const *dram) const;

  /// Calls fn(uint8_t *first, int64_t count, int64_t strideBytes) for each innermost run in row-major order.
  template <typename Fn>
  void forEachRun(const isa::AccessPattern &ap, uint8_t *const *dram, Fn &&fn) const;

  std::vector<float> readFloats(const isa::AccessPattern &ap, uint8_t *const *dram) const;
  std::vector<double> readDoubles(const isa::AccessPattern &ap, uint8_t *const *dram) const;
  std::vector<int64_t> readIntegers(const isa::AccessPattern &ap, uint8_t *const *dram) const;
  std::vector<uint8_t> readBytes(const isa::AccessPattern &ap, uint8_t *const *dram) const;
  void writeFloats(const isa::AccessPattern &ap, uint8_t *const *dram, const std::vector<float> &values, ToInteger how = {});
  void writeDoubles(const isa::AccessPattern &ap, uint8_t *const *dram, const std::vector<double> &values, ToInteger how = {});
  void writeIntegers(const isa::AccessPattern &ap, uint8_t *const *dram, const std::vector<int64_t> &values, bool saturate = false);
  void writeBytes(const isa::AccessPattern &ap, uint8_t *const *dram, const std::vector<uint8_t> &values);

private:
  // One cache line more than a partition, so that walking partitions does not hit one cache set only.
  int64_t sbufStride, psumStride;
  HostBytes sbufBytes, psumBytes;
};

/// One element of any numeric type.
float loadFloat(DType type, const uint8_t *at);
double loadDouble(DType type, const uint8_t *at);
int64_t loadInteger(DType type, const uint8_t *at);
void storeFloat(DType type, uint8_t *at, float value, ToInteger how);
void storeDouble(DType type, uint8_t *at, double value, ToInteger how);
void storeInteger(DType type, uint8_t *at, int64_t value, bool saturate);
/// The nearest end of the range for what lies outside of it, which a C++ cast leaves undefined.
int64_t toInteger(double value, ToInteger how);
/// Integers and bool: types that instructions treat exactly.
inline bool exactType(DType type) { return isInteger(type) || type == DType::Bool; }

template <typename Fn>
void CoreMemory::forEachRun(const isa::AccessPattern &ap, uint8_t *const *dram, Fn &&fn) const {
  const Layout at = layout(ap, dram);
  const auto size = static_cast<int64_t>(dtypeSize(ap.dtype));
  const int inner = ap.rank - 1;
  const int64_t count = inner < 0 ? 1 : ap.dims[inner].size;
  const int64_t stride = inner < 0 ? size : ap.dims[inner].stride * size;
  for (int64_t row = 0; row < at.rows; ++row) {
    uint8_t *base = at.base + row * at.pitch;
    uint32_t index[isa::AccessPattern::kMaxDims] = {};
    for (;;) {
      fn(base, count, stride);
      int d = inner - 1;
      for (; d >= 0; --d) { // odometer over the outer dims
        base += ap.dims[d].stride * size;
        if (++index[d] < ap.dims[d].size) {
          break;
        }
        base -= static_cast<int64_t>(ap.dims[d].size) * ap.dims[d].stride * size;
        index[d] = 0;
      }
      if (d < 0) {
        break;
      }
    }
  }
}

} // namespace ncc::sim
