// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "runtime/ops/host/Rules.h"

#include <algorithm>
#include <cstring>

namespace ncc::ops {

absl::Status invalid(const std::string &text) { return absl::InvalidArgumentError(text); }

bool allKnown(const Shape &shape) {
  return std::all_of(shape.begin(), shape.end(), [](int64_t dim) { return dim >= 0; });
}

Shape unknownDims(int64_t rank) { return Shape(static_cast<size_t>(rank), kUnknownDim); }

absl::Status needTensors(const Rule &rule) {
  for (size_t i = 0; i < rule.in.size(); ++i) {
    if (rule.has(i) && !rule.in[i].isTensor()) {
      return invalid(absl::StrCat("operand ", i, " must be a tensor, is a ", rule.in[i].str()));
    }
  }
  return absl::OkStatus();
}

absl::Status needOneType(const Rule &rule, size_t from, size_t to) {
  if (absl::Status status = needTensors(rule); !status.ok()) {
    return status;
  }
  for (size_t i = from; i < std::min(to, rule.in.size()); ++i) {
    if (rule.has(i) && rule.in[i].dtype != rule.in[from].dtype) {
      return invalid(absl::StrCat("operand ", i, " holds ", std::string(dtypeName(rule.in[i].dtype)), ", operand ", from, " holds ",
                                  std::string(dtypeName(rule.in[from].dtype))));
    }
  }
  return absl::OkStatus();
}

absl::Status needStrings(const Rule &rule) {
  for (const ValueType &type : rule.in) {
    if (!type.isTensor() || type.dtype != DType::String) {
      return invalid("needs strings, has " + type.str());
    }
  }
  return absl::OkStatus();
}

absl::Status needStrings(const HostCall &call) {
  for (const Value &value : call.in) {
    if (!value.isTensor() || value.tensor().dtype() != DType::String) {
      return invalid("needs strings, has " + typeOf(value).str());
    }
  }
  return absl::OkStatus();
}

absl::Status needSequence(const Rule &rule) {
  return rule.in[0].kind == ValueKind::Sequence && rule.in[0].element ? absl::OkStatus() : invalid("needs a sequence, has a " + rule.in[0].str());
}

absl::Status needSequence(const HostCall &call) {
  return call.in[0].kind() == ValueKind::Sequence ? absl::OkStatus() : invalid("needs a sequence, has a " + typeOf(call.in[0]).str());
}

absl::StatusOr<int64_t> wrapAxis(int64_t axis, int64_t rank) {
  if (axis < -rank || axis >= rank) {
    return invalid(absl::StrCat("axis ", axis, " is outside a tensor of rank ", rank));
  }
  return axis < 0 ? axis + rank : axis;
}

absl::StatusOr<std::vector<int64_t>> wrapAxes(std::vector<int64_t> axes, int64_t rank) {
  for (int64_t &axis : axes) {
    absl::StatusOr<int64_t> wrapped = wrapAxis(axis, rank);
    if (!wrapped.ok()) {
      return wrapped.status();
    }
    axis = *wrapped;
  }
  std::sort(axes.begin(), axes.end());
  if (std::adjacent_find(axes.begin(), axes.end()) != axes.end()) {
    return invalid("an axis is given twice");
  }
  return axes;
}

absl::StatusOr<Shape> broadcast(const Shape &a, const Shape &b) {
  const size_t rank = std::max(a.size(), b.size());
  Shape result(rank);
  for (size_t i = 0; i < rank; ++i) {
    const int64_t da = i + a.size() >= rank ? a[i + a.size() - rank] : 1;
    const int64_t db = i + b.size() >= rank ? b[i + b.size() - rank] : 1;
    if (da < 0 || db < 0) { // the known one decides unless it is 1
      const int64_t other = std::max(da, db);
      result[i] = other == 1 ? kUnknownDim : other;
      continue;
    }
    if (da != db && da != 1 && db != 1) {
      return invalid(absl::StrCat("shapes ", shapeString(a), " and ", shapeString(b), " do not broadcast"));
    }
    result[i] = da == 1 ? db : da;
  }
  return result;
}

absl::StatusOr<MaybeShape> broadcastOperands(const Rule &rule, size_t from, size_t to) {
  Shape result;
  for (size_t i = from; i < std::min(to, rule.in.size()); ++i) {
    if (!rule.has(i)) {
      continue;
    }
    if (!rule.in[i].ranked) {
      return MaybeShape();
    }
    absl::StatusOr<Shape> joined = broadcast(result, rule.in[i].shape);
    if (!joined.ok()) {
      return joined.status();
    }
    result = *joined;
  }
  return MaybeShape(result);
}

absl::StatusOr<int64_t> countOf(const Shape &shape) {
  int64_t count = 1;
  for (int64_t dim : shape) {
    if (dim < 0) {
      return kUnknownDim;
    }
    if (__builtin_mul_overflow(count, dim, &count) || count > (int64_t{1} << 46)) {
      return invalid(absl::StrCat("a shape of ", shapeString(shape), " is too large"));
    }
  }
  return count;
}

void copyRun(const Tensor &from, int64_t at, Tensor &to, int64_t target, int64_t count) {
  if (count <= 0) {
    return;
  }
  if (to.dtype() == DType::String) {
    std::copy_n(from.strings().begin() + at, count, to.mutableStrings().begin() + target);
    return;
  }
  const size_t bytes = dtypeSize(to.dtype());
  std::memcpy(static_cast<char *>(to.mutableData()) + static_cast<size_t>(target) * bytes,
              static_cast<const char *>(from.data()) + static_cast<size_t>(at) * bytes, static_cast<size_t>(count) * bytes);
}

Tensor listOf(const std::vector<int64_t> &values) {
  Tensor tensor(DType::I64, {static_cast<int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor.mutableAs<int64_t>().begin());
  return tensor;
}

absl::StatusOr<std::vector<ValueType>> typesOf(std::string_view kernel, const HostCall &call) {
  std::vector<ValueType> types;
  std::vector<const Tensor *> known;
  for (const Value &value : call.in) {
    types.push_back(typeOf(value));
    known.push_back(value.isTensor() ? &value.tensor() : nullptr);
  }
  return inferHostTypes(kernel, call.attrs, types, known);
}

std::optional<int64_t> lengthOf(const ValueType &type) {
  return type.ranked && type.rank() == 1 && type.shape[0] >= 0 ? std::optional(type.shape[0]) : std::nullopt;
}

absl::Status needInts(const Rule &rule, size_t i, const char *what) {
  const ValueType &type = rule.in[i];
  if (!type.isTensor() || !isInteger(type.dtype) || (type.ranked && type.rank() > 1)) {
    return invalid(absl::StrCat("its ", what, " must be a list of integers, is ", type.str()));
  }
  return absl::OkStatus();
}

absl::Status moved(Rule &rule, const MaybeShape &shape, const char *kernel, Attributes attrs) {
  rule.out = {tensorOf(rule.in[0].dtype, shape)};
  rule.call = {kernel, std::move(attrs), {0}};
  return absl::OkStatus();
}

absl::Status sameAsFirst(Rule &rule) {
  rule.out = {rule.in[0]};
  return needTensors(rule);
}

} // namespace ncc::ops
