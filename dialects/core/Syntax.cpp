// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The text of an instruction: engine, fields by name in the order of Isa.td, then waits and signals.
//   core.matmul tensor dst = psum(0 + 128, 0, f32, [1 : 512]), ..., accumulate = 0 wait(2 >= 7) signal(0 + 1)
#include "dialects/core/Core.h"

#include "mlir/IR/OpImplementation.h"
#include "llvm/Support/Format.h"

#include <cmath>

using namespace mlir;
using namespace ncc;

namespace {

StringRef text(std::string_view view) { return {view.data(), view.size()}; }

//===----------------------------------------------------------------------===//
// Printing
//===----------------------------------------------------------------------===//

void printPattern(raw_ostream &os, const isa::AccessPattern &ap) {
  if (!ap.valid()) {
    os << "none";
    return;
  }
  if (ap.space == isa::Space::Dram) {
    os << "dram(" << ap.buffer;
  } else {
    os << (ap.space == isa::Space::Sbuf ? "sbuf(" : "psum(") << ap.partition << " + " << ap.partitions;
  }
  os << ", " << ap.offset << ", " << text(dtypeName(ap.dtype)) << ", [";
  for (int i = 0; i < ap.rank; ++i) {
    os << (i ? ", " : "") << ap.dims[i].stride << " : " << ap.dims[i].size;
  }
  os << "])";
}

void printFloat(raw_ostream &os, float value) {
  if (std::isfinite(value)) {
    os << llvm::format("%.9e", static_cast<double>(value));
  } else {
    os << (std::isnan(value) ? "\"nan\"" : value > 0 ? "\"inf\"" : "\"-inf\"");
  }
}

struct Printer {
  raw_ostream &os;
  bool first = true;

  raw_ostream &name(const char *field) {
    os << (first ? " " : ", ") << field << " = ";
    first = false;
    return os;
  }
  void pattern(const isa::PatternInfo &info, const isa::AccessPattern &ap) { printPattern(name(info.name), ap); }
  void scalar(const isa::ScalarInfo &info, const isa::ScalarOperand &operand) {
    name(info.name);
    if (operand.isPattern()) {
      printPattern(os, operand.pattern);
    } else if (operand.kind == isa::ScalarOperand::Kind::I64) {
      os << operand.integer;
    } else {
      printFloat(os, operand.value);
    }
  }
  template <typename T>
  void immediate(const char *field, const T &value) {
    name(field);
    if constexpr (std::is_enum_v<T>) {
      os << text(isa::enumName(value));
    } else if constexpr (std::is_floating_point_v<T>) {
      printFloat(os, value);
    } else if constexpr (std::is_signed_v<T>) {
      os << static_cast<int64_t>(value);
    } else {
      os << static_cast<uint64_t>(value);
    }
  }
};

//===----------------------------------------------------------------------===//
// Parsing
//===----------------------------------------------------------------------===//

std::optional<isa::ActFunc> parseEnum(std::string_view name, isa::ActFunc) { return isa::parseActFunc(name); }
std::optional<isa::AluOp> parseEnum(std::string_view name, isa::AluOp) { return isa::parseAluOp(name); }
std::optional<isa::SemaphoreOp> parseEnum(std::string_view name, isa::SemaphoreOp) { return isa::parseSemaphoreOp(name); }

struct Parser {
  OpAsmParser &parser;
  bool first = true;
  bool ok = true;

  // Every step is skipped after the first failure, which the parser has reported.
  bool step(ParseResult result) {
    ok = ok && succeeded(result);
    return ok;
  }
  template <typename T>
  T integer() {
    T value{};
    if (ok) {
      step(parser.parseInteger(value));
    }
    return value;
  }
  bool field(const char *name) {
    if (ok && !first) {
      step(parser.parseComma());
    }
    first = false;
    return ok && step(parser.parseKeyword(name)) && step(parser.parseEqual());
  }

  void dims(isa::AccessPattern &ap) {
    step(parser.parseCommaSeparatedList(OpAsmParser::Delimiter::Square, [&]() -> ParseResult {
      if (ap.rank == isa::AccessPattern::kMaxDims) {
        return parser.emitError(parser.getCurrentLocation(), "too many dims");
      }
      isa::Dim &dim = ap.dims[ap.rank++];
      dim.stride = integer<int32_t>();
      ok = ok && succeeded(parser.parseColon());
      dim.size = integer<uint32_t>();
      return success(ok);
    }));
  }

  void rest(isa::AccessPattern &ap, StringRef space) {
    ap.space = space == "sbuf" ? isa::Space::Sbuf : space == "psum" ? isa::Space::Psum : isa::Space::Dram;
    if (!step(parser.parseLParen())) {
      return;
    }
    if (ap.space == isa::Space::Dram) {
      ap.buffer = integer<uint16_t>();
    } else {
      ap.partition = integer<uint16_t>();
      if (ok) {
        step(parser.parsePlus());
      }
      ap.partitions = integer<uint16_t>();
    }
    ok = ok && step(parser.parseComma());
    ap.offset = integer<uint64_t>();
    StringRef name;
    if (!ok || !step(parser.parseComma()) || !step(parser.parseKeyword(&name)) || !step(parser.parseComma())) {
      return;
    }
    std::optional<DType> dtype = dtypeFromName({name.data(), name.size()});
    if (!dtype) {
      step(parser.emitError(parser.getCurrentLocation(), "unknown type"));
      return;
    }
    ap.dtype = *dtype;
    dims(ap);
    if (ok) {
      step(parser.parseRParen());
    }
  }

