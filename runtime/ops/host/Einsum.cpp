// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// einsum {equation} over operands whose shapes are known at run time only: a walk over all labels' positions, the
// output's first, summing in double (integers: in 64 bits).
#include "runtime/ops/host/Rules.h"

#include <algorithm>
#include <map>

namespace ncc::ops {

namespace {

/// One character per dim. The dims of an ellipsis are '0', '1', ... from the last one backwards.
struct Labels {
  std::vector<std::string> in;
  std::string out, summed;
};

/// Replaces "..." by labels for `count` dims.
bool spreadEllipsis(std::string &term, int64_t count) {
  size_t at = term.find("...");
  if (at == std::string::npos) {
    return count == 0;
  }
  std::string dims;
  for (int64_t i = count; i-- > 0;) {
    dims.push_back(static_cast<char>('0' + i));
  }
  term.replace(at, 3, dims);
  return count >= 0 && count < 10;
}

bool isTerm(const std::string &term) {
  return std::all_of(term.begin(), term.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); });
}

absl::StatusOr<Labels> parse(std::string equation, const std::vector<int64_t> &ranks) {
  std::erase(equation, ' ');
  Labels labels;
  const size_t arrow = equation.find("->");
  std::string left = equation.substr(0, arrow);
  for (size_t from = 0; from <= left.size();) {
    const size_t comma = std::min(left.find(',', from), left.size());
    labels.in.push_back(left.substr(from, comma - from));
    from = comma + 1;
  }
  if (labels.in.size() != ranks.size()) {
    return invalid("the equation '" + equation + "' does not have a term for each operand");
  }
  int64_t widest = 0;
  for (size_t i = 0; i < ranks.size(); ++i) {
    std::string &term = labels.in[i];
    const bool dots = term.find("...") != std::string::npos;
    const int64_t rest = ranks[i] - static_cast<int64_t>(term.size()) + (dots ? 3 : 0);
    if (!spreadEllipsis(term, dots ? rest : 0) || static_cast<int64_t>(term.size()) != ranks[i] || !isTerm(term)) {
      return invalid("the equation '" + equation + "' does not fit an operand of " + std::to_string(ranks[i]) + " dims");
    }
    widest = std::max(widest, dots ? rest : 0);
  }
  std::string all;
  for (const std::string &term : labels.in) {
    all += term;
  }
  if (arrow != std::string::npos) {
    labels.out = equation.substr(arrow + 2);
    if (labels.out.find("...") != std::string::npos && !spreadEllipsis(labels.out, widest)) {
      return invalid("the equation '" + equation + "' has too many dims");
    }
  } else { // what appears once, in the order of the alphabet, behind the ellipsis
    std::string names = all;
    std::sort(names.begin(), names.end());
    for (int64_t i = widest; i-- > 0;) {
      labels.out.push_back(static_cast<char>('0' + i));
    }
    for (char c : names) {
      if ((c < '0' || c > '9') && std::count(names.begin(), names.end(), c) == 1) {
        labels.out.push_back(c);
      }
    }
  }
  for (char c : labels.out) {
    if (!isTerm(labels.out) || all.find(c) == std::string::npos || std::count(labels.out.begin(), labels.out.end(), c) != 1) {
      return invalid("the result of the equation '" + equation + "' is not made of its operands' labels");
    }
  }
  for (char c : all) {
    if (labels.out.find(c) == std::string::npos && labels.summed.find(c) == std::string::npos) {
      labels.summed.push_back(c);
    }
  }
  return labels;
}

/// The size of every label; dims of 1 under an ellipsis broadcast.
absl::StatusOr<std::map<char, int64_t>> sizesOf(const Labels &labels, absl::Span<const Shape> shapes) {
  std::map<char, int64_t> sizes;
  for (size_t i = 0; i < shapes.size(); ++i) {
    for (size_t d = 0; d < shapes[i].size(); ++d) {
      const char label = labels.in[i][d];
      auto [it, fresh] = sizes.emplace(label, shapes[i][d]);
      if (label >= '0' && label <= '9') {
        absl::StatusOr<Shape> both = broadcast({it->second}, {shapes[i][d]});
        if (!both.ok()) {
          return both.status();
        }
        it->second = both->front();
      } else if (!dimsAgree(it->second, shapes[i][d])) {
        return invalid(absl::StrCat("label '", std::string(1, label), "' stands for dims of ", it->second, " and ", shapes[i][d]));
      } else {
        it->second = knownDim(it->second, shapes[i][d]);
      }
    }
  }
  return sizes;
}

