// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Formulas from the public NKI instruction costs; constants only in the device files.

#include "runtime/hw/CostModel.h"

#include <algorithm>
#include <cstdlib>

namespace ncc::hw {

using namespace isa;

double CostModel::engineGhz(Engine engine) const {
  switch (engine) {
  case Engine::Tensor:
    return spec.tensorGhz;
  case Engine::Vector:
    return spec.vectorGhz;
  case Engine::Scalar:
    return spec.scalarGhz;
  case Engine::GpSimd:
    return spec.gpsimdGhz;
  default:
    return spec.baseGhz;
  }
}

double CostModel::matmulNs(int64_t k, int64_t m, int64_t n, DType type) const {
  (void)k; // a column takes one cycle however many rows are used
  double cycles = std::max<double>(std::min<double>(spec.tensorMinCycles, static_cast<double>(m)), static_cast<double>(n));
  return cycles * std::max(spec.matmulCycles(type), 0.25) / spec.tensorGhz;
}

double CostModel::transposeNs(int64_t p, int64_t f) const {
  return std::max<double>(static_cast<double>(p), std::min<double>(spec.tensorMinCycles, static_cast<double>(f))) / spec.tensorGhz;
}

double CostModel::elementwiseNs(Engine engine, int64_t n) const {
  double cycles = std::max<double>(spec.minInstructionCycles, static_cast<double>(n));
  return cycles / engineGhz(engine);
}

double CostModel::activateNs(int64_t n, bool rowSum) const {
  return elementwiseNs(Engine::Scalar, n) + (rowSum ? spec.minInstructionCycles / spec.scalarGhz : 0);
}

double CostModel::tensorTensorNs(Engine engine, AluOp op, int64_t n, bool mixed, bool bf16) const {
  bool cheap = op == AluOp::add || op == AluOp::mul || op == AluOp::sub;
  double factor = mixed || (bf16 && cheap) ? 1 : 2;
  if (bf16 && cheap && spec.fastVectorBf16 && engine == Engine::Vector) {
    factor = 0.5;
  }
  if (op == AluOp::div) {
    factor = std::max(factor, 8.0); // by reciprocal, 8N on the vector engine
  }
  return std::max<double>(spec.minInstructionCycles, factor * static_cast<double>(n)) / engineGhz(engine);
}

double CostModel::reduceNs(int64_t n, DType type, AluOp op) const {
  bool half = type == DType::BF16 && (op == AluOp::add || op == AluOp::max);
  return std::max<double>(spec.minInstructionCycles, static_cast<double>(n) / (half ? 2 : 1)) / spec.vectorGhz;
}

double CostModel::dmaNs(int64_t bytes, int64_t runBytes) const {
  double run = std::max<double>(static_cast<double>(std::min(runBytes, bytes)), 1);
  double efficiency = run / (run + static_cast<double>(spec.dmaDescriptorOverheadBytes));
  return spec.dmaIssueNs + static_cast<double>(bytes) / (spec.dmaEngines * spec.dmaBytesPerNs * efficiency);
}

double CostModel::dmaRowsNs(int64_t rows, int64_t rowBytes) const { return dmaNs(rows * rowBytes, rowBytes); }

double CostModel::callNs(int64_t operandBytes) const {
  return spec.gpsimdCallStartNs + static_cast<double>(operandBytes) / spec.gpsimdCallBytesPerNs;
}

double CostModel::sendNs(int64_t bytes, bool sameChip) const {
  double dma = dmaNs(bytes, 4096);
  return sameChip ? dma : std::max(dma, static_cast<double>(bytes) / spec.linkBytesPerNs);
}

double CostModel::dramBytesPerNs(int activeCores) const {
  return std::min(spec.dramBytesPerNs / std::max(1, activeCores), spec.dmaEngines * spec.dmaBytesPerNs);
}

int64_t contiguousRunBytes(const AccessPattern &ap) {
  int64_t run = 1;
  for (int i = ap.rank - 1; i >= 0; --i) {
    if (ap.dims[i].size != 1 && ap.dims[i].stride != run) {
      break;
    }
    run *= ap.dims[i].size;
  }
  return run * static_cast<int64_t>(dtypeSize(ap.dtype));
}

namespace {

bool inPsum(const AccessPattern &ap) { return ap.space == Space::Psum; }
bool packedBf16(const AccessPattern &ap) {
  return ap.space == Space::Sbuf && ap.dtype == DType::BF16 &&
         contiguousRunBytes(ap) == ap.freeSize() * static_cast<int64_t>(dtypeSize(ap.dtype));
}

struct InstructionCost {
  const CostModel &model;
  const DeviceSpec &spec;