  bool optionalPattern(isa::AccessPattern &ap) {
    StringRef space;
    if (failed(parser.parseOptionalKeyword(&space, {"sbuf", "psum", "dram", "none"}))) {
      return false;
    }
    ap = {};
    if (space != "none") {
      rest(ap, space);
    }
    return true;
  }

  float number() {
    std::string word;
    if (succeeded(parser.parseOptionalString(&word))) {
      return word == "nan" ? NAN : word == "inf" ? INFINITY : -INFINITY;
    }
    double value = 0;
    step(parser.parseFloat(value));
    return static_cast<float>(value);
  }

  void pattern(const isa::PatternInfo &info, isa::AccessPattern &ap) {
    if (field(info.name) && !optionalPattern(ap)) {
      step(parser.emitError(parser.getCurrentLocation(), "expected an access pattern"));
    }
  }
  void scalar(const isa::ScalarInfo &info, isa::ScalarOperand &operand) {
    if (!field(info.name)) {
      return;
    }
    isa::AccessPattern ap;
    if (optionalPattern(ap)) {
      operand = ap;
      return;
    }
    int64_t value = 0;
    OptionalParseResult integral = parser.parseOptionalInteger(value);
    if (integral.has_value()) {
      step(*integral);
      operand = value;
    } else {
      operand = number();
    }
  }
  template <typename T>
  void immediate(const char *name, T &value) {
    if (!field(name)) {
      return;
    }
    if constexpr (std::is_enum_v<T>) {
      StringRef word;
      if (step(parser.parseKeyword(&word))) {
        std::optional<T> parsed = parseEnum({word.data(), word.size()}, T{});
        if (!parsed) {
          step(parser.emitError(parser.getCurrentLocation(), "unknown operation '") << word << "'");
          return;
        }
        value = *parsed;
      }
    } else if constexpr (std::is_floating_point_v<T>) {
      value = number();
    } else if constexpr (std::is_same_v<T, bool>) {
      value = integer<int64_t>() != 0;
    } else if constexpr (sizeof(T) == 1) {
      value = static_cast<T>(integer<int64_t>());
    } else {
      value = integer<T>();
    }
  }
};

} // namespace

void core::printInstruction(OpAsmPrinter &printer, const isa::Instruction &inst) {
  raw_ostream &os = printer.getStream();
  const isa::Header &header = isa::header(inst);
  os << " " << text(isa::enumName(header.engine));
  if (header.queue != 0) {
    os << "(" << static_cast<int>(header.queue) << ")";
  }
  Printer fields{os};
  std::visit([&](const auto &typed) { isa::visitFields(typed, fields); }, inst);
  for (const isa::SemaphoreWait &wait : header.sync.waitList()) {
    os << " wait(" << wait.semaphore << ", " << wait.value << ")";
  }
  for (const isa::SemaphoreSignal &signal : header.sync.signalList()) {
    os << " signal(" << signal.semaphore << ", " << signal.increment << ")";
  }
}

ParseResult core::parseInstruction(OpAsmParser &parser, isa::Instruction &inst) {
  isa::Header &header = isa::header(inst);
  StringRef engine;
  if (parser.parseKeyword(&engine)) {
    return failure();
  }
  std::optional<isa::Engine> parsed = isa::parseEngine({engine.data(), engine.size()});
  if (!parsed) {
    return parser.emitError(parser.getNameLoc(), "unknown engine '") << engine << "'";
  }
  header.engine = *parsed;
  if (succeeded(parser.parseOptionalLParen())) {
    int64_t queue = 0;
    if (parser.parseInteger(queue) || parser.parseRParen()) {
      return failure();
    }
    header.queue = static_cast<uint8_t>(queue);
  }
  Parser fields{parser};
  std::visit([&](auto &typed) { isa::visitFields(typed, fields); }, inst);
  while (fields.ok) {
    bool wait = succeeded(parser.parseOptionalKeyword("wait"));
    if (!wait && failed(parser.parseOptionalKeyword("signal"))) {
      break;
    }
    uint16_t semaphore = 0;
    int64_t value = 0;
    if (parser.parseLParen() || parser.parseInteger(semaphore) || parser.parseComma() || parser.parseInteger(value) || parser.parseRParen()) {
      return failure();
    }
    bool room = wait ? header.sync.addWait(semaphore, static_cast<uint32_t>(value))
                     : header.sync.addSignal(semaphore, static_cast<uint16_t>(value));
    if (!room) {
      return parser.emitError(parser.getCurrentLocation(), "too many waits or signals");
    }
  }
  return success(fields.ok);
}
