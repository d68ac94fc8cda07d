// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/sim/PreciseCore.h"

#include "runtime/isa/Checks.h"
#include "runtime/ops/host/Calls.h"
#include "runtime/sim/PreciseMath.h"

#include <cmath>
#include <cstring>

// The multiply-add of a row is the only hot loop. Contraction is off, so every clone computes the same bits.
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#define NCC_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define NCC_CLONES
#endif

namespace ncc::sim {

using namespace isa;

namespace {

NCC_CLONES void addScaled(double *to, const float *from, double factor, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    to[i] += from[i] * factor;
  }
}
NCC_CLONES void addScaledInteger(int32_t *to, const int32_t *from, int32_t factor, int64_t count) {
  for (int64_t i = 0; i < count; ++i) {
    to[i] = static_cast<int32_t>(static_cast<uint32_t>(to[i]) + static_cast<uint32_t>(from[i]) * static_cast<uint32_t>(factor));
  }
}

float negated(float value) { return -value; }
int64_t negated(int64_t value) { return static_cast<int64_t>(-static_cast<uint64_t>(value)); }

class Interpreter {
public:
  Interpreter(CoreMemory &memory, ProgramContext &context) : memory(memory), context(context), dram(context.dram) {}

  absl::Status operator()(const Matmul &i) {
    if (isInteger(i.moving.dtype)) {
      return integerMatmul(i);
    }
    const int64_t k = i.stationary.partitions, m = i.dst.partitions, n = i.dst.freeSize();
    std::vector<float> stationary = floats(i.stationary), moving = floats(i.moving);
    // The products of one instruction are exact in double and their sum is rounded once; PSUM then adds in fp32.
    std::vector<double> products(static_cast<size_t>(m * n));
    for (int64_t row = 0; row < k; ++row) {
      for (int64_t column = 0; column < m; ++column) {
        addScaled(&products[column * n], &moving[row * n], stationary[row * m + column], n);
      }
    }
    std::vector<float> sum = i.accumulate ? floats(i.dst) : std::vector<float>(products.size());
    for (size_t j = 0; j < sum.size(); ++j) {
      sum[j] += static_cast<float>(products[j]);
    }
    memory.writeFloats(i.dst, dram, sum);
    return absl::OkStatus();
  }

  absl::Status operator()(const Transpose &i) {
    const size_t size = dtypeSize(i.src.dtype);
    std::vector<uint8_t> in = memory.readBytes(i.src, dram), out(in.size());
    const int64_t p = i.src.partitions, f = i.src.freeSize();
    for (int64_t row = 0; row < p; ++row) {
      for (int64_t column = 0; column < f; ++column) {
        std::memcpy(&out[(column * p + row) * size], &in[(row * f + column) * size], size);
      }
    }
    memory.writeBytes(i.dst, dram, out);
    return absl::OkStatus();
  }

  absl::Status operator()(const Activate &i) {
    std::vector<float> x = floats(i.src);
    std::vector<float> scale = perPartition(i.scale, i.dst.partitions), bias = perPartition(i.bias, i.dst.partitions);
    if (!i.bias.isPattern() && i.bias.asDouble() == 0) { // not added: x + -0 is x, -0 too
      std::fill(bias.begin(), bias.end(), -0.0f);
    }
    std::vector<float> sums(i.dst.partitions);
    const int64_t n = i.dst.freeSize();
    for (int64_t p = 0; p < i.dst.partitions; ++p) {
      for (int64_t j = 0; j < n; ++j) {
        float &value = x[p * n + j];
        value = activation(i.func, value * scale[p] + bias[p], i.alpha, i.beta);
        sums[p] += value;
      }
    }
    memory.writeFloats(i.dst, dram, x);
    if (i.rowSum.valid()) {
      memory.writeFloats(i.rowSum, dram, sums);
    }
    return absl::OkStatus();
  }

  absl::Status operator()(const TensorTensor &i) {
    if (exactType(i.a.dtype) && exactType(i.b.dtype)) {
      std::vector<int64_t> a = integers(i.a), b = integers(i.b);
      for (size_t j = 0; j < a.size(); ++j) {
        a[j] = aluInteger(i.op, a[j], b[j], i.a.dtype);
      }
      memory.writeIntegers(i.dst, dram, a);
      return absl::OkStatus();
    }
    std::vector<float> a = floats(i.a), b = floats(i.b);
    for (size_t j = 0; j < a.size(); ++j) {
      a[j] = aluFloat(i.op, a[j], b[j]);
    }
    memory.writeFloats(i.dst, dram, a);
    return absl::OkStatus();
  }

