// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/diagnostics/Diagnostic.h"

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

std::string Diagnostic::str() const {
  std::string text = severity == Severity::Error ? "error " : severity == Severity::Warning ? "warning " : "note ";
  text += codeString(code) + ": ";
  if (!node.empty()) {
    text += "node '" + node + "'" + (opType.empty() ? "" : " (" + opType + ")") + ": ";
  }
  text += message;
  return advice.empty() ? text : text + "; " + advice;
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
