// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Decisions and what follows from them: comparisons that give bytes, choices between bytes, rows fetched by number, prefixes.
#include "runtime/host/Steps.h"
#include "runtime/hw/Limits.h"

#include <algorithm>
#include <cstring>

namespace ncc::host {

using namespace isa;

namespace {

bool isByte(DType type) { return type == DType::U8 || type == DType::I8 || type == DType::Bool; }

/// f32 rows compared with a number, or one per partition; then a small number added.
class CompareStep : public Step {
  const char *name() const override { return "Compare"; }

public:
  CompareStep(const TensorScalar &i, const Layouts &m, const VectorKernels &k)
      : kernels(k), dst(i.dst, m), src(i.src, m), limit(i.s0.isPattern() ? Walk(i.s0.pattern, m) : Walk()), perPartition(i.s0.isPattern()), op(i.op0),
        number(perPartition ? 0 : static_cast<float>(i.s0.asDouble())), add(i.op1 == AluOp::add ? static_cast<uint8_t>(i.s1.asDouble()) : 0) {}
  static bool fits(const TensorScalar &i, const Layouts &m, const VectorKernels &k) {
    const double added = i.op1 == AluOp::add && !i.s1.isPattern() ? i.s1.asDouble() : i.op1 == AluOp::bypass ? 0 : -1;
    const bool small = added >= 0 && added < (i.dst.dtype == DType::U8 ? 255 : 1) && added == static_cast<int>(added);
    return small && !i.reverse0 && !i.reverse1 && isByte(i.dst.dtype) && Walk(i.dst, m).contiguousRows() && Walk(i.src, m).floatRows() &&
           (!i.s0.isPattern() || i.s0.pattern.dtype == DType::F32) && k.compareBytes(i.op0, {}, 0, 0);
  }
  absl::Status run(CoreContext &context) const override {
    float values[hw::kMostPartitions];
    const uint8_t *from = perPartition ? limit.base(context) : nullptr;
    for (int64_t p = 0; p < dst.partitions; ++p) {
      values[p] = number;
      if (perPartition) {
        std::memcpy(&values[p], from + p * limit.pitch, 4);
      }
    }
    kernels.compareBytes(op, {dst.base(context), dst.pitch, src.base(context), src.pitch, values, dst.partitions}, add, dst.perPartition);
    return absl::OkStatus();
  }

private:
  const VectorKernels &kernels;
  Walk dst, src, limit;
  bool perPartition;
  AluOp op;
  float number;
  uint8_t add;
};

/// pred ? a : b of bytes; a and b may be runs with gaps.
class ByteSelectStep : public Step {
  const char *name() const override { return "ByteSelect"; }

public:
  ByteSelectStep(const Select &i, const Layouts &m, const VectorKernels &k) : kernels(k), dst(i.dst, m), pred(i.pred, m), a(i.a.pattern, m), b(i.b.pattern, m) {}
  static bool fits(const Select &i, const Layouts &m) {
    if (!i.a.isPattern() || !i.b.isPattern() || !isByte(i.dst.dtype) || !isByte(i.pred.dtype) || i.a.pattern.dtype != i.dst.dtype ||
        i.b.pattern.dtype != i.dst.dtype) {
      return false;
    }
    Walk to(i.dst, m), from(i.pred, m), x(i.a.pattern, m), y(i.b.pattern, m);
    auto runs = [](const Walk &w) { return w.rank == 0 || (w.rank <= 2 && w.strides[w.rank - 1] == 1); };
    return to.contiguousRows() && from.contiguousRows() && runs(x) && runs(y) && run(x) == run(y);
  }
  absl::Status run(CoreContext &context) const override {
    uint8_t *to = dst.base(context);
    const uint8_t *from = pred.base(context), *fromA = a.base(context), *fromB = b.base(context);
    const int64_t length = run(a), strideA = a.rank == 2 ? a.strides[0] : length, strideB = b.rank == 2 ? b.strides[0] : length;
    for (int64_t p = 0; p < dst.partitions; ++p) {
      for (int64_t at = 0, r = 0; at < dst.perPartition; at += length, ++r) {
        kernels.selectBytes(to + p * dst.pitch + at, from + p * pred.pitch + at, fromA + p * a.pitch + r * strideA, fromB + p * b.pitch + r * strideB, length);
      }
    }
    return absl::OkStatus();
  }

private:
  static int64_t run(const Walk &w) { return w.rank == 0 ? 1 : w.sizes[w.rank - 1]; }
  const VectorKernels &kernels;
  Walk dst, pred, a, b;
};

/// Sums of the first, the first two ... of each f32 run, strictly in order; several partitions side by side hide each other's latency.
class PrefixStep : public Step {
  const char *name() const override { return "Prefix"; }

public:
  PrefixStep(const Scan &i, const Layouts &m) : dst(i.dst, m), src(i.src, m), length(i.src.dims[i.src.rank - 1].size), stride(i.src.dims[i.src.rank - 1].stride * 4) {
    src.rank = 0; // outer runs are told by hand: a walk merges what may not be merged here
    for (int d = 0; d < i.src.rank - 1; ++d) {
      outerSizes[d] = i.src.dims[d].size;
      outerStrides[d] = i.src.dims[d].stride * 4;
    }
    outer = i.src.rank - 1;
  }
  static bool fits(const Scan &i, const Layouts &m) {
    return i.op == AluOp::add && i.src.dtype == DType::F32 && i.src.rank >= 1 && i.src.rank <= 4 && Walk(i.dst, m).floatRows();
  }
  absl::Status run(CoreContext &context) const override {
    uint8_t *to = dst.base(context);
    const uint8_t *from = src.base(context);
    const int64_t runs = dst.perPartition / length;
    for (int64_t p = 0; p < dst.partitions; p += kTogether) {
      const int64_t count = std::min(kTogether, dst.partitions - p);
      for (int64_t r = 0; r < runs; ++r) {
        int64_t begin = 0, rest = r;
        for (int d = outer - 1; d >= 0; --d) {
          begin += rest % outerSizes[d] * outerStrides[d];
          rest /= outerSizes[d];
        }
        prefixes(to + p * dst.pitch + r * length * 4, from + p * src.pitch + begin, count);
      }
    }
    return absl::OkStatus();
  }

private:
  static constexpr int64_t kTogether = 8;

