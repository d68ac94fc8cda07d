// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The machine description: every hardware number of the project, read from a small text file (runtime/hw/devices,
// or the user's own). A line is `key = value  # source`; the source, or the word "assumed", is required.
#pragma once

#include "runtime/tensor/DType.h"

#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include <string>
#include <string_view>
#include <vector>

namespace ncc::hw {

struct DeviceSpec {
  std::string name;
  std::string text; // the description this was read from, as stored in a NEFF

  // Shape of the chip.
  int coresPerChip = 0;
  int chipsPerHost = 0;     // largest instance
  int partitions = 128;
  int64_t sbufBytesPerPartition = 0; // usable
  int64_t psumBytesPerPartition = 0;
  int psumBanks = 0;
  int64_t psumBankBytes = 0;         // per partition
  int peRows = 0;
  int peCols = 0;
  int maxMovingFree = 0;        // N of a matmul
  int maxStationaryColumns = 0; // M of a matmul
  int semaphores = 0;

  // Clocks in GHz.
  double tensorGhz = 0;
  double vectorGhz = 0;
  double scalarGhz = 0;
  double gpsimdGhz = 0;
  double baseGhz = 0; // what the profiler counts "cycles" in

  // Memories and links. Rates in bytes per nanosecond (= GB/s).
  int64_t dramBytes = 0;      // per chip
  double dramBytesPerNs = 0;  // per chip, shared by its cores
  int dmaEngines = 0;         // per core
  int dmaQueues = 0;          // queues a program may use per core
  double dmaBytesPerNs = 0;   // per DMA engine
  double dmaStartNs = 0;      // from the semaphore to the first byte
  double dmaIssueNs = 0;      // between descriptors lists of one queue
  int64_t dmaDescriptorOverheadBytes = 0; // a contiguous run of n bytes costs as much as n + this
  double linkBytesPerNs = 0;  // to a neighbouring chip, one direction
  double linkLatencyNs = 0;

  // Tensor engine: cycles per moving column relative to bf16; 0 = the array has no such type.
  double matmulBf16 = 1;
  double matmulF16 = 1;
  double matmulF32 = 0;
  double matmulF8 = 0;
  double matmulInt8 = 0;

  // Instruction costs in cycles of the engine.
  double minInstructionCycles = 0; // MIN_II
  double tensorMinCycles = 0;      // smallest matmul or transpose
  double tensorLatencyCycles = 0;  // last column in to result readable
  double engineLatencyCycles = 0;  // last element in to result readable, semaphore included
  double gpsimdStartCycles = 0;
  double gpsimdCallBytesPerNs = 0; // firmware kernels: throughput over their operands
  double gpsimdCallStartNs = 0;
  bool vectorGpsimdShareSbuf = false; // mutually exclusive on SBUF
  bool vectorScalarSharePsum = false; // mutually exclusive on PSUM
  bool fastVectorBf16 = false;        // 2x and 4x modes of the vector engine

  double firstRunNs = 0;        // added to the first execution
  double executeOverheadNs = 0; // host call overhead per inference on a device
  std::string priceInstance;    // the instance the price is taken from
  double pricePerChipHour = 0;  // 0: unknown

  /// Cycles per moving column for this operand type; 0 if the array cannot multiply it.
  double matmulCycles(DType type) const;
  bool hasInt8Matmul() const { return matmulInt8 > 0; }
  /// Multiply-accumulates per second of one core at the rate of the type; 0 if unsupported.
  double peakMacsPerSecond(DType type) const;
  int64_t sbufBytes() const { return sbufBytesPerPartition * partitions; }
};

/// Errors name the line, the key, the value and what is allowed (runtime/hw/Limits.h holds what executors assume).
absl::StatusOr<DeviceSpec> parseDevice(std::string_view text);
/// The built-in device of that name or nullptr.
const DeviceSpec *findDevice(std::string_view name);
absl::Span<const DeviceSpec> knownDevices();

} // namespace ncc::hw
