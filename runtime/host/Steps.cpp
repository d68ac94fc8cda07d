// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Matmul, packing and copying steps, and the walks they use.

#include "runtime/host/Steps.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace ncc::host {

Walk::Walk(const isa::AccessPattern &ap, const Layouts &layouts) : space(ap.space), buffer(ap.buffer), dtype(ap.dtype) {
  const auto size = static_cast<int64_t>(dtypeSize(dtype));
  pitch = space == isa::Space::Sbuf ? layouts.sbufPitch : space == isa::Space::Psum ? layouts.psumPitch : 0;
  offset = static_cast<int64_t>(ap.offset) + (space == isa::Space::Dram ? 0 : ap.partition * pitch);
  if (const Layouts::Override *place = layouts.find(ap)) {
    renamed = true;
    pitch = place->pitch;
    offset = place->offset;
  }
  partitions = space == isa::Space::Dram ? 1 : ap.partitions;
  for (int i = 0; i < ap.rank; ++i) {
    const int64_t n = ap.dims[i].size, stride = ap.dims[i].stride * size;
    perPartition *= n;
    if (n == 1) {
      continue;
    }
    if (rank > 0 && strides[rank - 1] == stride * n) {
      sizes[rank - 1] *= n;
      strides[rank - 1] = stride;
    } else {
      sizes[rank] = n;
      strides[rank++] = stride;
    }
  }
}

namespace {

/// Element runs of a walk in order, partitions outermost.
class RunCursor {
public:
  RunCursor(const Walk &walk, uint8_t *base) : walk(walk), row(base), at(base) {
    length = walk.rank ? walk.sizes[walk.rank - 1] : 1;
    stride = walk.rank ? walk.strides[walk.rank - 1] : static_cast<int64_t>(dtypeSize(walk.dtype));
    left = length;
  }
  int64_t left, stride, length;
  uint8_t *pointer() const { return at + (length - left) * stride; }
  void advance(int64_t n) {
    left -= n;
    if (left > 0) {
      return;
    }
    left = length;
    for (int d = walk.rank - 2; d >= 0; --d) {
      at += walk.strides[d];
      if (++index[d] < walk.sizes[d]) {
        return;
      }
      at -= walk.sizes[d] * walk.strides[d];
      index[d] = 0;
    }
    row += walk.pitch;
    at = row;
  }

private:
  const Walk &walk;
  uint8_t *row, *at;
  int64_t index[6] = {};
};

template <typename T>
void copyStrided(uint8_t *to, int64_t toStride, const uint8_t *from, int64_t fromStride, int64_t n) {
  for (int64_t i = 0; i < n; ++i) {
    std::memcpy(to + i * toStride, from + i * fromStride, sizeof(T));
  }
}

void copyRun(uint8_t *to, int64_t toStride, const uint8_t *from, int64_t fromStride, int64_t n, int64_t size) {
  if (toStride == size && fromStride == size) {
    std::memcpy(to, from, static_cast<size_t>(n * size));
    return;
  }
  switch (size) {
  case 1:
    return copyStrided<uint8_t>(to, toStride, from, fromStride, n);
  case 2:
    return copyStrided<uint16_t>(to, toStride, from, fromStride, n);
  case 4:
    return copyStrided<uint32_t>(to, toStride, from, fromStride, n);
  case 8:
    return copyStrided<uint64_t>(to, toStride, from, fromStride, n);
  default:
    return copyStrided<std::array<uint64_t, 2>>(to, toStride, from, fromStride, n); // a complex number of two f64
  }
}

} // namespace

void copyElements(const Walk &to, uint8_t *toBase, const Walk &from, const uint8_t *fromBase) {
  const auto size = static_cast<int64_t>(dtypeSize(to.dtype));
  if (to.rank == 0 && from.partitions * from.perPartition == to.partitions && from.partitions == 1 && from.rank <= 1) {
    // One element per partition (a bias): as strided elements.
    copyRun(toBase, to.pitch, fromBase, from.rank ? from.strides[0] : size, to.partitions, size);
    return;
  }
  if (to.partitions == from.partitions && to.contiguousRows() && from.contiguousRows()) {
    for (int64_t p = 0; p < to.partitions; ++p) {
      from.prefetch(fromBase, p + 3);
      to.prefetch(toBase, p + 3);
      std::memcpy(toBase + p * to.pitch, fromBase + p * from.pitch, static_cast<size_t>(to.perPartition * size));
    }
    return;
  }
  RunCursor target(to, toBase), source(from, const_cast<uint8_t *>(fromBase));
  for (int64_t total = to.partitions * to.perPartition; total > 0;) {
    const int64_t n = std::min(target.left, source.left);
    copyRun(target.pointer(), target.stride, source.pointer(), source.stride, n, size);
    total -= n;
    if (total > 0) {
      target.advance(n);
      source.advance(n);
    }
  }
}