  double operator()(const Matmul &i) const {
    return model.matmulNs(i.stationary.partitions, i.stationary.freeSize(), i.moving.freeSize(), i.moving.dtype);
  }
  double operator()(const Transpose &i) const { return model.transposeNs(i.src.partitions, i.src.freeSize()); }
  double operator()(const Activate &i) const { return model.activateNs(i.dst.freeSize(), i.rowSum.valid()); }
  double operator()(const TensorTensor &i) const {
    return model.tensorTensorNs(i.header.engine, i.op, i.dst.freeSize(), inPsum(i.a) || inPsum(i.b) || inPsum(i.dst),
                                packedBf16(i.a) && packedBf16(i.b) && packedBf16(i.dst));
  }
  double operator()(const TensorScalar &i) const { return vector(i.header.engine, i.dst, i.src); }
  double operator()(const TensorCopy &i) const { return vector(i.header.engine, i.dst, i.src); }
  double operator()(const TensorReduce &i) const { return model.reduceNs(i.src.freeSize(), i.src.dtype, i.op); }
  double operator()(const Select &i) const {
    bool mixed = inPsum(i.pred) != inPsum(i.dst);
    return model.elementwiseNs(i.header.engine, i.dst.freeSize() * (mixed ? 1 : 2));
  }
  double operator()(const Scan &i) const { return model.elementwiseNs(i.header.engine, 2 * i.dst.freeSize()); }
  double operator()(const Memset &i) const { return model.elementwiseNs(i.header.engine, i.dst.freeSize()); }
  double operator()(const Iota &i) const {
    return (spec.gpsimdStartCycles + static_cast<double>(i.dst.freeSize())) / spec.gpsimdGhz;
  }
  double operator()(const DmaCopy &i) const {
    return dma(i.dst.totalSize(), std::max(dtypeSize(i.dst.dtype), dtypeSize(i.src.dtype)),
               std::min(contiguousRunBytes(i.dst), contiguousRunBytes(i.src)));
  }
  double operator()(const DmaGather &i) const {
    int64_t rows = i.index.totalSize();
    return model.dmaRowsNs(rows, i.dst.totalSize() * static_cast<int64_t>(dtypeSize(i.src.dtype)) / std::max<int64_t>(1, rows));
  }
  double operator()(const DmaScatter &i) const {
    int64_t rows = i.index.totalSize();
    return model.dmaRowsNs(rows, i.src.totalSize() * static_cast<int64_t>(dtypeSize(i.dst.dtype)) / std::max<int64_t>(1, rows));
  }
  double operator()(const Send &i) const { return dma(i.src.totalSize(), dtypeSize(i.src.dtype), contiguousRunBytes(i.src)); }
  double operator()(const Recv &i) const { return dma(i.dst.totalSize(), dtypeSize(i.dst.dtype), contiguousRunBytes(i.dst)); }
  double operator()(const Call &) const { return model.callNs(0); }
  double operator()(const Semaphore &i) const { return 1 / model.engineGhz(i.header.engine); }
  double operator()(const Nop &i) const { return 1 / model.engineGhz(i.header.engine); }

  double dma(int64_t elements, size_t elementBytes, int64_t run) const {
    return model.dmaNs(elements * static_cast<int64_t>(elementBytes), run);
  }
  /// v3 vector engines stream 16-bit SBUF tiles four at a time, others with PSUM or fp32 two at a time.
  double vector(Engine engine, const AccessPattern &dst, const AccessPattern &src) const {
    int64_t n = dst.freeSize();
    if (spec.fastVectorBf16 && engine == Engine::Vector) {
      n /= packedBf16(dst) && packedBf16(src) ? 4 : 2;
    }
    return model.elementwiseNs(engine, n);
  }
};

} // namespace

double CostModel::instructionNs(const Instruction &inst) const { return std::visit(InstructionCost{*this, spec}, inst); }

double CostModel::latencyNs(const Instruction &inst) const {
  switch (header(inst).engine) {
  case Engine::Tensor:
    return spec.tensorLatencyCycles / spec.tensorGhz;
  case Engine::Vector:
  case Engine::Scalar:
  case Engine::GpSimd:
    return spec.engineLatencyCycles / engineGhz(header(inst).engine);
  default:
    return 0;
  }
}

} // namespace ncc::hw
