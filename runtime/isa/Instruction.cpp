// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Encoder, decoder, disassembler and operand walkers: small visitors over the fields that Isa.td declares.

#include "runtime/isa/Instruction.h"

#include "runtime/isa/Wire.h"

#include "absl/strings/str_format.h"

namespace ncc::isa {

#include "runtime/isa/Instructions.cpp.inc"

const Header &header(const Instruction &inst) {
  return std::visit([](const auto &i) -> const Header & { return i.header; }, inst);
}
Header &header(Instruction &inst) {
  return std::visit([](auto &i) -> Header & { return i.header; }, inst);
}

namespace {

void putPattern(std::string &out, const AccessPattern &ap) {
  // Trailing defaults cost nothing: the first byte says space and rank.
  out.push_back(static_cast<char>(static_cast<uint8_t>(ap.space) | ap.rank << 2));
  if (!ap.valid()) {
    return;
  }
  out.push_back(static_cast<char>(ap.dtype));
  if (ap.space == Space::Dram) {
    putVarint(out, ap.buffer);
  } else {
    putVarint(out, ap.partition);
    putVarint(out, ap.partitions);
  }
  putVarint(out, ap.offset);
  for (int i = 0; i < ap.rank; ++i) {
    putSigned(out, ap.dims[i].stride);
    putVarint(out, ap.dims[i].size);
  }
}

AccessPattern getPattern(WireReader &in) {
  AccessPattern ap;
  uint8_t tag = in.byte();
  ap.space = static_cast<Space>(tag & 3);
  ap.rank = tag >> 2;
  if (ap.rank > AccessPattern::kMaxDims || (!ap.valid() && tag != 0)) {
    in.ok = false;
    return {};
  }
  if (!ap.valid()) {
    return ap;
  }
  ap.dtype = static_cast<DType>(in.byte());
  if (dtypeSize(ap.dtype) == 0) {
    in.ok = false;
  }
  if (ap.space == Space::Dram) {
    ap.buffer = in.narrow<uint16_t>();
  } else {
    ap.partition = in.narrow<uint16_t>();
    ap.partitions = in.narrow<uint16_t>();
  }
  ap.offset = in.varint();
  for (int i = 0; i < ap.rank; ++i) {
    int64_t stride = in.signedInt();
    ap.dims[i].stride = static_cast<int32_t>(stride);
    ap.dims[i].size = in.narrow<uint32_t>();
    if (stride != ap.dims[i].stride) {
      in.ok = false;
    }
  }
  return ap;
}

struct Encoder {
  std::string &out;
  void pattern(const PatternInfo &, const AccessPattern &ap) { putPattern(out, ap); }
  void scalar(const ScalarInfo &, const ScalarOperand &s) {
    out.push_back(static_cast<char>(s.kind));
    switch (s.kind) {
    case ScalarOperand::Kind::F32:
      putF32(out, s.value);
      break;
    case ScalarOperand::Kind::I64:
      putSigned(out, s.integer);
      break;
    case ScalarOperand::Kind::Pattern:
      putPattern(out, s.pattern);
      break;
    }
  }
  void immediate(const char *, float value) { putF32(out, value); }
  template <typename T>
  void immediate(const char *, T value) {
    if constexpr (std::is_enum_v<T>) {
      out.push_back(static_cast<char>(value));
    } else if constexpr (std::is_signed_v<T>) {
      putSigned(out, value);
    } else {
      putVarint(out, value);
    }
  }
};

struct Decoder {
  WireReader &in;
  void pattern(const PatternInfo &, AccessPattern &ap) { ap = getPattern(in); }
  void scalar(const ScalarInfo &, ScalarOperand &s) {
    uint8_t kind = in.byte();
    if (kind > 2) {
      in.ok = false;
      return;
    }
    s = ScalarOperand();
    s.kind = static_cast<ScalarOperand::Kind>(kind);
    switch (s.kind) {
    case ScalarOperand::Kind::F32:
      s.value = in.f32();
      break;
    case ScalarOperand::Kind::I64:
      s.integer = in.signedInt();
      break;
    case ScalarOperand::Kind::Pattern:
      s.pattern = getPattern(in);
      break;
    }
  }
  void immediate(const char *, float &value) { value = in.f32(); }
  template <typename T>
  void immediate(const char *, T &value) {
    if constexpr (std::is_enum_v<T>) {
      uint8_t byte = in.byte();
      if (byte >= enumCount(T{})) {
        in.ok = false;
        return;
      }
      value = static_cast<T>(byte);
    } else if constexpr (std::is_same_v<T, bool>) {
      uint8_t byte = in.byte();
      in.ok = in.ok && byte <= 1;
      value = byte == 1;
    } else if constexpr (std::is_signed_v<T>) {
      int64_t wide = in.signedInt();
      value = static_cast<T>(wide);
      in.ok = in.ok && wide == value;
    } else {
      value = in.narrow<T>();
    }
  }
};

struct Printer {
  std::string &out;
  void pattern(const PatternInfo &info, const AccessPattern &ap) {
    if (ap.valid()) {
      absl::StrAppendFormat(&out, " %s=%s", info.name, disassemble(ap));
    }
  }
  void scalar(const ScalarInfo &info, const ScalarOperand &s) {
    switch (s.kind) {
    case ScalarOperand::Kind::F32:
      absl::StrAppendFormat(&out, " %s=%g", info.name, s.value);
      break;
    case ScalarOperand::Kind::I64:
      absl::StrAppendFormat(&out, " %s=%di", info.name, s.integer);
      break;
    case ScalarOperand::Kind::Pattern:
      absl::StrAppendFormat(&out, " %s=%s", info.name, disassemble(s.pattern));
      break;
    }
  }
  template <typename T>
  void immediate(const char *name, T value) {
    if constexpr (std::is_enum_v<T>) {
      std::string_view text = enumName(value);
      absl::StrAppendFormat(&out, " %s=%s", name, std::string(text));
    } else if constexpr (std::is_same_v<T, float>) {
      if (value != 0) {
        absl::StrAppendFormat(&out, " %s=%g", name, value);
      }
    } else if (value != T{}) { // zero immediates are the quiet default
      absl::StrAppendFormat(&out, " %s=%d", name, static_cast<int64_t>(value));
    }
  }
};

struct Walker {
  PatternFn fn;
  bool writes;
  void pattern(const PatternInfo &info, const AccessPattern &ap) {
    bool match = info.role == Role::Update || (info.role == Role::Write) == writes;
    if (ap.valid() && match) {
      fn(ap);
    }
  }
  void scalar(const ScalarInfo &, const ScalarOperand &s) {
    if (s.isPattern() && !writes) {
      fn(s.pattern);
    }
  }
  template <typename T>
  void immediate(const char *, T) {}
};

struct Rewriter {
  absl::FunctionRef<void(AccessPattern &)> fn;
  void pattern(const PatternInfo &, AccessPattern &ap) {
    if (ap.valid()) {
      fn(ap);
    }
  }
  void scalar(const ScalarInfo &, ScalarOperand &s) {
    if (s.isPattern()) {
      fn(s.pattern);
    }
  }
  template <typename T>
  void immediate(const char *, T &) {}
};

} // namespace

void encode(const Instruction &inst, std::string &out) {
  const Header &head = header(inst);
  out.push_back(static_cast<char>(opcodeOf(inst)));
  out.push_back(static_cast<char>(static_cast<uint8_t>(head.engine) | head.sync.waitCount << 3 | head.sync.signalCount << 6));
  out.push_back(static_cast<char>(head.queue));
  putVarint(out, head.node);
  for (const SemaphoreWait &wait : head.sync.waitList()) {
    putVarint(out, wait.semaphore);
    putVarint(out, wait.value);
  }
  for (const SemaphoreSignal &signal : head.sync.signalList()) {
    putVarint(out, signal.semaphore);
    putVarint(out, signal.increment);
  }
  Encoder encoder{out};
  std::visit([&](const auto &i) { visitFields(i, encoder); }, inst);
}

absl::StatusOr<Instruction> decode(absl::Span<const uint8_t> &bytes) {
  WireReader in{bytes};
  uint8_t opcode = in.byte();
  std::optional<Instruction> made = makeInstruction(opcode);
  if (!made) {
    return absl::InvalidArgumentError(absl::StrFormat("unknown opcode %d", opcode));
  }
  Header &head = header(*made);
  uint8_t tag = in.byte();
  if ((tag & 7) >= enumCount(Engine{}) || ((tag >> 3) & 7) > Sync::kMaxWaits || (tag >> 6) > Sync::kMaxSignals) {
    return absl::InvalidArgumentError("malformed instruction header");
  }
  head.engine = static_cast<Engine>(tag & 7);
  head.queue = in.byte();
  head.node = in.narrow<uint32_t>();
  for (int i = 0; i < ((tag >> 3) & 7); ++i) {
    uint16_t semaphore = in.narrow<uint16_t>();
    head.sync.addWait(semaphore, in.narrow<uint32_t>());
  }
  for (int i = 0; i < (tag >> 6); ++i) {
    uint16_t semaphore = in.narrow<uint16_t>();
    head.sync.addSignal(semaphore, in.narrow<uint16_t>());
  }
  Decoder decoder{in};
  std::visit([&](auto &i) { visitFields(i, decoder); }, *made);
  if (!in.ok) {
    return absl::InvalidArgumentError(absl::StrFormat("malformed or truncated %s instruction",
                                                      std::string(opcodeName(static_cast<Opcode>(opcode)))));
  }
  bytes = in.bytes;
  return *std::move(made);
}

std::string disassemble(const AccessPattern &ap) {
  std::string out(dtypeName(ap.dtype));
  switch (ap.space) {
  case Space::None:
    return "none";
  case Space::Dram:
    absl::StrAppendFormat(&out, "@dram%d+0x%x", ap.buffer, ap.offset);
    break;
  default:
    absl::StrAppendFormat(&out, "@%s[%d:%d]+0x%x", ap.space == Space::Sbuf ? "sbuf" : "psum", ap.partition,
                          ap.partition + ap.partitions, ap.offset);
  }
  out += '<';
  for (int i = 0; i < ap.rank; ++i) {
    absl::StrAppendFormat(&out, "%s%d:%d", i ? "," : "", ap.dims[i].stride, ap.dims[i].size);
  }
  return out + '>';
}

std::string disassemble(const Instruction &inst) {
  const Header &head = header(inst);
  std::string out(enumName(head.engine));
  if (head.engine == Engine::Dma) {
    absl::StrAppendFormat(&out, "%d", head.queue);
  }
  out += ' ';
  out += opcodeName(opcodeOf(inst));
  Printer printer{out};
  std::visit([&](const auto &i) { visitFields(i, printer); }, inst);
  for (const SemaphoreWait &wait : head.sync.waitList()) {
    absl::StrAppendFormat(&out, " wait(s%d>=%d)", wait.semaphore, wait.value);
  }
  for (const SemaphoreSignal &signal : head.sync.signalList()) {
    absl::StrAppendFormat(&out, " signal(s%d+%d)", signal.semaphore, signal.increment);
  }
  if (head.node) {
    absl::StrAppendFormat(&out, " node=%d", head.node);
  }
  return out;
}

void forEachRead(const Instruction &inst, PatternFn fn) {
  if (const auto *matmul = std::get_if<Matmul>(&inst)) {
    // A matmul that does not accumulate only overwrites its destination.
    if (matmul->accumulate) {
      fn(matmul->dst);
    }
    fn(matmul->stationary);
    fn(matmul->moving);
    return;
  }
  Walker walker{fn, false};
  std::visit([&](const auto &i) { visitFields(i, walker); }, inst);
}
void forEachWrite(const Instruction &inst, PatternFn fn) {
  Walker walker{fn, true};
  std::visit([&](const auto &i) { visitFields(i, walker); }, inst);
}
void forEachPattern(Instruction &inst, absl::FunctionRef<void(AccessPattern &)> fn) {
  Rewriter rewriter{fn};
  std::visit([&](auto &i) { visitFields(i, rewriter); }, inst);
}

} // namespace ncc::isa
