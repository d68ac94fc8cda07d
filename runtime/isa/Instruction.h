// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// One instruction of a core. The structs come from Isa.td; this file holds what all of them share: the header
// with engine, semaphore waits and signals, and the operations every user needs (encode, decode, disassemble,
// verify, walk operands). Program order is the meaning; waits and signals only say what may overlap.
#pragma once

#include "runtime/isa/AccessPattern.h"

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace ncc::hw {
struct DeviceSpec;
}

namespace ncc::isa {

struct SemaphoreWait {
  uint16_t semaphore = 0;
  uint32_t value = 0; // waits until the semaphore is >= value
  bool operator==(const SemaphoreWait &) const = default;
};

struct SemaphoreSignal {
  uint16_t semaphore = 0;
  uint16_t increment = 1; // added when the instruction is complete
  bool operator==(const SemaphoreSignal &) const = default;
};

struct Sync {
  static constexpr int kMaxWaits = 4;
  static constexpr int kMaxSignals = 2;
  uint8_t waitCount = 0;
  uint8_t signalCount = 0;
  std::array<SemaphoreWait, kMaxWaits> waits{};
  std::array<SemaphoreSignal, kMaxSignals> signals{};

  /// False when there is no room left; the caller then needs a semaphore or nop instruction before it.
  bool addWait(uint16_t semaphore, uint32_t value) {
    if (waitCount == kMaxWaits) {
      return false;
    }
    waits[waitCount++] = {semaphore, value};
    return true;
  }
  bool addSignal(uint16_t semaphore, uint16_t increment = 1) {
    if (signalCount == kMaxSignals) {
      return false;
    }
    signals[signalCount++] = {semaphore, increment};
    return true;
  }
  absl::Span<const SemaphoreWait> waitList() const { return absl::MakeSpan(waits.data(), waitCount); }
  absl::Span<const SemaphoreSignal> signalList() const { return absl::MakeSpan(signals.data(), signalCount); }
  bool operator==(const Sync &) const = default;
};

/// A number or an access pattern.
struct ScalarOperand {
  enum class Kind : uint8_t { F32 = 0, I64 = 1, Pattern = 2 };
  Kind kind = Kind::F32;
  float value = 0;
  int64_t integer = 0;
  AccessPattern pattern;

  ScalarOperand() = default;
  ScalarOperand(float number) : value(number) {}
  ScalarOperand(int64_t number) : kind(Kind::I64), integer(number) {}
  ScalarOperand(const AccessPattern &ap) : kind(Kind::Pattern), pattern(ap) {}
  bool isPattern() const { return kind == Kind::Pattern; }
  double asDouble() const { return kind == Kind::I64 ? static_cast<double>(integer) : value; }
  bool operator==(const ScalarOperand &) const = default;
};

enum class Role : uint8_t { Read, Write, Update };

/// Element types as bits.
using TypeMask = uint64_t;
constexpr TypeMask typeBit(DType type) { return static_cast<uint8_t>(type) < 64 ? TypeMask{1} << static_cast<uint8_t>(type) : 0; }

/// What Isa.td says of one pattern operand.
struct PatternInfo {
  const char *name;
  Role role;
  uint8_t spaces; // bit 1 << Space
  bool optional;
  TypeMask types;
};

struct ScalarInfo {
  const char *name;
  bool perPartition;
};

struct Header;

#include "runtime/isa/Instructions.h.inc"

const Header &header(const Instruction &inst);
Header &header(Instruction &inst);
inline Opcode opcodeOf(const Instruction &inst) { return static_cast<Opcode>(inst.index() + 1); }

std::string_view opcodeName(Opcode opcode);

/// Appends the variable-length encoding (docs/isa.md); only used dims take room.
void encode(const Instruction &inst, std::string &out);
/// Reads one instruction from the front of `bytes` and drops it. Accepts nothing malformed.
absl::StatusOr<Instruction> decode(absl::Span<const uint8_t> &bytes);

std::string disassemble(const Instruction &inst);
std::string disassemble(const AccessPattern &ap);

/// What an instruction may refer to outside of itself: buffers, calls and channels of its program, as they are while it runs.
struct ProgramView {
  struct Buffer {
    uint64_t bytes = 0;
    bool bound = true;    // has memory now; inputs and outputs have none during init
    bool constant = false; // may not be written
  };
  struct Channel {
    uint64_t bytes = 0; // of a slot
    bool sends = false, receives = false; // for this core, now
  };
  absl::Span<const Buffer> buffers;
  absl::Span<const Channel> channels;
  absl::Span<const uint8_t> calls; // nonzero: may be made now
};

/// The one judge of an instruction: every operand within its memory, of a type its place and engine hold, and all that
/// the instruction's record in Isa.td asks for. What it lets through, executors, simulators and printers take as it is. Without a
/// program only what depends on the device is looked at (compilers, before there are buffers).
absl::Status verify(const Instruction &inst, const hw::DeviceSpec &spec, const ProgramView *program = nullptr);

/// What computing a verified instruction costs an executor: one for an element written or read by an engine or DMA, or for 64
/// products of the tensor engine. Calls are counted where their kernels are known.
double workOf(const Instruction &inst);
/// Bytes the plain interpreter holds beside the memories while it computes a verified instruction.
double temporaryBytes(const Instruction &inst);

using PatternFn = absl::FunctionRef<void(const AccessPattern &)>;
/// Every pattern the instruction reads (an accumulating matmul reads its destination) or writes.
void forEachRead(const Instruction &inst, PatternFn fn);
void forEachWrite(const Instruction &inst, PatternFn fn);
/// Every pattern operand, to be rewritten in place.
void forEachPattern(Instruction &inst, absl::FunctionRef<void(AccessPattern &)> fn);

} // namespace ncc::isa