  void prefixes(uint8_t *to, const uint8_t *from, int64_t count) const {
    float sums[kTogether] = {};
    for (int64_t j = 0; j < length; ++j) {
      for (int64_t q = 0; q < count; ++q) {
        float value;
        std::memcpy(&value, from + q * src.pitch + j * stride, 4);
        sums[q] = j == 0 ? value : sums[q] + value;
        std::memcpy(to + q * dst.pitch + j * 4, &sums[q], 4);
      }
    }
  }
  Walk dst, src;
  int64_t length, stride, outerSizes[4] = {}, outerStrides[4] = {};
  int outer = 0;
};

/// Gather of rows that are contiguous on both sides and keep their type.
class GatherStep : public Step {
  const char *name() const override { return "Gather"; }

public:
  GatherStep(const DmaGather &i, const Layouts &m)
      : dst(i.dst, m), src(i.src, m), index(i.index, m), rows(i.src.dims[0].size),
        stride(i.src.dims[0].stride * static_cast<int64_t>(dtypeSize(i.src.dtype))), row(rowSize(i.src) * static_cast<int64_t>(dtypeSize(i.src.dtype))),
        perPartition(dst.perPartition * static_cast<int64_t>(dtypeSize(i.dst.dtype)) / row), node(i.header.node) {}
  static bool fits(const DmaGather &i, const Layouts &m) {
    Walk to(i.dst, m), at(i.index, m);
    int64_t run = 1;
    for (int d = i.src.rank - 1; d >= 1; --d) {
      if (i.src.dims[d].size != 1 && i.src.dims[d].stride != run) {
        return false;
      }
      run *= i.src.dims[d].size;
    }
    return i.dst.dtype == i.src.dtype && to.contiguousRows() && to.perPartition % run == 0 && at.contiguousRows();
  }
  absl::Status run(CoreContext &context) const override {
    return index.dtype == DType::I32 ? fetch<int32_t>(context) : fetch<int64_t>(context);
  }

private:
  template <typename Index>
  absl::Status fetch(CoreContext &context) const {
    const int64_t line = index.perPartition;
    int64_t n = 0;
    for (int64_t p = 0; p < index.partitions; ++p) {
      const uint8_t *at = index.base(context) + p * index.pitch;
      for (int64_t done = 0; done < line;) { // runs within one partition of the result
        const int64_t count = std::min(line - done, perPartition - n % perPartition);
        uint8_t *to = dst.base(context) + n / perPartition * dst.pitch + n % perPartition * row;
        const bool inside = row == 4 ? rowsOf<Index, 4>(context, at + done * static_cast<int64_t>(sizeof(Index)), to, count)
                                     : rowsOf<Index, 0>(context, at + done * static_cast<int64_t>(sizeof(Index)), to, count);
        if (!inside) {
          context.environment.outOfBounds = context.environment.outOfBounds.value_or(node);
        }
        done += count;
        n += count;
      }
    }
    return absl::OkStatus();
  }
  /// kBytes: of a row, when that is known here.
  template <typename Index, int kBytes>
  bool rowsOf(CoreContext &context, const uint8_t *at, uint8_t *to, int64_t count) const {
    const uint8_t *from = src.base(context);
    const auto bytes = static_cast<size_t>(kBytes > 0 ? kBytes : row);
    bool inside = true;
    for (int64_t i = 0; i < count; ++i, to += bytes) {
      Index number;
      std::memcpy(&number, at + i * static_cast<int64_t>(sizeof(Index)), sizeof(Index));
      const int64_t pick = number < 0 ? number + rows : number;
      if (pick < 0 || pick >= rows) {
        inside = false;
        std::memset(to, 0, bytes);
      } else {
        std::memcpy(to, from + pick * stride, bytes);
      }
    }
    return inside;
  }
  Walk dst, src, index;
  int64_t rows, stride, row, perPartition;
  uint32_t node;
};

} // namespace

StepPtr makeByteStep(const Instruction &inst, const Layouts &m, const Kernels &kernels) {
  const VectorKernels &k = kernels.vector;
  if (const auto *i = std::get_if<TensorScalar>(&inst)) {
    return CompareStep::fits(*i, m, k) ? std::make_unique<CompareStep>(*i, m, k) : nullptr;
  }
  if (const auto *i = std::get_if<Select>(&inst)) {
    return ByteSelectStep::fits(*i, m) ? std::make_unique<ByteSelectStep>(*i, m, k) : nullptr;
  }
  if (const auto *i = std::get_if<Scan>(&inst)) {
    return PrefixStep::fits(*i, m) ? std::make_unique<PrefixStep>(*i, m) : nullptr;
  }
  if (const auto *i = std::get_if<DmaGather>(&inst)) {
    return GatherStep::fits(*i, m) ? std::make_unique<GatherStep>(*i, m) : nullptr;
  }
  return nullptr;
}

} // namespace ncc::host