const uint8_t *contiguousRows(const Walk &walk, const uint8_t *base, std::vector<uint8_t> &scratch, int64_t &pitch) {
  if (walk.contiguousRows()) {
    pitch = walk.pitch;
    return base;
  }
  const auto size = static_cast<int64_t>(dtypeSize(walk.dtype));
  pitch = walk.perPartition * size;
  // Spare bytes: packing kernels may read whole vectors.
  scratch.resize(std::max(scratch.size(), static_cast<size_t>(pitch * walk.partitions + 128)));
  RunCursor cursor(walk, const_cast<uint8_t *>(base));
  uint8_t *to = scratch.data();
  const int64_t runs = walk.partitions * walk.perPartition / cursor.length;
  for (int64_t i = 0; i < runs; ++i) {
    copyRun(to, size, cursor.pointer(), cursor.stride, cursor.length, size);
    to += cursor.length * size;
    if (i + 1 < runs) {
      cursor.advance(cursor.length);
    }
  }
  return scratch.data();
}

namespace {

class PlainStep : public Step {
  const char *name() const override { return "Plain"; }
public:
  explicit PlainStep(const isa::Instruction &inst) : inst(inst) {}
  absl::Status run(CoreContext &context) const override { return sim::executeInstruction(inst, context.memory, context.environment); }

private:
  isa::Instruction inst;
};

class PackStep : public Step {
  const char *name() const override { return "Pack"; }
public:
  PackStep(const PackPlan &plan, const MatmulKernel &kernel, int64_t offset) : plan(plan), kernel(kernel), offset(offset) {}
  absl::Status run(CoreContext &context) const override {
    packOperand(plan, kernel, plan.walk.base(context), context.arena.get() + offset, context.scratch);
    return absl::OkStatus();
  }

private:
  PackPlan plan;
  const MatmulKernel &kernel;
  int64_t offset;
};

class MatmulStep : public Step {
  const char *name() const override { return "Matmul"; }
public:
  explicit MatmulStep(MatmulPlan p) : plan(std::move(p)) {
    for (const MatmulPlan::Item &item : plan.items) {
      corrected |= item.stationaryZero != 0 || item.movingZero != 0;
    }
  }

  absl::Status run(CoreContext &context) const override {
    constexpr int kChunk = 64;
    ChainItem chain[kChunk];
    uint8_t *dst = plan.dst.base(context);
    if (plan.segment > 0) {
      return runSegments(context, dst);
    }
    int64_t pitch = plan.dst.pitch;
    Walk dense;
    const bool direct = plan.dst.contiguousRows();
    if (!direct) { // through a dense tile in scratch
      pitch = static_cast<int64_t>(plan.n) * 4;
      context.scratch.resize(std::max(context.scratch.size(), static_cast<size_t>(pitch * plan.m + 128)));
      dense = denseWalk();
      if (plan.accumulate) {
        copyElements(dense, context.scratch.data(), plan.dst, dst);
      }
    }
    uint8_t *c = direct ? dst : context.scratch.data();
    bool accumulate = plan.accumulate;
    for (size_t first = 0; first < plan.items.size(); first += kChunk) {
      const int count = static_cast<int>(std::min<size_t>(kChunk, plan.items.size() - first));
      for (int i = 0; i < count; ++i) {
        const MatmulPlan::Item &item = plan.items[first + static_cast<size_t>(i)];
        chain[i] = {item.stationary.at(context), item.moving.at(context), item.k};
      }
      plan.kernel->run(chain, count, plan.m, plan.n, c, pitch, accumulate);
      accumulate = true;
    }
    if (corrected) {
      correct(context, c, pitch, 0, plan.n);
    }
    if (!direct) {
      copyElements(plan.dst, dst, dense, c);
    }
    return absl::OkStatus();
  }

private:
  /// An image window: each of its rows is a matmul of its own, straight into place.
  absl::Status runSegments(CoreContext &context, uint8_t *dst) const {
    std::vector<ChainItem> chain(plan.items.size());
    const int64_t pieces = plan.dst.sizes[0];
    for (int64_t piece = 0; piece < pieces; ++piece) {
      for (size_t i = 0; i < chain.size(); ++i) {
        const MatmulPlan::Item &item = plan.items[i];
        chain[i] = {item.stationary.at(context), item.moving.at(context) + piece * plan.kernel->movingBytes(item.k, plan.segment), item.k};
      }
      uint8_t *c = dst + piece * plan.dst.strides[0];
      plan.kernel->run(chain.data(), static_cast<int>(chain.size()), plan.m, static_cast<int>(plan.segment), c, plan.dst.pitch, plan.accumulate);
      if (corrected) {
        correct(context, c, plan.dst.pitch, static_cast<int>(piece * plan.segment), static_cast<int>(plan.segment));
      }
    }
    return absl::OkStatus();
  }
  Walk denseWalk() const {
    Walk w;
    w.dtype = plan.dst.dtype;
    w.partitions = plan.m;
    w.pitch = static_cast<int64_t>(plan.n) * 4;
    w.perPartition = plan.n;
    w.rank = 1;
    w.sizes[0] = plan.n;
    w.strides[0] = 4;
    return w;
  }
  /// sum (s-sz)(u-mz) = sum s*u - mz * sum s - sz * sum u + k*sz*mz, all modulo 2^32.
  void correct(CoreContext &context, uint8_t *c, int64_t pitch, int firstColumn, int columnCount) const {
    context.corrections.assign(static_cast<size_t>(plan.m + columnCount), 0);
    uint32_t *rows = context.corrections.data(), *columns = rows + plan.m;
    bool anyColumn = false;
    for (const MatmulPlan::Item &item : plan.items) {
      const auto sz = static_cast<uint32_t>(item.stationaryZero), mz = static_cast<uint32_t>(item.movingZero);
      if (mz != 0) {
        const auto *sums = reinterpret_cast<const uint32_t *>(item.stationary.at(context) + item.stationarySums);
        for (int i = 0; i < plan.m; ++i) {
          rows[i] += static_cast<uint32_t>(item.k) * sz * mz - mz * sums[i];
        }
      }
      if (sz != 0) {
        anyColumn = true;
        const auto *sums = reinterpret_cast<const uint32_t *>(item.moving.at(context) + item.movingSums);
        for (int j = 0; j < columnCount; ++j) {
          columns[j] -= sz * sums[firstColumn + j];
        }
      }
    }
    for (int i = 0; i < plan.m; ++i) {
      auto *row = reinterpret_cast<uint32_t *>(c + i * pitch);
      if (anyColumn) {
        for (int j = 0; j < columnCount; ++j) {
          row[j] += rows[i] + columns[j];
        }
      } else {
        for (int j = 0; j < columnCount; ++j) {
          row[j] += rows[i];
        }
      }
    }
  }

