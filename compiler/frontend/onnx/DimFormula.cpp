// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/DimFormula.h"

#include "absl/strings/ascii.h"

#include <algorithm>
#include <iterator>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"

#include <functional>

namespace ncc::frontend {

namespace {

constexpr int64_t kMost = int64_t(1) << 40;

bool isName(std::string_view text) {
  if (text.empty() || absl::ascii_isdigit(static_cast<unsigned char>(text[0]))) {
    return false;
  }
  for (char c : text) {
    if (!absl::ascii_isalnum(static_cast<unsigned char>(c)) && c != '_' && c != '.' && c != '/' && c != ':') {
      return false;
    }
  }
  return true;
}

/// Evaluates by asking `size` for names; nothing as soon as that says nothing.
std::optional<int64_t> evaluate(std::string_view formula, const std::function<std::optional<int64_t>(const std::string &)> &size) {
  int64_t sum = 0, sign = 1;
  while (true) {
    size_t end = formula.find_first_of("+-");
    int64_t term = sign;
    for (absl::string_view piece : absl::StrSplit(absl::string_view(formula.data(), std::min(end, formula.size())), '*')) {
      std::string factor(absl::StripAsciiWhitespace(piece));
      int64_t number = 0;
      std::optional<int64_t> value = absl::SimpleAtoi(factor, &number) ? std::optional(number) : isName(factor) ? size(factor) : std::nullopt;
      if (!value || __builtin_mul_overflow(term, *value, &term)) {
        return std::nullopt;
      }
    }
    if (__builtin_add_overflow(sum, term, &sum)) {
      return std::nullopt;
    }
    if (end == std::string_view::npos) {
      return sum;
    }
    sign = formula[end] == '-' ? -1 : 1;
    formula = formula.substr(end + 1);
  }
}

} // namespace

std::optional<int64_t> evaluateDim(std::string_view formula, const std::map<std::string, int64_t> &sizes) {
  std::optional<int64_t> value = evaluate(formula, [&](const std::string &name) {
    auto known = sizes.find(name);
    return known == sizes.end() ? std::nullopt : std::optional(known->second);
  });
  return value && *value >= 0 && *value <= kMost ? value : std::nullopt;
}

const std::string &formulaOf(const std::string &symbol, const std::map<std::string, std::string> &formulas) {
  auto given = formulas.find(symbol);
  return given == formulas.end() ? symbol : given->second;
}

std::vector<std::string> namesInDim(std::string_view formula) {
  std::vector<std::string> names;
  bool good = evaluate(formula, [&](const std::string &name) {
                names.push_back(name);
                return std::optional<int64_t>(1);
              }).has_value();
  return good ? names : std::vector<std::string>();
}

bool namesNothing(std::string_view name) {
  constexpr std::string_view kUnknown[] = {"", "?", "*", "-1", "none", "null", "nan", "unknown", "dynamic"};
  const std::string lower = absl::AsciiStrToLower(absl::string_view(name.data(), name.size()));
  return std::find(std::begin(kUnknown), std::end(kUnknown), lower) != std::end(kUnknown);
}

} // namespace ncc::frontend
