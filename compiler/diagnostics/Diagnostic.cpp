// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/diagnostics/Diagnostic.h"

#include "runtime/tensor/Printable.h"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace ncc {

static constexpr CodeInfo kCodes[] = {
#define NCC_CODE(number, name, severity, title, fact, advice)                                                          \
  {Code::name, #name, Severity::severity, title, fact, advice},
#include "compiler/diagnostics/Codes.def"
#undef NCC_CODE
};

std::span<const CodeInfo> allCodes() { return kCodes; }

const CodeInfo &codeInfo(Code code) {
  const CodeInfo *info = std::find_if(std::begin(kCodes), std::end(kCodes),
                                      [&](const CodeInfo &entry) { return entry.code == code; });
  return info == std::end(kCodes) ? kCodes[0] : *info;
}

const CodeInfo *findCode(std::string_view text) {
  for (const CodeInfo &info : kCodes) {
    std::string full = codeString(info.code);
    if (text == full || text == std::string_view(full).substr(3) || text == info.name) {
      return &info;
    }
  }
  return nullptr;
}

std::string codeString(Code code) { return "NCC" + std::to_string(static_cast<int>(code)); }

static const char *severityName(Severity severity) {
  return severity == Severity::Error ? "error" : severity == Severity::Warning ? "warning" : "note";
}

std::string Diagnostic::str(bool colour) const {
  const char *start = !colour ? "" : severity == Severity::Error ? "\033[1;31m" : severity == Severity::Warning ? "\033[1;35m" : "\033[1;36m";
  const char *end = colour ? "\033[0m" : "";
  std::string text = start + std::string(severityName(severity)) + "[" + codeString(code) + "]" + end + " ";
  if (!node.empty()) {
    size_t dash = opType.rfind('-');
    std::string op = dash == std::string::npos ? opType : opType.substr(0, dash) + ", opset " + opType.substr(dash + 1);
    text += "node '" + printable(node) + "'" + (op.empty() ? "" : " (" + printable(op) + ")") + ": ";
  }
  text += printable(message);
  return advice.empty() ? text : text + "\n  " + printable(advice);
}

std::string Diagnostic::json() const {
  nlohmann::ordered_json json{{"severity", severityName(severity)}, {"code", codeString(code)}, {"node", node}, {"op", opType}, {"message", message}, {"advice", advice}};
  return json.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

void DiagnosticEngine::report(Diagnostic diagnostic) {
  std::lock_guard lock(mutex);
  errors += diagnostic.severity == Severity::Error;
  if (handler) {
    handler(diagnostic);
  }
  diagnostics.push_back(std::move(diagnostic));
}

void DiagnosticEngine::report(Code code, std::string message, std::string node, std::string opType,
                              std::string advice) {
  const CodeInfo &info = codeInfo(code);
  report(Diagnostic{code, info.severity, std::move(node), std::move(opType), std::move(message),
                    advice.empty() ? std::string(info.advice) : std::move(advice)});
}

} // namespace ncc