  MatmulPlan plan;
  bool corrected = false;
};

} // namespace

namespace {
/// Spreads an operand's columns over the width of the whole result.
const uint8_t *spreadColumns(const PackPlan &plan, const uint8_t *base, std::vector<uint8_t> &scratch, int64_t &pitch) {
  const ColumnWindow &w = plan.window;
  const auto size = static_cast<int64_t>(dtypeSize(plan.walk.dtype));
  const int64_t gathered = (plan.walk.partitions * plan.walk.perPartition * size + 191) / 64 * 64, wide = w.width * size;
  scratch.resize(std::max(scratch.size(), static_cast<size_t>(gathered + plan.walk.partitions * wide + 256)));
  const uint8_t *rows = contiguousRows(plan.walk, base, scratch, pitch);
  uint8_t *to = scratch.data() + gathered;
  std::memset(to, w.fill, static_cast<size_t>(plan.walk.partitions * wide));
  for (int64_t k = 0; k < plan.walk.partitions; ++k) {
    for (int64_t r = 0; r < w.rows; ++r) {
      std::memcpy(to + k * wide + (w.first + r * w.stride) * size, rows + k * pitch + r * w.length * size, static_cast<size_t>(w.length * size));
    }
  }
  pitch = wide;
  return to;
}
} // namespace

void packOperand(const PackPlan &plan, const MatmulKernel &kernel, const uint8_t *base, uint8_t *to, std::vector<uint8_t> &scratch) {
  int64_t pitch = 0;
  const uint8_t *rows = plan.window.width ? spreadColumns(plan, base, scratch, pitch) : contiguousRows(plan.walk, base, scratch, pitch);
  const int k = static_cast<int>(plan.walk.partitions), width = static_cast<int>(plan.width());
  if (plan.segment > 0) {
    const auto step = plan.segment * static_cast<int64_t>(dtypeSize(plan.walk.dtype));
    for (int64_t piece = 0; piece * plan.segment < width; ++piece) {
      kernel.packMoving(to + piece * kernel.movingBytes(k, plan.segment), rows + piece * step, pitch, k, static_cast<int>(plan.segment), plan.walk.dtype);
    }
  } else {
    (plan.moving ? kernel.packMoving : kernel.packStationary)(to, rows, pitch, k, width, plan.walk.dtype);
  }
  if (plan.sums) {
    auto *sums = reinterpret_cast<int32_t *>(to + plan.bytes);
    const bool isUnsigned = plan.walk.dtype == DType::U8;
    const int shift = plan.moving ? (isUnsigned ? 0 : 128) : (isUnsigned ? -128 : 0);
    std::fill(sums, sums + width, k * shift);
    for (int r = 0; r < k; ++r) {
      const uint8_t *row = rows + r * pitch;
      if (isUnsigned) {
        for (int j = 0; j < width; ++j) {
          sums[j] += row[j];
        }
      } else {
        for (int j = 0; j < width; ++j) {
          sums[j] += static_cast<int8_t>(row[j]);
        }
      }
    }
  }
}

StepPtr makePlainStep(const isa::Instruction &inst) { return std::make_unique<PlainStep>(inst); }
StepPtr makePackStep(const PackPlan &plan, const MatmulKernel &kernel, int64_t offset) {
  return std::make_unique<PackStep>(plan, kernel, offset);
}
StepPtr makeMatmulStep(MatmulPlan plan) { return std::make_unique<MatmulStep>(std::move(plan)); }

} // namespace ncc::host
