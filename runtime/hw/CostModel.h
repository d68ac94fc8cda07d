// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What an instruction costs on a device. Tiling, partition, scheduling and the timing simulator all use these
// functions, so that a prediction and a simulation cannot drift apart. Times are nanoseconds of the engine being
// busy; `latencyNs` is what a dependent instruction waits in addition.
#pragma once

#include "runtime/hw/DeviceSpec.h"
#include "runtime/isa/Instruction.h"

namespace ncc::hw {

class CostModel {
public:
  explicit CostModel(const DeviceSpec &spec) : spec(spec) {}

  /// Engine time of any instruction; a Call needs its operands' bytes (see callNs) and costs the start only.
  double instructionNs(const isa::Instruction &inst) const;
  /// Time from the end of the engine's work until a dependent instruction may start.
  double latencyNs(const isa::Instruction &inst) const;

  double matmulNs(int64_t k, int64_t m, int64_t n, DType type) const;
  double transposeNs(int64_t p, int64_t f) const;
  /// `n` elements per partition.
  double activateNs(int64_t n, bool rowSum = false) const;
  /// tensor_tensor on Vector or GpSimd. `mixed`: an operand is in PSUM; `bf16`: all are bf16, contiguous, in SBUF.
  double tensorTensorNs(isa::Engine engine, isa::AluOp op, int64_t n, bool mixed, bool bf16) const;
  /// One pass of `n` elements per partition: tensor_scalar, tensor_copy, memset.
  double elementwiseNs(isa::Engine engine, int64_t n) const;
  double reduceNs(int64_t n, DType type, isa::AluOp op) const;

  /// One transfer over all DMA engines of a core, without the start: `bytes` in contiguous runs of `runBytes`.
  double dmaNs(int64_t bytes, int64_t runBytes) const;
  /// The same for a number of descriptors of `rowBytes` each (gather, scatter).
  double dmaRowsNs(int64_t rows, int64_t rowBytes) const;
  double dmaStartNs() const { return spec.dmaStartNs; }
  double callNs(int64_t operandBytes) const;
  /// Core to core: over DRAM on one chip, over the link between chips.
  double sendNs(int64_t bytes, bool sameChip) const;
  double sendLatencyNs(bool sameChip) const { return sameChip ? spec.dmaStartNs : spec.dmaStartNs + spec.linkLatencyNs; }

  /// Bandwidth of DRAM one core gets when `activeCores` of its chip stream.
  double dramBytesPerNs(int activeCores) const;
  double engineGhz(isa::Engine engine) const;

private:
  const DeviceSpec &spec;
};

inline double instructionNs(const isa::Instruction &inst, const DeviceSpec &spec) {
  return CostModel(spec).instructionNs(inst);
}

/// Bytes of the longest contiguous run the pattern's innermost dims form (per partition on chip).
int64_t contiguousRunBytes(const isa::AccessPattern &ap);

} // namespace ncc::hw