  absl::Status operator()(const TensorScalar &i) {
    const int64_t n = i.dst.freeSize();
    if (exactType(i.src.dtype) && exactScalar(i.s0) && (i.op1 == AluOp::bypass || exactScalar(i.s1))) {
      std::vector<int64_t> x = integers(i.src), s0 = integerScalars(i.s0, i.dst), s1 = integerScalars(i.s1, i.dst);
      for (size_t j = 0; j < x.size(); ++j) {
        int64_t a = s0[j / n], b = s1[j / n];
        x[j] = i.reverse0 ? aluInteger(i.op0, a, x[j], i.src.dtype) : aluInteger(i.op0, x[j], a, i.src.dtype);
        x[j] = i.reverse1 ? aluInteger(i.op1, b, x[j], i.src.dtype) : aluInteger(i.op1, x[j], b, i.src.dtype);
      }
      memory.writeIntegers(i.dst, dram, x);
      return absl::OkStatus();
    }
    std::vector<float> x = floats(i.src), s0 = perPartition(i.s0, i.dst.partitions), s1 = perPartition(i.s1, i.dst.partitions);
    for (size_t j = 0; j < x.size(); ++j) {
      float a = s0[j / n], b = s1[j / n];
      x[j] = i.reverse0 ? aluFloat(i.op0, a, x[j]) : aluFloat(i.op0, x[j], a);
      x[j] = i.reverse1 ? aluFloat(i.op1, b, x[j]) : aluFloat(i.op1, x[j], b);
    }
    memory.writeFloats(i.dst, dram, x);
    return absl::OkStatus();
  }

  absl::Status operator()(const TensorReduce &i) {
    const int64_t inner = i.src.freeSize() / outerSize(i.src, i.reduceDims);
    const size_t outer = static_cast<size_t>(i.dst.totalSize());
    auto reduce = [&](auto source, auto combine) {
      decltype(source) out(outer);
      for (size_t o = 0; o < outer; ++o) {
        auto value = source[o * inner];
        for (int64_t j = 1; j < inner; ++j) {
          value = combine(value, source[o * inner + j]);
        }
        out[o] = i.negate ? negated(value) : value;
      }
      return out;
    };
    if (exactType(i.src.dtype)) {
      memory.writeIntegers(i.dst, dram, reduce(integers(i.src), [&](int64_t a, int64_t b) { return aluInteger(i.op, a, b, i.src.dtype); }));
    } else {
      memory.writeFloats(i.dst, dram, reduce(floats(i.src), [&](float a, float b) { return aluFloat(i.op, a, b); }));
    }
    return absl::OkStatus();
  }

  absl::Status operator()(const TensorCopy &i) { return copy(i.dst, i.src, {i.round, i.saturate}); }
  absl::Status operator()(const DmaCopy &i) { return copy(i.dst, i.src, {i.round, i.saturate}); }

  absl::Status operator()(const Select &i) {
    std::vector<double> pred = memory.readDoubles(i.pred, dram);
    const bool exact = exactType(i.dst.dtype) && exactScalar(i.a) && exactScalar(i.b);
    auto pick = [&](auto a, auto b, bool aTile, bool bTile) {
      decltype(a) out(pred.size());
      for (size_t j = 0; j < pred.size(); ++j) {
        out[j] = pred[j] != 0 ? a[aTile ? j : 0] : b[bTile ? j : 0];
      }
      return out;
    };
    const bool aTile = i.a.isPattern(), bTile = i.b.isPattern();
    if (exact) {
      auto values = [&](const ScalarOperand &s) { return s.isPattern() ? integers(s.pattern) : std::vector<int64_t>{s.integer}; };
      memory.writeIntegers(i.dst, dram, pick(values(i.a), values(i.b), aTile, bTile));
    } else {
      auto values = [&](const ScalarOperand &s) { return s.isPattern() ? floats(s.pattern) : std::vector<float>{static_cast<float>(s.asDouble())}; };
      memory.writeFloats(i.dst, dram, pick(values(i.a), values(i.b), aTile, bTile));
    }
    return absl::OkStatus();
  }

