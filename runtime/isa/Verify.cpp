// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What one instruction may not do on a device and in a program: the operand rules shared by all instructions here, the rest
// from the checks of Isa.td. Sizes and addresses are computed in 128 bits, where no operand overflows.

#include "runtime/hw/Limits.h"
#include "runtime/isa/Checks.h"

#include "absl/strings/str_format.h"

#include <algorithm>

namespace ncc::isa {

namespace {

/// Wide enough for whatever five dims of 32 bits say. A loop or a base register would widen an extent by what it adds.
struct Extent {
  __int128 begin = 0, end = 0;
};

Extent extentOf(const AccessPattern &ap) {
  const auto bytes = static_cast<__int128>(dtypeSize(ap.dtype));
  Extent extent{static_cast<__int128>(ap.offset), static_cast<__int128>(ap.offset) + bytes};
  for (int i = 0; i < std::min<int>(ap.rank, AccessPattern::kMaxDims); ++i) {
    const __int128 reach = static_cast<__int128>(ap.dims[i].stride) * (static_cast<__int128>(ap.dims[i].size) - 1) * bytes;
    (reach < 0 ? extent.begin : extent.end) += reach;
  }
  return extent;
}

int64_t narrowed(__int128 value) {
  return value < INT64_MIN ? INT64_MIN : value > INT64_MAX ? INT64_MAX : static_cast<int64_t>(value);
}

} // namespace

ByteRange byteRange(const AccessPattern &ap) {
  const Extent extent = extentOf(ap);
  return {narrowed(extent.begin), narrowed(extent.end)};
}

bool insideOneBank(const AccessPattern &ap, const hw::DeviceSpec &spec) {
  ByteRange range = byteRange(ap);
  return range.begin >= 0 && range.begin / spec.psumBankBytes == (range.end - 1) / spec.psumBankBytes;
}

bool matmulTypes(DType stationary, DType moving, DType dst) {
  auto isByte = [](DType t) { return t == DType::I8 || t == DType::U8; };
  if (isByte(stationary) || isByte(moving)) {
    return isByte(stationary) && isByte(moving) && dst == DType::I32;
  }
  if (!isFloat(stationary) || !isFloat(moving) || stationary == DType::F64 || moving == DType::F64) {
    return false;
  }
  return dst == DType::F32 && (stationary == DType::F32) == (moving == DType::F32);
}

namespace {

absl::Status fail(const char *operand, const std::string &what) {
  return absl::InvalidArgumentError(absl::StrFormat("%s: %s", operand, what));
}

constexpr int kMostChipDims = 4;

/// Elements per partition (in DRAM: all); an error when a dim is empty, or there are more than anything may touch.
absl::StatusOr<int64_t> countOf(const char *name, const AccessPattern &ap) {
  if (ap.rank > (ap.space == Space::Dram ? AccessPattern::kMaxDims : kMostChipDims)) {
    return fail(name, "too many dims");
  }
  __int128 count = 1;
  for (int i = 0; i < ap.rank; ++i) {
    count *= ap.dims[i].size;
    if (count == 0 || count > kMostElements) {
      return fail(name, count == 0 ? "a dim is empty" : absl::StrFormat("more than %d elements", kMostElements));
    }
  }
  return static_cast<int64_t>(count);
}

/// Every operand in its place: what one pattern may be, given the device, the program and what Isa.td says of the operand.
struct Verifier {
  const hw::DeviceSpec &spec;
  const ProgramView *program;
  const Header &head;
  bool aligned;
  absl::Status status;

  void keep(absl::Status next) {
    if (status.ok()) {
      status = std::move(next);
    }
  }

  absl::Status partitions(const char *name, const AccessPattern &ap) const {
    const int last = int{ap.partition} + int{ap.partitions};
    if (ap.partitions == 0 || last > spec.partitions) {
      return fail(name, absl::StrFormat("partitions %d..%d do not exist", ap.partition, last - 1));
    }
    const int step = ap.partitions > 64 ? 128 : ap.partitions > 32 ? 64 : 32;
    if (aligned && ap.partition % step != 0) {
      return fail(name, absl::StrFormat("%d partitions cannot start at partition %d", ap.partitions, ap.partition));
    }
    return absl::OkStatus();
  }

  absl::Status types(const char *name, TypeMask allowed, const AccessPattern &ap) const {
    const TypeMask bit = typeBit(ap.dtype);
    if (ap.space != Space::Dram && !(kEngineTypes & bit)) {
      return fail(name, absl::StrFormat("no engine holds %s", std::string(dtypeName(ap.dtype))));
    }
    return allowed & bit ? absl::OkStatus() : fail(name, absl::StrFormat("it cannot be %s", std::string(dtypeName(ap.dtype))));
  }

  /// Bytes of the pattern's memory: of a partition, or of the buffer; -1 when there is no program to tell.
  absl::StatusOr<__int128> room(const char *name, const AccessPattern &ap, Role role) const {
    if (ap.space != Space::Dram) {
      return ap.space == Space::Sbuf ? spec.sbufBytesPerPartition : spec.psumBytesPerPartition;
    }
    if (!program) {
      return -1;
    }
    if (ap.buffer >= program->buffers.size()) {
      return fail(name, absl::StrFormat("there is no buffer %d", ap.buffer));
    }
    const ProgramView::Buffer &buffer = program->buffers[ap.buffer];
    if (!buffer.bound) {
      return fail(name, absl::StrFormat("buffer %d is an input or output, which init does not have", ap.buffer));
    }
    if (buffer.constant && role != Role::Read) {
      return fail(name, absl::StrFormat("buffer %d is constant", ap.buffer));
    }
    return static_cast<__int128>(buffer.bytes);
  }

