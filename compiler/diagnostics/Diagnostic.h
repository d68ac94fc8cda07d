// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What the compiler tells its user: a stable code, the node, one sentence of fact and one of advice. An engine
// belongs to one compilation; it calls back as diagnostics appear and keeps them all.
#pragma once

#include <cstdint>
#include <functional>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ncc {

enum class Severity : uint8_t { Note, Warning, Error };

enum class Code : uint16_t {
#define NCC_CODE(number, name, severity, title, fact, advice) name = number,
#include "compiler/diagnostics/Codes.def"
#undef NCC_CODE
};

/// One row of Codes.def; `ncc explain` prints it.
struct CodeInfo {
  Code code;
  std::string_view name;
  Severity severity;
  std::string_view title, fact, advice;
};
std::span<const CodeInfo> allCodes();
const CodeInfo &codeInfo(Code code);
/// By "NCC1101", "1101" or the code's name; nullptr when there is none.
const CodeInfo *findCode(std::string_view text);
/// "NCC1101".
std::string codeString(Code code);

struct Diagnostic {
  Code code;
  Severity severity;
  std::string node;    // the ONNX node's name, or empty
  std::string opType;  // "Conv", with the opset its form comes from "Conv-11", or empty
  std::string message; // the fact, one sentence without a final stop
  std::string advice;  // what to do

  /// error[NCC1102] node 'conv1' (Conv, opset 11): message
  ///   advice
  /// with `colour`, in the colours of a terminal.
  std::string str(bool colour = false) const;
  /// The same as an object of JSON: severity, code, node, op, message, advice.
  std::string json() const;
};

class DiagnosticEngine {
public:
  using Handler = std::function<void(const Diagnostic &)>;
  explicit DiagnosticEngine(Handler handler = {}) : handler(std::move(handler)) {}

  void report(Diagnostic diagnostic);
  /// Severity and, unless given, advice come from the table.
  void report(Code code, std::string message, std::string node = {}, std::string opType = {},
              std::string advice = {});

  bool hasErrors() const { return errors > 0; }
  size_t errorCount() const { return errors; }
  const std::vector<Diagnostic> &all() const { return diagnostics; }

private:
  Handler handler;
  std::mutex mutex;
  size_t errors = 0;
  std::vector<Diagnostic> diagnostics;
};

} // namespace ncc
