// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Fast forms of the vector-like instructions: rows are converted to fp32 in L1, computed, converted back.

#include "runtime/host/Steps.h"
#include "runtime/isa/Checks.h"
#include "runtime/sim/PreciseMath.h"

#include <algorithm>
#include <cstring>
#include <tuple>

namespace ncc::host {

using namespace isa;
using sim::exactType;

namespace {

constexpr int64_t kChunk = 2048;
constexpr int64_t kAhead = 3; // rows

/// Reads or writes the elements of one partition in order, as fp32.
class RowStream {
public:
  RowStream(const Walk &walk, uint8_t *base, const VectorKernels &kernels) : walk(walk), kernels(kernels), at(base) {
    length = walk.rank ? walk.sizes[walk.rank - 1] : 1;
    stride = walk.rank ? walk.strides[walk.rank - 1] : static_cast<int64_t>(dtypeSize(walk.dtype));
  }
  void read(float *to, int64_t n) {
    walkRuns(n, [&](uint8_t *p, int64_t count, int64_t done) { kernels.load(to + done, p, stride, count, walk.dtype); });
  }
  void write(const float *from, int64_t n, bool round = true, bool saturate = true) {
    walkRuns(n, [&](uint8_t *p, int64_t count, int64_t done) { kernels.store(p, from + done, stride, count, walk.dtype, round, saturate); });
  }

private:
  template <typename Fn>
  void walkRuns(int64_t n, Fn fn) {
    for (int64_t done = 0; done < n;) {
      const int64_t count = std::min(n - done, length - used);
      fn(at + used * stride, count, done);
      done += count;
      used += count;
      if (used == length) {
        used = 0;
        for (int d = walk.rank - 2; d >= 0; --d) {
          at += walk.strides[d];
          if (++index[d] < walk.sizes[d]) {
            break;
          }
          at -= walk.sizes[d] * walk.strides[d];
          index[d] = 0;
        }
      }
    }
  }
  const Walk &walk;
  const VectorKernels &kernels;
  uint8_t *at;
  int64_t length, stride, used = 0;
  int64_t index[6] = {};
};

float *asFloats(uint8_t *row) { return reinterpret_cast<float *>(row); }
/// Rows follow each other without gaps: one long row.
bool isPacked(const Walk &walk) { return walk.pitch == walk.perPartition * static_cast<int64_t>(dtypeSize(walk.dtype)); }

/// A number, or one fp32 value per partition.
struct RowScalar {
  bool pattern = false;
  float value = 0;
  Walk walk;
  RowScalar() = default;
  RowScalar(const ScalarOperand &s, const Layouts &memory)
      : pattern(s.isPattern()), value(pattern ? 0 : static_cast<float>(s.asDouble())), walk(pattern ? Walk(s.pattern, memory) : Walk()) {}
  const uint8_t *base(const CoreContext &context) const { return pattern ? walk.base(context) : nullptr; }
  float at(const uint8_t *base, int64_t partition) const {
    if (pattern && walk.dtype == DType::F32) {
      __builtin_prefetch(base + (partition + 8) * walk.pitch);
      float number;
      std::memcpy(&number, base + partition * walk.pitch, 4);
      return number;
    }
    return pattern ? sim::loadFloat(walk.dtype, base + partition * walk.pitch) : value;
  }
};

/// Calls fn(partition, buffer, n, stream) for chunks of a destination's rows.
class ActivateStep : public Step {
  const char *name() const override { return "Activate"; }
public:
  ActivateStep(const Activate &i, const Layouts &m, const VectorKernels &k)
      : kernels(k), dst(i.dst, m), src(i.src, m), sum(i.rowSum.valid() ? Walk(i.rowSum, m) : Walk()), hasSum(i.rowSum.valid()), scale(i.scale, m),
        bias(i.bias, m), func(i.func), alpha(i.alpha), beta(i.beta) {}
  absl::Status run(CoreContext &context) const override {
    alignas(64) float buffer[kChunk];
    uint8_t *to = dst.base(context), *from = src.base(context);
    const uint8_t *scaleBase = scale.base(context), *biasBase = bias.base(context);
    for (int64_t p = 0; p < dst.partitions; ++p) {
      src.prefetch(from, p + kAhead);
      dst.prefetch(to, p + kAhead);
      RowStream in(src, from + p * src.pitch, kernels), out(dst, to + p * dst.pitch, kernels);
      // A bias that is the number 0 is not added: x + -0 is x, -0 too.
      const float s = scale.at(scaleBase, p), given = bias.at(biasBase, p), b = !bias.pattern && given == 0.0f ? -0.0f : given;
      float total = 0;
      for (int64_t done = 0; done < dst.perPartition; done += kChunk) {
        const int64_t n = std::min(kChunk, dst.perPartition - done);
        in.read(buffer, n);
        if (s != 1.0f || b != 0.0f || bias.pattern) {
          kernels.scaleBias(buffer, s, b, n);
        }
        if (!kernels.activate(func, buffer, alpha, beta, n)) {
          for (int64_t j = 0; j < n; ++j) {
            buffer[j] = sim::activation(func, buffer[j], alpha, beta);
          }
        }
        total = hasSum ? total + kernels.sum(buffer, n) : 0;
        out.write(buffer, n);
      }
      if (hasSum) {
        sim::storeFloat(sum.dtype, sum.base(context) + p * sum.pitch, total, {});
      }
    }
    return absl::OkStatus();
  }

private:
  const VectorKernels &kernels;
  Walk dst, src, sum;
  bool hasSum;
  RowScalar scale, bias;
  ActFunc func;
  float alpha, beta;
};

class TensorTensorStep : public Step {
  const char *name() const override { return "TensorTensor"; }
public:
  TensorTensorStep(const TensorTensor &i, const Layouts &m, const VectorKernels &k)
      : kernels(k), dst(i.dst, m), a(i.a, m), b(i.b, m), op(i.op), direct(dst.floatRows() && a.floatRows() && b.floatRows()) {}
  absl::Status run(CoreContext &context) const override {
    alignas(64) float left[kChunk], right[kChunk];
    uint8_t *to = dst.base(context), *fromA = a.base(context), *fromB = b.base(context);
    if (direct && kernels.binary(op, asFloats(to), asFloats(fromA), asFloats(fromB), rowsTogether() ? dst.partitions * dst.perPartition : dst.perPartition)) {
      for (int64_t p = 1; p < dst.partitions && !rowsTogether(); ++p) {
        kernels.binary(op, asFloats(to + p * dst.pitch), asFloats(fromA + p * a.pitch), asFloats(fromB + p * b.pitch), dst.perPartition);
      }
      return absl::OkStatus();
    }
    for (int64_t p = 0; p < dst.partitions; ++p) {
      a.prefetch(fromA, p + kAhead);
      b.prefetch(fromB, p + kAhead);
      dst.prefetch(to, p + kAhead);
      RowStream inA(a, fromA + p * a.pitch, kernels), inB(b, fromB + p * b.pitch, kernels), out(dst, to + p * dst.pitch, kernels);
      for (int64_t done = 0; done < dst.perPartition; done += kChunk) {
        const int64_t n = std::min(kChunk, dst.perPartition - done);
        inA.read(left, n);
        inB.read(right, n);
        if (!kernels.binary(op, left, left, right, n)) {
          for (int64_t j = 0; j < n; ++j) {
            left[j] = sim::aluFloat(op, left[j], right[j]);
          }
        }
        out.write(left, n);
      }
    }
    return absl::OkStatus();
  }

private:
  bool rowsTogether() const { return isPacked(dst) && isPacked(a) && isPacked(b); }
  const VectorKernels &kernels;
  Walk dst, a, b;
  AluOp op;
  bool direct; // fp32 rows: no conversion, no copy
};

class TensorScalarStep : public Step {
  const char *name() const override { return "TensorScalar"; }
public:
  TensorScalarStep(const TensorScalar &i, const Layouts &m, const VectorKernels &k)
      : kernels(k), dst(i.dst, m), src(i.src, m), s0(i.s0, m), s1(i.s1, m), op0(i.op0), op1(i.op1), reverse0(i.reverse0), reverse1(i.reverse1) {
    column = dst.perPartition == 1 && dst.partitions <= kChunk && op0 != AluOp::pow && op1 != AluOp::pow;
  }
  absl::Status run(CoreContext &context) const override {
    if (column) {
      runColumn(context);
      return absl::OkStatus();
    }
    alignas(64) float buffer[kChunk];
    uint8_t *to = dst.base(context), *from = src.base(context);
    const uint8_t *base0 = s0.base(context), *base1 = s1.base(context);
    if (dst.floatRows() && src.floatRows()) {
      const bool together = isPacked(dst) && isPacked(src) && !s0.pattern && !s1.pattern;
      const int64_t rows = together ? 1 : dst.partitions, n = together ? dst.partitions * dst.perPartition : dst.perPartition;
      for (int64_t p = 0; p < rows; ++p) {
        float *row = asFloats(to + p * dst.pitch), *source = asFloats(from + p * src.pitch);
        const float a = s0.at(base0, p), b = s1.at(base1, p);
        if (op0 == AluOp::bypass || !kernels.scalar(op0, row, source, a, reverse0, n)) {
          std::memmove(row, source, static_cast<size_t>(n) * 4);
          apply(op0, row, a, reverse0, n);
        }
        apply(op1, row, b, reverse1, n);
      }
      return absl::OkStatus();
    }
    for (int64_t p = 0; p < dst.partitions; ++p) {
      src.prefetch(from, p + kAhead);
      dst.prefetch(to, p + kAhead);
      RowStream in(src, from + p * src.pitch, kernels), out(dst, to + p * dst.pitch, kernels);
      const float a = s0.at(base0, p), b = s1.at(base1, p);
      for (int64_t done = 0; done < dst.perPartition; done += kChunk) {
        const int64_t n = std::min(kChunk, dst.perPartition - done);
        in.read(buffer, n);
        apply(op0, buffer, a, reverse0, n);
        apply(op1, buffer, b, reverse1, n);
        out.write(buffer, n);
      }
    }
    return absl::OkStatus();
  }

private:
  /// One element per partition: the partitions as one row.
  void runColumn(CoreContext &context) const {
    alignas(64) float x[kChunk], s[kChunk];
    const int64_t n = dst.partitions;
    kernels.load(x, src.base(context), src.pitch, n, src.dtype);
    for (const auto &[scalar, op, reverse] : {std::tuple(&s0, op0, reverse0), std::tuple(&s1, op1, reverse1)}) {
      if (op == AluOp::bypass && !reverse) {
        continue;
      }
      if (scalar->pattern) {
        kernels.load(s, scalar->base(context), scalar->walk.pitch, n, scalar->walk.dtype);
      } else {
        std::fill(s, s + n, scalar->value);
      }
      const float *left = reverse ? s : x, *right = reverse ? x : s;
      if (!kernels.binary(op, x, left, right, n)) {
        for (int64_t j = 0; j < n; ++j) {
          x[j] = sim::aluFloat(op, left[j], right[j]);
        }
      }
    }
    kernels.store(dst.base(context), x, dst.pitch, n, dst.dtype, true, true);
  }
  void apply(AluOp op, float *x, float s, bool reverse, int64_t n) const {
    if (op == AluOp::bypass && !reverse) {
      return;
    }
    if (!kernels.scalar(op, x, x, s, reverse, n)) {
      for (int64_t j = 0; j < n; ++j) {
        x[j] = reverse ? sim::aluFloat(op, s, x[j]) : sim::aluFloat(op, x[j], s);
      }
    }
  }
  const VectorKernels &kernels;
  Walk dst, src;
  RowScalar s0, s1;
  AluOp op0, op1;
  bool reverse0, reverse1, column;
};

class ReduceStep : public Step {
  const char *name() const override { return "Reduce"; }
public:
  ReduceStep(const TensorReduce &i, const Layouts &m, const VectorKernels &k)
      : kernels(k), dst(i.dst, m), src(i.src, m), op(i.op), inner(i.src.freeSize() / outerSize(i.src, i.reduceDims)), negate(i.negate) {}
  absl::Status run(CoreContext &context) const override {
    alignas(64) float buffer[kChunk], results[kChunk];
    uint8_t *to = dst.base(context), *from = src.base(context);
    for (int64_t p = 0; p < dst.partitions; ++p) {
      src.prefetch(from, p + kAhead);
      dst.prefetch(to, p + kAhead);
      RowStream in(src, from + p * src.pitch, kernels), out(dst, to + p * dst.pitch, kernels);
      int64_t held = 0;
      for (int64_t o = 0; o < dst.perPartition; ++o) {
        float value = 0;
        for (int64_t done = 0; done < inner; done += kChunk) {
          const int64_t n = std::min(kChunk, inner - done);
          in.read(buffer, n);
          float part = kernels.reduce(op, buffer, n);
          value = done == 0 ? part : sim::aluFloat(op, value, part);
        }
        results[held++] = negate ? -value : value;
        if (held == kChunk || o + 1 == dst.perPartition) {
          out.write(results, held);
          held = 0;
        }
      }
    }
    return absl::OkStatus();
  }

private:
  const VectorKernels &kernels;
  Walk dst, src;
  AluOp op;
  int64_t inner;
  bool negate;
};

class CopyStep : public Step {
  const char *name() const override { return "Copy"; }
public:
  CopyStep(const AccessPattern &dst, const AccessPattern &src, const Layouts &m) : dst(dst, m), src(src, m) {}
  absl::Status run(CoreContext &context) const override {
    copyElements(dst, dst.base(context), src, src.base(context));
    return absl::OkStatus();
  }

private:
  Walk dst, src;
};

/// A copy that converts; the two sides need not have the same partitions.
class CastStep : public Step {
  const char *name() const override { return "Cast"; }
public:
  CastStep(const AccessPattern &to, const AccessPattern &from, bool round, bool saturate, const Layouts &m, const VectorKernels &k)
      : kernels(k), dst(to, m), src(from, m), round(round), saturate(saturate) {
    if (dst.partitions != src.partitions) {
      dst = whole(to, m);
      src = whole(from, m);
    }
  }
  absl::Status run(CoreContext &context) const override {
    alignas(64) float buffer[kChunk];
    uint8_t *toBase = dst.base(context), *fromBase = src.base(context);
    for (int64_t p = 0; p < dst.partitions; ++p) {
      src.prefetch(fromBase, p + kAhead);
      dst.prefetch(toBase, p + kAhead);
      RowStream in(src, fromBase + p * src.pitch, kernels), out(dst, toBase + p * dst.pitch, kernels);
      for (int64_t done = 0; done < dst.perPartition; done += kChunk) {
        const int64_t n = std::min(kChunk, dst.perPartition - done);
        in.read(buffer, n);
        out.write(buffer, n, round, saturate);
      }
    }
    return absl::OkStatus();
  }

private:
  /// Partitions as the outermost dim of one long row.
  static Walk whole(const AccessPattern &ap, const Layouts &m) {
    Walk w(ap, m);
    if (w.partitions > 1) {
      for (int d = w.rank; d > 0; --d) {
        w.sizes[d] = w.sizes[d - 1];
        w.strides[d] = w.strides[d - 1];
      }
      w.sizes[0] = w.partitions;
      w.strides[0] = w.pitch;
      ++w.rank;
      w.perPartition *= w.partitions;
      w.partitions = 1;
    }
    return w;
  }
  const VectorKernels &kernels;
  Walk dst, src;
  bool round, saturate;
};

class MemsetStep : public Step {
  const char *name() const override { return "Memset"; }
public:
  MemsetStep(const Memset &i, const Layouts &m) : dst(i.dst, m), element(8) {
    if (i.value.kind == ScalarOperand::Kind::I64) {
      sim::storeInteger(dst.dtype, element.data(), i.value.integer, false);
    } else {
      sim::storeFloat(dst.dtype, element.data(), i.value.value, {});
    }
    one = dst;
    one.pitch = 0;
    one.partitions = dst.partitions;
    for (int d = 0; d < one.rank; ++d) {
      one.strides[d] = 0;
    }
  }
  absl::Status run(CoreContext &context) const override {
    uint8_t *to = dst.base(context);
    const auto size = static_cast<int64_t>(dtypeSize(dst.dtype));
    if (dst.contiguousRows() && std::all_of(element.begin(), element.begin() + size, [&](uint8_t b) { return b == element[0]; })) {
      for (int64_t p = 0; p < dst.partitions; ++p) {
        std::memset(to + p * dst.pitch, element[0], static_cast<size_t>(dst.perPartition * size));
      }
    } else {
      copyElements(dst, to, one, element.data());
    }
    return absl::OkStatus();
  }

private:
  Walk dst, one;
  std::vector<uint8_t> element;
};

class TransposeStep : public Step {
  const char *name() const override { return "Transpose"; }
public:
  TransposeStep(const Transpose &i, const Layouts &m) : dst(i.dst, m), src(i.src, m) {
    // The source seen with its free index outermost and its partitions innermost.
    turned = src;
    turned.partitions = src.perPartition;
    turned.pitch = static_cast<int64_t>(dtypeSize(src.dtype));
    turned.perPartition = src.partitions;
    turned.rank = 1;
    turned.sizes[0] = src.partitions;
    turned.strides[0] = src.pitch;
  }
  absl::Status run(CoreContext &context) const override {
    int64_t pitch = 0;
    const uint8_t *rows = contiguousRows(src, src.base(context), context.scratch, pitch);
    Walk from = turned;
    from.strides[0] = pitch;
    const int64_t size = from.pitch;
    if (dst.contiguousRows() && size == 2) {
      blocks<uint16_t>(dst.base(context), rows, pitch);
    } else if (dst.contiguousRows() && size == 4) {
      blocks<uint32_t>(dst.base(context), rows, pitch);
    } else {
      copyElements(dst, dst.base(context), from, rows);
    }
    return absl::OkStatus();
  }

private:
  template <typename T>
  void blocks(uint8_t *to, const uint8_t *from, int64_t pitch) const {
    constexpr int64_t kBlock = 16; // a cache line of 4-byte elements
    const int64_t rows = src.partitions, columns = src.perPartition;
    for (int64_t r0 = 0; r0 < rows; r0 += kBlock) {
      for (int64_t c0 = 0; c0 < columns; c0 += kBlock) {
        const int64_t r1 = std::min(rows, r0 + kBlock), c1 = std::min(columns, c0 + kBlock);
        for (int64_t c = c0; c < c1; ++c) {
          for (int64_t r = r0; r < r1; ++r) {
            std::memcpy(to + c * dst.pitch + r * static_cast<int64_t>(sizeof(T)), from + r * pitch + c * static_cast<int64_t>(sizeof(T)), sizeof(T));
          }
        }
      }
    }
  }
  Walk dst, src, turned;
};

/// select with float operands.
class SelectStep : public Step {
  const char *name() const override { return "Select"; }
public:
  SelectStep(const Select &i, const Layouts &m, const VectorKernels &k)
      : kernels(k), dst(i.dst, m), pred(i.pred, m), a(i.a.isPattern() ? Walk(i.a.pattern, m) : Walk()), b(i.b.isPattern() ? Walk(i.b.pattern, m) : Walk()),
        aTile(i.a.isPattern()), bTile(i.b.isPattern()), aValue(static_cast<float>(i.a.asDouble())), bValue(static_cast<float>(i.b.asDouble())) {}
  absl::Status run(CoreContext &context) const override {
    alignas(64) float condition[kChunk], left[kChunk], right[kChunk];
    uint8_t *to = dst.base(context), *from = pred.base(context);
    uint8_t *fromA = aTile ? a.base(context) : nullptr, *fromB = bTile ? b.base(context) : nullptr;
    for (int64_t p = 0; p < dst.partitions; ++p) {
      RowStream in(pred, from + p * pred.pitch, kernels), out(dst, to + p * dst.pitch, kernels);
      RowStream inA(a, aTile ? fromA + p * a.pitch : nullptr, kernels), inB(b, bTile ? fromB + p * b.pitch : nullptr, kernels);
      for (int64_t done = 0; done < dst.perPartition; done += kChunk) {
        const int64_t n = std::min(kChunk, dst.perPartition - done);
        in.read(condition, n);
        fill(inA, aTile, left, aValue, n);
        fill(inB, bTile, right, bValue, n);
        for (int64_t j = 0; j < n; ++j) {
          left[j] = condition[j] != 0 ? left[j] : right[j];
        }
        out.write(left, n);
      }
    }
    return absl::OkStatus();
  }

private:
  static void fill(RowStream &in, bool tile, float *to, float value, int64_t n) {
    if (tile) {
      in.read(to, n);
    } else {
      std::fill(to, to + n, value);
    }
  }
  const VectorKernels &kernels;
  Walk dst, pred, a, b;
  bool aTile, bTile;
  float aValue, bValue;
};

/// True if writing `dst` element by element could change what is still to be read of `src`.
bool hazard(const AccessPattern &dst, const AccessPattern &src) {
  if (dst.space != src.space || (dst.space == Space::Dram && dst.buffer != src.buffer)) {
    return false;
  }
  ByteRange a = byteRange(dst), b = byteRange(src);
  const bool apart = a.end <= b.begin || b.end <= a.begin ||
                     (dst.space != Space::Dram && (dst.partition + dst.partitions <= src.partition || src.partition + src.partitions <= dst.partition));
  if (apart) {
    return false;
  }
  AccessPattern same = src;
  same.dtype = dst.dtype;
  return !(same == dst && dtypeSize(src.dtype) == dtypeSize(dst.dtype));
}

bool anyHazard(const Instruction &inst) {
  bool found = false;
  forEachWrite(inst, [&](const AccessPattern &to) {
    forEachRead(inst, [&](const AccessPattern &from) { found |= hazard(to, from); });
  });
  return found;
}

bool floatScalar(const ScalarOperand &s) { return s.isPattern() ? !exactType(s.pattern.dtype) : s.kind == ScalarOperand::Kind::F32; }
bool wide(DType type) { return type == DType::F64 || type == DType::I64 || type == DType::U64 || type == DType::U32; }

StepPtr makeCopy(const AccessPattern &dst, const AccessPattern &src, bool round, bool saturate, const Layouts &m, const VectorKernels &k) {
  if (dst.dtype == src.dtype) {
    return std::make_unique<CopyStep>(dst, src, m);
  }
  if (wide(src.dtype) || wide(dst.dtype) || (exactType(src.dtype) && !isFloat(dst.dtype))) {
    return nullptr; // exact conversions go the plain way
  }
  return std::make_unique<CastStep>(dst, src, round, saturate, m, k);
}

} // namespace

StepPtr makeFastStep(const Instruction &inst, const Layouts &m, const Kernels &kernels) {
  const VectorKernels &k = kernels.vector;
  if (anyHazard(inst)) {
    return nullptr;
  }
  if (StepPtr step = makeByteStep(inst, m, kernels)) {
    return step;
  }
  if (const auto *i = std::get_if<Activate>(&inst)) {
    return std::make_unique<ActivateStep>(*i, m, k);
  }
  if (const auto *i = std::get_if<TensorTensor>(&inst)) {
    return exactType(i->a.dtype) && exactType(i->b.dtype) ? nullptr : std::make_unique<TensorTensorStep>(*i, m, k);
  }
  if (const auto *i = std::get_if<TensorScalar>(&inst)) {
    const bool exact = exactType(i->src.dtype) && !floatScalar(i->s0) && (i->op1 == AluOp::bypass || !floatScalar(i->s1));
    return exact ? nullptr : std::make_unique<TensorScalarStep>(*i, m, k);
  }
  if (const auto *i = std::get_if<TensorReduce>(&inst)) {
    return exactType(i->src.dtype) ? nullptr : std::make_unique<ReduceStep>(*i, m, k);
  }
  if (const auto *i = std::get_if<TensorCopy>(&inst)) {
    return makeCopy(i->dst, i->src, i->round, i->saturate, m, k);
  }
  if (const auto *i = std::get_if<DmaCopy>(&inst)) {
    return makeCopy(i->dst, i->src, i->round, i->saturate, m, k);
  }
  if (const auto *i = std::get_if<Memset>(&inst)) {
    return std::make_unique<MemsetStep>(*i, m);
  }
  if (const auto *i = std::get_if<Transpose>(&inst)) {
    return std::make_unique<TransposeStep>(*i, m);
  }
  if (const auto *i = std::get_if<Select>(&inst)) {
    auto exact = [](const ScalarOperand &s) { return s.isPattern() ? exactType(s.pattern.dtype) : s.kind == ScalarOperand::Kind::I64; };
    const bool integers = exactType(i->dst.dtype) && exact(i->a) && exact(i->b);
    return integers || wide(i->pred.dtype) ? nullptr : std::make_unique<SelectStep>(*i, m, k);
  }
  return nullptr;
}

bool hasFastStep(const Instruction &inst, const Layouts &layouts, const Kernels &kernels) {
  return makeFastStep(inst, layouts, kernels) != nullptr;
}

} // namespace ncc::host
