// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// How an instruction names data. Neuron facts: an on-chip operand is a run of partitions and, inside each
// partition, a free pattern of up to four (stride, size) pairs in elements, outermost first; a DRAM operand is a
// buffer of the core's table and up to five pairs. Both are walked in row-major order (partition first).
#pragma once

#include "runtime/tensor/DType.h"

#include <array>
#include <cstdint>

namespace ncc::isa {

enum class Space : uint8_t { None = 0, Sbuf = 1, Psum = 2, Dram = 3 };

struct Dim {
  int32_t stride = 0; // elements; 0 repeats
  uint32_t size = 1;
  bool operator==(const Dim &) const = default;
};

struct AccessPattern {
  static constexpr int kMaxDims = 5; // four free dims on chip, five in DRAM

  Space space = Space::None;
  DType dtype = DType::F32;
  uint8_t rank = 0;            // used entries of dims
  uint16_t buffer = 0;         // Dram: index into the program's buffer table
  uint16_t partition = 0;      // on chip: first partition
  uint16_t partitions = 0;     // on chip: how many (step is always 1)
  uint64_t offset = 0;         // bytes: inside each partition on chip, inside the buffer in DRAM
  std::array<Dim, kMaxDims> dims{}; // free pattern, outermost first (DRAM: the whole pattern)

  bool valid() const { return space != Space::None; }
  /// Elements per partition on chip; all elements in DRAM.
  int64_t freeSize() const {
    int64_t n = 1;
    for (int i = 0; i < rank; ++i) {
      n *= dims[i].size;
    }
    return n;
  }
  int64_t totalSize() const { return space == Space::Dram ? freeSize() : freeSize() * partitions; }
  bool operator==(const AccessPattern &) const = default;
};

} // namespace ncc::isa
