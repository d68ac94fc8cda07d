// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Kernels of strings: string_concat, string_split, regex_full_match.
#include "runtime/ops/Support.h"
#include "runtime/ops/host/Regex.h"
#include "runtime/ops/host/Rules.h"

#include <algorithm>

namespace ncc::ops {

//===--- string_concat(a, b) ---===//

absl::Status stringConcatRule(Rule &rule) {
  absl::Status status = needStrings(rule);
  absl::StatusOr<MaybeShape> shape = status.ok() ? broadcastOperands(rule) : status;
  if (shape.ok()) {
    rule.out = {tensorOf(DType::String, *shape)};
  }
  return shape.status();
}

absl::Status stringConcatRun(HostCall &call) {
  if (absl::Status status = needStrings(call); !status.ok()) {
    return status;
  }
  const Tensor &a = call.tensor(0), &b = call.tensor(1);
  absl::StatusOr<Shape> shape = broadcast(a.shape(), b.shape());
  absl::StatusOr<Tensor> out = shape.ok() ? allocateTensor(DType::String, *shape) : shape.status();
  for (const Tensor *operand : {&a, &b}) {
    absl::Status status = out.ok() ? charactersFit(*operand, out->size()) : absl::OkStatus();
    out = status.ok() ? std::move(out) : status;
  }
  if (!out.ok()) {
    return out.status();
  }
  Shape sa = broadcastStrides(a.shape(), *shape), sb = broadcastStrides(b.shape(), *shape), own = stridesOf(*shape);
  for (int64_t i = 0; i < out->size(); ++i) {
    int64_t ia = 0, ib = 0;
    for (size_t d = 0; d < shape->size(); ++d) {
      const int64_t at = i / own[d] % (*shape)[d];
      ia += at * sa[d];
      ib += at * sb[d];
    }
    out->mutableStrings()[static_cast<size_t>(i)] = a.strings()[static_cast<size_t>(ia)] + b.strings()[static_cast<size_t>(ib)];
  }
  call.out = {*out};
  return absl::OkStatus();
}

//===--- string_split(x) {delimiter, maxsplit} -> pieces, counts ---===//

absl::Status stringSplitRule(Rule &rule) {
  if (absl::Status status = needStrings(rule); !status.ok()) {
    return status;
  }
  MaybeShape shape = shapeOf(rule.in[0]), wide = shape;
  if (wide) {
    wide->push_back(kUnknownDim);
  }
  rule.out = {tensorOf(DType::String, wide), tensorOf(DType::I64, shape)};
  return absl::OkStatus();
}

static std::vector<std::string> splitOne(const std::string &text, const std::string &delimiter, int64_t most) {
  std::vector<std::string> pieces;
  size_t at = 0;
  auto isSpace = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
  if (delimiter.empty()) { // runs of white space, none at the ends
    while (at < text.size()) {
      at = static_cast<size_t>(std::find_if_not(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), isSpace) - text.begin());
      if (at == text.size()) {
        break;
      }
      size_t end = static_cast<size_t>(std::find_if(text.begin() + static_cast<std::ptrdiff_t>(at), text.end(), isSpace) - text.begin());
      end = static_cast<int64_t>(pieces.size()) == most ? text.size() : end;
      pieces.push_back(text.substr(at, end - at));
      at = end;
    }
    return pieces;
  }
  while (!text.empty()) {
    const size_t end = static_cast<int64_t>(pieces.size()) == most ? std::string::npos : text.find(delimiter, at);
    pieces.push_back(text.substr(at, end == std::string::npos ? end : end - at));
    if (end == std::string::npos) {
      break;
    }
    at = end + delimiter.size();
  }
  return pieces;
}

absl::Status stringSplitRun(HostCall &call) {
  if (absl::Status status = needStrings(call); !status.ok()) {
    return status;
  }
  const Tensor &x = call.tensor(0);
  const std::string delimiter = call.attrs.getString("delimiter", "");
  const int64_t most = call.attrs.getInt("maxsplit", -1);
  std::vector<std::vector<std::string>> all;
  size_t widest = 0;
  Tensor counts(DType::I64, x.shape());
  for (int64_t i = 0; i < x.size(); ++i) {
    all.push_back(splitOne(x.strings()[static_cast<size_t>(i)], delimiter, most < 0 ? INT64_MAX : most));
    widest = std::max(widest, all.back().size());
    counts.setInt(i, static_cast<int64_t>(all.back().size()));
  }
  Shape shape = x.shape();
  shape.push_back(static_cast<int64_t>(widest));
  absl::StatusOr<Tensor> pieces = allocateTensor(DType::String, shape);
  for (size_t i = 0; pieces.ok() && i < all.size(); ++i) {
    std::move(all[i].begin(), all[i].end(), pieces->mutableStrings().begin() + static_cast<std::ptrdiff_t>(i * widest));
  }
  if (pieces.ok()) {
    call.out = {*pieces, counts};
  }
  return pieces.status();
}

//===--- regex_full_match(x) {pattern} ---===//

absl::Status regexFullMatchRule(Rule &rule) {
  rule.out = {rule.in[0]};
  rule.out[0].dtype = DType::Bool;
  absl::StatusOr<Regex> regex = Regex::compile(rule.attrs.getString("pattern", ""));
  return regex.ok() ? needStrings(rule) : regex.status();
}

absl::Status regexFullMatchRun(HostCall &call) {
  if (absl::Status status = needStrings(call); !status.ok()) {
    return status;
  }
  absl::StatusOr<Regex> regex = Regex::compile(call.attrs.getString("pattern", ""));
  if (!regex.ok()) {
    return regex.status();
  }
  Tensor out(DType::Bool, call.tensor(0).shape());
  for (int64_t i = 0; i < out.size(); ++i) {
    out.setInt(i, regex->fullMatch(call.tensor(0).strings()[static_cast<size_t>(i)]));
  }
  call.out = {out};
  return absl::OkStatus();
}

} // namespace ncc::ops