  absl::Status inside(const char *name, const AccessPattern &ap, Role role, int64_t count) const {
    absl::StatusOr<__int128> limit = room(name, ap, role);
    if (!limit.ok() || *limit < 0) {
      return limit.status();
    }
    const Extent extent = extentOf(ap);
    if (extent.begin < 0 || extent.end > *limit) {
      return fail(name, absl::StrFormat("bytes %d..%d are outside of the %d of its memory", narrowed(extent.begin), narrowed(extent.end), narrowed(*limit)));
    }
    // A result with more elements than places would write some of them twice; a source may repeat, on chip within reason.
    const __int128 bytes = static_cast<__int128>(count) * static_cast<__int128>(dtypeSize(ap.dtype));
    if ((role != Role::Read && bytes > *limit) || (ap.space != Space::Dram && count > hw::kMostSbufBytes)) {
      return fail(name, absl::StrFormat("%d elements are more than its memory holds", count));
    }
    return absl::OkStatus();
  }

  absl::Status check(const char *name, uint8_t spaces, TypeMask allowed, Role role, const AccessPattern &ap) const {
    if (!(spaces >> static_cast<int>(ap.space) & 1)) {
      return fail(name, "this memory is not reachable by the instruction");
    }
    if (ap.space == Space::Psum && head.engine == Engine::GpSimd) {
      return fail(name, "GpSimd does not reach PSUM");
    }
    absl::Status status = types(name, allowed, ap);
    absl::StatusOr<int64_t> count = status.ok() ? countOf(name, ap) : status;
    if (!count.ok()) {
      return count.status();
    }
    if (ap.offset % dtypeSize(ap.dtype) != 0) {
      return fail(name, "the offset is not a multiple of the element size");
    }
    status = ap.space == Space::Dram ? absl::OkStatus() : partitions(name, ap);
    return status.ok() ? inside(name, ap, role, *count) : status;
  }

  void pattern(const PatternInfo &info, const AccessPattern &ap) {
    if (ap.valid()) {
      keep(check(info.name, info.spaces, info.types, info.role, ap));
    } else if (!info.optional) {
      keep(fail(info.name, "missing"));
    }
  }
  void scalar(const ScalarInfo &info, const ScalarOperand &s) {
    if (s.isPattern()) {
      constexpr uint8_t spaces = 1 << static_cast<int>(Space::Sbuf) | 1 << static_cast<int>(Space::Psum);
      keep(check(info.name, spaces, kEngineTypes, Role::Read, s.pattern));
      if (status.ok() && info.perPartition && s.pattern.freeSize() != 1) {
        keep(fail(info.name, "a scalar operand holds one element per partition"));
      }
    }
  }
  template <typename T>
  void immediate(const char *, T) {}
};

/// A per-partition scalar has as many partitions as the tile it is applied to.
struct ScalarPartitions {
  uint16_t partitions = 0;
  absl::Status status;
  void pattern(const PatternInfo &info, const AccessPattern &ap) {
    if (partitions == 0 && info.role != Role::Read) {
      partitions = ap.partitions;
    }
  }
  void scalar(const ScalarInfo &info, const ScalarOperand &s) {
    if (s.isPattern() && s.pattern.partitions != partitions) {
      status = fail(info.name, "differs from dst in partitions");
    }
  }
  template <typename T>
  void immediate(const char *, T) {}
};

#include "runtime/isa/Verify.cpp.inc"

absl::Status checkHeader(const Header &head, uint8_t engines, const hw::DeviceSpec &spec) {
  if (!(engines >> static_cast<int>(head.engine) & 1)) {
    return absl::InvalidArgumentError(absl::StrFormat("the %s engine does not run this instruction",
                                                      std::string(enumName(head.engine))));
  }
  if (head.engine == Engine::Dma && head.queue >= spec.dmaQueues) {
    return absl::InvalidArgumentError(absl::StrFormat("there is no DMA queue %d", head.queue));
  }
  if (head.sync.waitCount > Sync::kMaxWaits || head.sync.signalCount > Sync::kMaxSignals) {
    return absl::InvalidArgumentError("more waits or signals than a header holds");
  }
  for (const SemaphoreWait &wait : head.sync.waitList()) {
    if (wait.semaphore >= spec.semaphores) {
      return absl::InvalidArgumentError("no such semaphore");
    }
  }
  for (const SemaphoreSignal &signal : head.sync.signalList()) {
    if (signal.semaphore >= spec.semaphores) {
      return absl::InvalidArgumentError("no such semaphore");
    }
  }
  return absl::OkStatus();
}

} // namespace

absl::Status verify(const Instruction &inst, const hw::DeviceSpec &spec, const ProgramView *program) {
  absl::Status status = std::visit(
      [&](const auto &i) -> absl::Status {
        using I = std::decay_t<decltype(i)>;
        if (absl::Status bad = checkHeader(i.header, I::kEngines, spec); !bad.ok()) {
          return bad;
        }
        Verifier verifier{spec, program, i.header, I::kAlignedPartitions, absl::OkStatus()};
        visitFields(i, verifier);
        if (!verifier.status.ok()) {
          return verifier.status;
        }
        ScalarPartitions scalars;
        visitFields(i, scalars);
        return scalars.status.ok() ? checkInstruction(i, spec, program) : scalars.status;
      },
      inst);
  if (status.ok()) {
    return status;
  }
  return absl::InvalidArgumentError(std::string(status.message()) + " in `" + disassemble(inst) + "`");
}

} // namespace ncc::isa