  absl::Status operator()(const Scan &i) {
    const int64_t n = i.src.dims[i.src.rank - 1].size;
    if (exactType(i.src.dtype)) {
      std::vector<int64_t> x = integers(i.src);
      for (size_t j = 0; j < x.size(); ++j) {
        x[j] = j % n ? aluInteger(i.op, x[j - 1], x[j], i.src.dtype) : x[j];
      }
      memory.writeIntegers(i.dst, dram, x);
    } else {
      std::vector<float> x = floats(i.src);
      for (size_t j = 0; j < x.size(); ++j) {
        x[j] = j % n ? aluFloat(i.op, x[j - 1], x[j]) : x[j];
      }
      memory.writeFloats(i.dst, dram, x);
    }
    return absl::OkStatus();
  }

  absl::Status operator()(const Memset &i) {
    const size_t size = static_cast<size_t>(i.dst.totalSize());
    if (i.value.kind == ScalarOperand::Kind::I64) {
      memory.writeIntegers(i.dst, dram, std::vector<int64_t>(size, i.value.integer));
    } else {
      memory.writeFloats(i.dst, dram, std::vector<float>(size, i.value.value));
    }
    return absl::OkStatus();
  }

  absl::Status operator()(const Iota &i) {
    std::vector<int64_t> out(static_cast<size_t>(i.dst.totalSize()));
    const int64_t n = i.dst.freeSize();
    const int64_t steps[4] = {i.step0, i.step1, i.step2, i.step3};
    for (int64_t j = 0; j < static_cast<int64_t>(out.size()); ++j) {
      auto value = static_cast<uint64_t>(i.base) + static_cast<uint64_t>(i.channelMultiplier) * static_cast<uint64_t>(j / n);
      int64_t rest = j % n;
      for (int d = i.dst.rank - 1; d >= 0; --d) {
        value += static_cast<uint64_t>(steps[d]) * static_cast<uint64_t>(rest % i.dst.dims[d].size);
        rest /= i.dst.dims[d].size;
      }
      out[j] = static_cast<int64_t>(value);
    }
    memory.writeIntegers(i.dst, dram, out);
    return absl::OkStatus();
  }

  absl::Status operator()(const DmaGather &i) {
    std::vector<int64_t> index = integers(i.index);
    const int64_t row = rowSize(i.src);
    AccessPattern one = rowPattern(i.src);
    if (i.dst.dtype == i.src.dtype) {
      return gather<uint8_t>(i, index, one, row * static_cast<int64_t>(dtypeSize(i.src.dtype)));
    }
    if (exactType(i.dst.dtype) && exactType(i.src.dtype)) {
      return gather<int64_t>(i, index, one, row);
    }
    return gather<float>(i, index, one, row);
  }

  absl::Status operator()(const DmaScatter &i) {
    std::vector<int64_t> index = integers(i.index);
    const int64_t row = rowSize(i.dst);
    AccessPattern one = rowPattern(i.dst);
    if (i.op == AluOp::bypass && i.dst.dtype == i.src.dtype) {
      return replaceRows(i, index, one);
    }
    const bool exact = exactType(i.dst.dtype) && exactType(i.src.dtype);
    std::vector<int64_t> whole = exact ? integers(i.src) : std::vector<int64_t>();
    std::vector<float> real = exact ? std::vector<float>() : floats(i.src);
    for (size_t r = 0; r < index.size(); ++r) {
      if (!rowAt(i.dst, index[r], one, i.header.node)) {
        continue;
      }
      if (exact) {
        std::vector<int64_t> values(whole.begin() + r * row, whole.begin() + (r + 1) * row);
        if (i.op != AluOp::bypass) {
          std::vector<int64_t> old = integers(one);
          for (int64_t j = 0; j < row; ++j) {
            values[j] = aluInteger(i.op, old[j], values[j], i.dst.dtype);
          }
        }
        memory.writeIntegers(one, dram, values);
      } else {
        std::vector<float> values(real.begin() + r * row, real.begin() + (r + 1) * row);
        if (i.op != AluOp::bypass) {
          std::vector<float> old = floats(one);
          for (int64_t j = 0; j < row; ++j) {
            values[j] = aluFloat(i.op, old[j], values[j]);
          }
        }
        memory.writeFloats(one, dram, values);
      }
    }
    return absl::OkStatus();
  }

