// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// string_normalize: words left out, letters in one case (Latin, Greek, Cyrillic).
#include "runtime/ops/host/Rules.h"

#include <algorithm>

namespace ncc::ops {

//===--- string_normalize(x) {case, case_sensitive, stopwords} ---===//

absl::Status stringNormalizeRule(Rule &rule) {
  absl::Status status = needStrings(rule);
  const ValueType &x = rule.in[0];
  if (!status.ok() || (x.ranked && x.rank() != 1 && x.rank() != 2)) {
    return status.ok() ? invalid("needs a list of strings, or one row of them") : status;
  }
  rule.out = {ValueType::unranked(DType::String)};
  if (x.ranked) {
    Shape shape = x.shape;
    const AttrValue *words = rule.attrs.find("stopwords");
    const auto *list = words ? std::get_if<std::vector<std::string>>(words) : nullptr;
    // One string stays one, if need be an empty one; of several some may go.
    shape.back() = shape.back() == 1 || (shape.back() > 0 && (!list || list->empty())) ? shape.back() : kUnknownDim;
    rule.out = {ValueType::tensor(DType::String, shape)};
  }
  return absl::OkStatus();
}

/// One code point in the other case.
static uint32_t caseOf(uint32_t c, bool upper) {
  auto between = [&](uint32_t low, uint32_t high) { return c >= low && c <= high; };
  if (upper) {
    if (between('a', 'z') || (between(0xe0, 0xfe) && c != 0xf7) || between(0x3b1, 0x3c9) || between(0x430, 0x44f)) {
      return c == 0x3c2 ? 0x3a3 : c - 32;
    }
    if (between(0x450, 0x45f)) {
      return c - 80;
    }
    return c == 0xff ? 0x178 : ((between(0x101, 0x137) || between(0x14b, 0x177) || between(0x461, 0x481)) && (c & 1)) ? c - 1 : c;
  }
  if (between('A', 'Z') || (between(0xc0, 0xde) && c != 0xd7) || (between(0x391, 0x3a9) && c != 0x3a2) || between(0x410, 0x42f)) {
    return c + 32;
  }
  if (between(0x400, 0x40f)) {
    return c + 80;
  }
  return ((between(0x100, 0x136) || between(0x14a, 0x176) || between(0x460, 0x480)) && !(c & 1)) ? c + 1 : c;
}

static std::string inCase(const std::string &text, bool upper) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const bool two = lead >> 5 == 6 && i + 1 < text.size();
    if (lead >= 0x80 && !two) { // no letters of these scripts
      out += text[i++];
      continue;
    }
    const uint32_t code = caseOf(two ? (lead & 31u) << 6 | (static_cast<unsigned char>(text[i + 1]) & 63u) : lead, upper);
    if (code < 0x80) {
      out += static_cast<char>(code);
    } else {
      out += static_cast<char>(0xc0 | code >> 6);
      out += static_cast<char>(0x80 | (code & 63));
    }
    i += two ? 2 : 1;
  }
  return out;
}

absl::Status stringNormalizeRun(HostCall &call) {
  absl::Status status = needStrings(call);
  const Tensor &x = call.tensor(0);
  if (!status.ok() || x.rank() < 1 || x.rank() > 2 || (x.rank() == 2 && x.shape()[0] != 1)) {
    return status.ok() ? invalid("needs a list of strings, or one row of them") : status;
  }
  const std::string action = call.attrs.getString("case", "NONE");
  const bool exact = call.attrs.getInt("case_sensitive", 0) != 0;
  std::vector<std::string> stop, kept;
  if (const AttrValue *words = call.attrs.find("stopwords")) {
    if (const auto *list = std::get_if<std::vector<std::string>>(words)) {
      stop = *list;
    }
  }
  for (std::string &word : stop) {
    word = exact ? word : inCase(word, false);
  }
  for (const std::string &text : x.strings()) {
    if (std::find(stop.begin(), stop.end(), exact ? text : inCase(text, false)) == stop.end()) {
      kept.push_back(action == "LOWER" ? inCase(text, false) : action == "UPPER" ? inCase(text, true) : text);
    }
  }
  if (kept.empty()) { // as the standard says: one empty string
    kept.emplace_back();
  }
  Tensor out(DType::String, x.rank() == 2 ? Shape{1, static_cast<int64_t>(kept.size())} : Shape{static_cast<int64_t>(kept.size())});
  out.mutableStrings() = std::move(kept);
  call.out = {out};
  return absl::OkStatus();
}

} // namespace ncc::ops