/// Elements between neighbours along each of `order` in an operand; 0 where it does not have the label or broadcasts it.
std::vector<int64_t> stepsOf(const std::string &term, const Shape &shape, const std::string &order) {
  std::vector<int64_t> steps(order.size(), 0);
  int64_t stride = 1;
  for (size_t d = term.size(); d-- > 0; stride *= shape[d]) {
    steps[order.find(term[d])] += shape[d] == 1 ? 0 : stride;
  }
  return steps;
}

} // namespace

absl::Status einsumRule(Rule &rule) {
  if (absl::Status status = needOneType(rule); !status.ok()) {
    return status;
  }
  const DType dtype = rule.in[0].dtype;
  if (!isFloat(dtype) && !isInteger(dtype)) {
    return invalid("needs numbers");
  }
  std::vector<int64_t> ranks;
  std::vector<Shape> shapes;
  for (const ValueType &type : rule.in) {
    if (!type.ranked) {
      rule.out = {ValueType::unranked(dtype)};
      return absl::OkStatus();
    }
    ranks.push_back(type.rank());
    shapes.push_back(type.shape);
  }
  absl::StatusOr<Labels> labels = parse(rule.attrs.getString("equation", ""), ranks);
  absl::StatusOr<std::map<char, int64_t>> sizes = labels.ok() ? sizesOf(*labels, shapes) : labels.status();
  if (!sizes.ok()) {
    return sizes.status();
  }
  Shape out;
  for (char c : labels->out) {
    out.push_back(sizes->at(c));
  }
  rule.out = {ValueType::tensor(dtype, out)};
  return absl::OkStatus();
}

absl::Status einsumRun(HostCall &call) {
  std::vector<int64_t> ranks;
  std::vector<Shape> shapes;
  for (size_t i = 0; i < call.in.size(); ++i) {
    ranks.push_back(call.tensor(i).rank());
    shapes.push_back(call.tensor(i).shape());
  }
  absl::StatusOr<Labels> labels = parse(call.attrs.getString("equation", ""), ranks);
  absl::StatusOr<std::map<char, int64_t>> sizes = labels.ok() ? sizesOf(*labels, shapes) : labels.status();
  if (!sizes.ok()) {
    return sizes.status();
  }
  const std::string order = labels->out + labels->summed;
  Shape space, out;
  std::vector<std::vector<int64_t>> steps;
  for (char c : order) {
    space.push_back(sizes->at(c));
  }
  out.assign(space.begin(), space.begin() + static_cast<std::ptrdiff_t>(labels->out.size()));
  for (size_t i = 0; i < shapes.size(); ++i) {
    steps.push_back(stepsOf(labels->in[i], shapes[i], order));
  }
  absl::StatusOr<Tensor> result = allocateTensor(call.tensor(0).dtype(), out);
  absl::StatusOr<int64_t> points = countOf(space);
  if (!result.ok() || !points.ok()) {
    return result.ok() ? points.status() : result.status();
  }
  const bool integers = isInteger(result->dtype());
  const int64_t terms = result->size() == 0 ? 0 : *points / result->size();
  std::vector<int64_t> at(order.size(), 0), places(shapes.size(), 0);
  for (int64_t element = 0; element < result->size(); ++element) {
    double sum = 0;
    uint64_t whole = 0;
    for (int64_t term = 0; term < terms; ++term) {
      double product = 1;
      uint64_t exact = 1;
      for (size_t i = 0; i < shapes.size(); ++i) {
        if (integers) {
          exact *= static_cast<uint64_t>(call.tensor(i).asInt(places[i]));
        } else {
          product *= call.tensor(i).asDouble(places[i]);
        }
      }
      sum += product;
      whole += exact;
      for (size_t d = order.size(); d-- > 0;) { // the next point of the space
        const bool carry = ++at[d] == space[d];
        for (size_t i = 0; i < shapes.size(); ++i) {
          places[i] += carry ? -steps[i][d] * (space[d] - 1) : steps[i][d];
        }
        at[d] = carry ? 0 : at[d];
        if (!carry) {
          break;
        }
      }
    }
    integers ? result->setInt(element, static_cast<int64_t>(whole)) : result->setDouble(element, sum);
  }
  call.out = {*std::move(result)};
  return absl::OkStatus();
}

} // namespace ncc::ops