  absl::Status operator()(const Send &i) {
    std::vector<uint8_t> bytes = memory.readBytes(i.src, dram);
    std::memcpy(context.slots[i.channel] + i.slotOffset, bytes.data(), bytes.size());
    return absl::OkStatus();
  }
  absl::Status operator()(const Recv &i) {
    std::vector<uint8_t> bytes(static_cast<size_t>(i.dst.totalSize()) * dtypeSize(i.dst.dtype));
    std::memcpy(bytes.data(), context.slots[i.channel] + i.slotOffset, bytes.size());
    memory.writeBytes(i.dst, dram, bytes);
    return absl::OkStatus();
  }

  absl::Status operator()(const Call &i) {
    const neff::CallEntry &call = context.program->calls[i.entry];
    std::vector<Tensor> inputs, outputs;
    std::vector<ValueType> in, out;
    for (const auto &operand : call.inputs) {
      // A copy would be safest, but firmware reads large tensors: refer to DRAM, write outputs to fresh memory.
      inputs.push_back(operand ? Tensor(operand->dtype, operand->shape, dram[operand->buffer] + operand->offset, nullptr) : Tensor());
      in.push_back(operand ? ValueType::tensor(operand->dtype, operand->shape) : ValueType());
    }
    for (const neff::CallOperand &operand : call.outputs) {
      outputs.emplace_back(operand.dtype, operand.shape);
      out.push_back(ValueType::tensor(operand.dtype, operand.shape));
    }
    absl::StatusOr<ops::KernelCall> settled = ops::settleCall(call.kernel, call.attributes, in, out);
    absl::Status status = settled.ok() ? ops::runSettled(*settled, inputs, absl::MakeSpan(outputs)) : settled.status();
    if (!status.ok()) {
      return status;
    }
    for (size_t o = 0; o < outputs.size(); ++o) {
      const neff::CallOperand &operand = call.outputs[o];
      const size_t room = static_cast<size_t>(numElements(operand.shape)) * dtypeSize(operand.dtype);
      if (outputs[o].byteSize() > room || outputs[o].dtype() != operand.dtype) {
        return absl::InternalError("kernel `" + call.kernel + "` returned more than its static result");
      }
      uint8_t *to = dram[operand.buffer] + operand.offset;
      std::memcpy(to, outputs[o].data(), outputs[o].byteSize());
      std::memset(to + outputs[o].byteSize(), 0, room - outputs[o].byteSize());
      const neff::Buffer &buffer = context.program->buffers[operand.buffer];
      if (context.shapes && buffer.kind == neff::BufferKind::Output && outputs[o].shape() != operand.shape) {
        (*context.shapes)[buffer.index] = outputs[o].shape();
      }
    }
    return absl::OkStatus();
  }

  absl::Status operator()(const Semaphore &) { return absl::OkStatus(); }
  absl::Status operator()(const Nop &) { return absl::OkStatus(); }

private:
  std::vector<float> floats(const AccessPattern &ap) const { return memory.readFloats(ap, dram); }
  std::vector<int64_t> integers(const AccessPattern &ap) const { return memory.readIntegers(ap, dram); }
  static bool exactScalar(const ScalarOperand &s) {
    return s.isPattern() ? exactType(s.pattern.dtype) : s.kind == ScalarOperand::Kind::I64;
  }
  std::vector<float> perPartition(const ScalarOperand &s, uint16_t partitions) const {
    return s.isPattern() ? floats(s.pattern) : std::vector<float>(partitions, static_cast<float>(s.asDouble()));
  }
  std::vector<int64_t> integerScalars(const ScalarOperand &s, const AccessPattern &dst) const {
    return s.isPattern() ? integers(s.pattern) : std::vector<int64_t>(dst.partitions, s.integer);
  }

