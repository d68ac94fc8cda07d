// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/host/GatheredRows.h"

#include "runtime/host/Tracker.h"

#include <cstring>

namespace ncc::host {

using namespace isa;

namespace {

int64_t bytesOf(DType type) { return static_cast<int64_t>(dtypeSize(type)); }

/// The numbers of a gather's rows, row-major over its result; empty when they are not known, or one lies outside of the table.
std::vector<int64_t> numbersOf(const DmaGather &gather, const Layouts &layouts, const std::function<const uint8_t *(uint16_t)> &weight) {
  const uint8_t *memory = gather.index.space == Space::Dram ? weight(gather.index.buffer) : nullptr;
  Walk index(gather.index, layouts);
  if (!memory || !index.contiguousRows()) {
    return {};
  }
  const int64_t rows = gather.src.dims[0].size;
  std::vector<int64_t> numbers(static_cast<size_t>(index.perPartition));
  for (size_t i = 0; i < numbers.size(); ++i) {
    const uint8_t *at = memory + index.offset + static_cast<int64_t>(i) * bytesOf(index.dtype);
    int32_t narrow = 0;
    if (index.dtype == DType::I32) {
      std::memcpy(&narrow, at, 4);
      numbers[i] = narrow;
    } else {
      std::memcpy(&numbers[i], at, 8);
    }
    numbers[i] += numbers[i] < 0 ? rows : 0;
    if (numbers[i] < 0 || numbers[i] >= rows) {
      return {};
    }
  }
  return numbers;
}

class GatheredCompareStep : public Step {
  const char *name() const override { return "GatheredCompare"; }

public:
  GatheredCompareStep(const TensorScalar &i, const DmaGather &gather, const std::vector<int64_t> &numbers, const Layouts &m, const VectorKernels &k)
      : kernels(k), dst(i.dst, m), table(gather.src, m), limit(i.s0.isPattern() ? Walk(i.s0.pattern, m) : Walk()), perPartition(i.s0.isPattern()), op(i.op0),
        number(perPartition ? 0 : static_cast<float>(i.s0.asDouble())), add(i.op1 == AluOp::add ? static_cast<uint8_t>(i.s1.asDouble()) : 0) {
    for (int64_t row : numbers) {
      offsets.push_back(row * gather.src.dims[0].stride * 4);
    }
  }
  absl::Status run(CoreContext &context) const override {
    float values[kMostPartitions];
    readLimits(perPartition ? &limit : nullptr, context, number, dst.partitions, values);
    kernels.compareBytes(op, {dst.base(context), dst.pitch, table.base(context), offsets.data(), values, dst.partitions}, add, dst.perPartition);
    return absl::OkStatus();
  }

private:
  const VectorKernels &kernels;
  Walk dst, table, limit;
  bool perPartition;
  AluOp op;
  float number;
  uint8_t add;
  std::vector<int64_t> offsets;
};

} // namespace

std::optional<GatheredRows> gatheredRows(absl::Span<const Instruction> program, size_t at, size_t last, const Layouts &layouts, const Kernels &kernels,
                                         const std::function<const uint8_t *(uint16_t)> &weight) {
  const auto &gather = std::get<DmaGather>(program[at]);
  const Walk to(gather.dst, layouts);
  const int64_t row = rowSize(gather.src), bytes = row * 4;
  const bool plain = gather.dst.space == Space::Sbuf && gather.dst.dtype == DType::F32 && gather.src.dtype == DType::F32 && to.contiguousRows() &&
                     (gather.src.rank == 1 || (gather.src.rank == 2 && (gather.src.dims[1].stride == 1 || gather.src.dims[1].size == 1)));
  const std::vector<int64_t> numbers = plain ? numbersOf(gather, layouts, weight) : std::vector<int64_t>();
  if (numbers.empty() || last >= program.size()) {
    return std::nullopt;
  }
  const int64_t line = to.perPartition / row; // rows of one partition
  const Region fetched(gather.dst), table(gather.src);
  GatheredRows found;
  for (size_t i = at + 1; i <= last; ++i) {
    const Instruction &inst = program[i];
    int reads = 0;
    bool overwritten = false;
    forEachRead(inst, [&](const AccessPattern &ap) { reads += Region(ap).overlaps(fetched) ? 1 : 0; });
    forEachWrite(inst, [&](const AccessPattern &ap) { overwritten |= Region(ap).overlaps(fetched) || Region(ap).overlaps(table); });
    if (overwritten) {
      return std::nullopt;
    }
    if (reads == 0) {
      continue;
    }
    const auto *compare = std::get_if<TensorScalar>(&inst);
    if (!compare || reads > 1 || !isByteCompare(*compare, layouts, kernels)) {
      return std::nullopt;
    }
    const AccessPattern &src = compare->src;
    const int64_t begin = static_cast<int64_t>(src.offset) - static_cast<int64_t>(gather.dst.offset), first = src.partition - gather.dst.partition;
    if (!Region(src).overlaps(fetched) || src.freeSize() != row || begin < 0 || begin % bytes != 0 || first < 0 || first + src.partitions > gather.dst.partitions) {
      return std::nullopt;
    }
    GatheredRows::Reader reader{i, {}};
    for (int64_t p = 0; p < src.partitions; ++p) {
      reader.rows.push_back(numbers[static_cast<size_t>((first + p) * line + begin / bytes)]);
    }
    found.readers.push_back(std::move(reader));
  }
  return found;
}

StepPtr makeGatheredCompare(const TensorScalar &inst, const DmaGather &gather, std::vector<int64_t> rows, const Layouts &layouts, const Kernels &kernels) {
  return std::make_unique<GatheredCompareStep>(inst, gather, rows, layouts, kernels.vector);
}

} // namespace ncc::host
