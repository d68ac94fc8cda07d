// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What one instruction may not do on a device: the operand rules shared by all instructions here, the rest from
// the checks of Isa.td.

#include "runtime/isa/Checks.h"

#include "absl/strings/str_format.h"

namespace ncc::isa {

ByteRange byteRange(const AccessPattern &ap) {
  const int64_t bytes = static_cast<int64_t>(dtypeSize(ap.dtype));
  ByteRange range{static_cast<int64_t>(ap.offset), static_cast<int64_t>(ap.offset) + bytes};
  for (int i = 0; i < ap.rank; ++i) {
    int64_t reach = static_cast<int64_t>(ap.dims[i].stride) * (static_cast<int64_t>(ap.dims[i].size) - 1) * bytes;
    (reach < 0 ? range.begin : range.end) += reach;
  }
  return range;
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

absl::Status checkShape(const char *name, const AccessPattern &ap) {
  int64_t elements = 1;
  for (int i = 0; i < ap.rank; ++i) {
    if (ap.dims[i].size == 0 || ap.dims[i].size > (1u << 30)) {
      return fail(name, "a dim is empty or too large");
    }
    elements *= ap.dims[i].size;
    if (elements > (int64_t{1} << 40)) {
      return fail(name, "too many elements");
    }
  }
  if (ap.offset > (uint64_t{1} << 48) || ap.offset % dtypeSize(ap.dtype) != 0) {
    return fail(name, "the offset is not a multiple of the element size");
  }
  return absl::OkStatus();
}

struct Verifier {
  const hw::DeviceSpec &spec;
  const Header &head;
  bool aligned;
  absl::Status status;

  void keep(absl::Status next) {
    if (status.ok()) {
      status = std::move(next);
    }
  }

  absl::Status onChip(const char *name, const AccessPattern &ap) const {
    if (ap.partitions == 0 || ap.partition + ap.partitions > spec.partitions) {
      return fail(name, absl::StrFormat("partitions %d..%d do not exist", ap.partition, ap.partition + ap.partitions - 1));
    }
    const int step = ap.partitions > 64 ? 128 : ap.partitions > 32 ? 64 : 32;
    if (aligned && ap.partition % step != 0) {
      return fail(name, absl::StrFormat("%d partitions cannot start at partition %d", ap.partitions, ap.partition));
    }
    if (ap.rank > 4) {
      return fail(name, "more than four free dims");
    }
    if (ap.dtype == DType::F64) {
      return fail(name, "no engine handles f64");
    }
    ByteRange range = byteRange(ap);
    int64_t limit = ap.space == Space::Sbuf ? spec.sbufBytesPerPartition : spec.psumBytesPerPartition;
    if (range.begin < 0 || range.end > limit) {
      return fail(name, absl::StrFormat("bytes %d..%d are outside the partition of %d bytes", range.begin, range.end, limit));
    }
    return absl::OkStatus();
  }

  absl::Status check(const char *name, uint8_t spaces, const AccessPattern &ap) const {
    if (!(spaces >> static_cast<int>(ap.space) & 1)) {
      return fail(name, "this memory is not reachable by the instruction");
    }
    if (ap.space == Space::Psum && head.engine == Engine::GpSimd) {
      return fail(name, "GpSimd does not reach PSUM");
    }
    if (absl::Status bad = checkShape(name, ap); !bad.ok()) {
      return bad;
    }
    return ap.space == Space::Dram ? absl::OkStatus() : onChip(name, ap);
  }

  void pattern(const PatternInfo &info, const AccessPattern &ap) {
    if (ap.valid()) {
      keep(check(info.name, info.spaces, ap));
    } else if (!info.optional) {
      keep(fail(info.name, "missing"));
    }
  }
  void scalar(const ScalarInfo &info, const ScalarOperand &s) {
    if (s.isPattern()) {
      keep(check(info.name, 1 << static_cast<int>(Space::Sbuf) | 1 << static_cast<int>(Space::Psum), s.pattern));
      if (info.perPartition && s.pattern.freeSize() != 1) {
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

absl::Status verify(const Instruction &inst, const hw::DeviceSpec &spec) {
  absl::Status status = std::visit(
      [&](const auto &i) -> absl::Status {
        using I = std::decay_t<decltype(i)>;
        if (absl::Status bad = checkHeader(i.header, I::kEngines, spec); !bad.ok()) {
          return bad;
        }
        Verifier verifier{spec, i.header, I::kAlignedPartitions, absl::OkStatus()};
        visitFields(i, verifier);
        if (!verifier.status.ok()) {
          return verifier.status;
        }
        ScalarPartitions scalars;
        visitFields(i, scalars);
        return scalars.status.ok() ? checkInstruction(i, spec) : scalars.status;
      },
      inst);
  if (status.ok()) {
    return status;
  }
  return absl::InvalidArgumentError(std::string(status.message()) + " in `" + disassemble(inst) + "`");
}

} // namespace ncc::isa