  absl::Status integerMatmul(const Matmul &i) {
    const int64_t k = i.stationary.partitions, m = i.dst.partitions, n = i.dst.freeSize();
    std::vector<int64_t> stationary = integers(i.stationary), wide = integers(i.moving), sum = integers(i.dst);
    std::vector<int32_t> moving(wide.size()), out(sum.size());
    for (size_t j = 0; j < wide.size(); ++j) {
      moving[j] = static_cast<int32_t>(wide[j]) - i.movingZero;
    }
    for (size_t j = 0; i.accumulate && j < sum.size(); ++j) {
      out[j] = static_cast<int32_t>(sum[j]);
    }
    for (int64_t row = 0; row < k; ++row) {
      for (int64_t column = 0; column < m; ++column) {
        addScaledInteger(&out[column * n], &moving[row * n], static_cast<int32_t>(stationary[row * m + column]) - i.stationaryZero, n);
      }
    }
    memory.writeIntegers(i.dst, dram, std::vector<int64_t>(out.begin(), out.end()));
    return absl::OkStatus();
  }

  absl::Status copy(const AccessPattern &dst, const AccessPattern &src, ToInteger how) {
    if (dst.dtype == src.dtype) {
      memory.writeBytes(dst, dram, memory.readBytes(src, dram));
    } else if (exactType(src.dtype)) {
      memory.writeIntegers(dst, dram, integers(src), how.saturate);
    } else {
      memory.writeDoubles(dst, dram, memory.readDoubles(src, dram), how);
    }
    return absl::OkStatus();
  }

  static AccessPattern rowPattern(const AccessPattern &table) {
    AccessPattern one = table;
    one.dims[0] = {0, 1};
    return one;
  }
  /// Moves `one` to a row of the table; false (and flagged) when there is no such row.
  bool rowAt(const AccessPattern &table, int64_t index, AccessPattern &one, uint32_t node) {
    const int64_t rows = table.dims[0].size;
    index += index < 0 ? rows : 0;
    if (index < 0 || index >= rows) {
      context.outOfBounds = context.outOfBounds.value_or(node);
      return false;
    }
    one.offset = table.offset + static_cast<uint64_t>(index * table.dims[0].stride * static_cast<int64_t>(dtypeSize(table.dtype)));
    return true;
  }
  absl::Status replaceRows(const DmaScatter &i, const std::vector<int64_t> &index, AccessPattern one) {
    const std::vector<uint8_t> bytes = memory.readBytes(i.src, dram);
    const auto row = static_cast<std::ptrdiff_t>(rowSize(i.dst) * static_cast<int64_t>(dtypeSize(i.dst.dtype)));
    for (size_t r = 0; r < index.size(); ++r) {
      if (rowAt(i.dst, index[r], one, i.header.node)) {
        const auto first = bytes.begin() + static_cast<std::ptrdiff_t>(r) * row;
        memory.writeBytes(one, dram, std::vector<uint8_t>(first, first + row));
      }
    }
    return absl::OkStatus();
  }
  template <typename T>
  absl::Status gather(const DmaGather &i, const std::vector<int64_t> &index, AccessPattern one, int64_t row) {
    std::vector<T> out;
    out.reserve(index.size() * static_cast<size_t>(row));
    for (int64_t at : index) {
      if (!rowAt(i.src, at, one, i.header.node)) {
        out.resize(out.size() + static_cast<size_t>(row));
        continue;
      }
      std::vector<T> values;
      if constexpr (std::is_same_v<T, float>) {
        values = floats(one);
      } else if constexpr (std::is_same_v<T, int64_t>) {
        values = integers(one);
      } else {
        values = memory.readBytes(one, dram);
      }
      out.insert(out.end(), values.begin(), values.end());
    }
    if constexpr (std::is_same_v<T, float>) {
      memory.writeFloats(i.dst, dram, out, {false, false});
    } else if constexpr (std::is_same_v<T, int64_t>) {
      memory.writeIntegers(i.dst, dram, out);
    } else {
      memory.writeBytes(i.dst, dram, out);
    }
    return absl::OkStatus();
  }

  CoreMemory &memory;
  ProgramContext &context;
  uint8_t *const *dram;
};

} // namespace

absl::Status executeInstruction(const Instruction &inst, CoreMemory &memory, ProgramContext &context) {
  return std::visit(Interpreter(memory, context), inst);
}

absl::Status PreciseCore::execute(const Instruction &inst, ProgramContext &context) {
  return executeInstruction(inst, memory, context);
}

} // namespace ncc::sim
