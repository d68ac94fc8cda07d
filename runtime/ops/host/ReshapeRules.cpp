// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Rules of moves whose shapes or axes are operands: reshape_to, squeeze, unsqueeze, flatten, expand_to.
#include "runtime/ops/host/Rules.h"

#include <algorithm>

namespace ncc::ops {

/// reshape_to(x, shape) {allowzero}
absl::Status reshapeToRule(Rule &rule) {
  absl::Status status = needTensors(rule);
  status = status.ok() ? needInts(rule, 1, "shape") : status;
  if (!status.ok()) {
    return status;
  }
  if (!rule.isKnown(1)) {
    std::optional<int64_t> rank = lengthOf(rule.in[1]);
    return moved(rule, rank && *rank <= 32 ? MaybeShape(unknownDims(*rank)) : std::nullopt, "reshape");
  }
  std::vector<int64_t> want = rule.ints(1);
  const ValueType &x = rule.in[0];
  const bool keepZero = rule.attrs.getInt("allowzero", 0) != 0;
  absl::StatusOr<int64_t> total = x.ranked ? countOf(x.shape) : kUnknownDim;
  Shape dims;
  int64_t known = 1, open = -1;
  for (size_t i = 0; i < want.size() && i < 33; ++i) {
    int64_t dim = want[i];
    if (dim == 0 && !keepZero) {
      if (x.ranked && i >= x.shape.size()) {
        return invalid(absl::StrCat("shape entry ", i, " copies a dim the input does not have"));
      }
      dim = x.ranked ? x.shape[i] : kUnknownDim;
    } else if (dim < -1 || (dim == -1 && open >= 0)) {
      return invalid("shape is not valid");
    } else if (dim == -1) {
      open = static_cast<int64_t>(i);
    }
    if (dim > 0 && __builtin_mul_overflow(known, dim, &known)) {
      return invalid("shape is not valid");
    }
    known = dim == 0 ? 0 : known;
    dims.push_back(dim < 0 ? kUnknownDim : dim);
  }
  if (!total.ok() || dims.size() > 32) {
    return invalid("shape is not valid");
  }
  const int64_t unknown = std::count(dims.begin(), dims.end(), kUnknownDim);
  if (*total >= 0 && open >= 0 && unknown == 1) {
    if (known == 0 || *total % known != 0) {
      return invalid(absl::StrCat(*total, " elements do not divide by ", known));
    }
    dims[static_cast<size_t>(open)] = *total / known;
  } else if (*total >= 0 && unknown == 0 && known != *total) {
    return invalid(absl::StrCat("the input has ", *total, " elements, the shape needs ", known));
  }
  return moved(rule, dims, "reshape");
}

/// The operand's axes when it is given and known, else the attribute's; nothing when they are not known yet.
static absl::StatusOr<std::optional<std::vector<int64_t>>> axesOf(Rule &rule, size_t operand) {
  if (!rule.has(operand)) {
    return std::optional(rule.attrs.getInts("axes"));
  }
  if (absl::Status status = needInts(rule, operand, "axes"); !status.ok()) {
    return status;
  }
  return rule.isKnown(operand) ? std::optional(rule.ints(operand)) : std::nullopt;
}

absl::Status squeezeRule(Rule &rule) {
  absl::Status status = needTensors(rule);
  absl::StatusOr<std::optional<std::vector<int64_t>>> axes = status.ok() ? axesOf(rule, 1) : status;
  if (!axes.ok()) {
    return axes.status();
  }
  const bool all = !rule.has(1) && !rule.attrs.find("axes");
  const Shape &dims = rule.in[0].shape;
  if (!*axes || !rule.in[0].ranked || (all && !allKnown(dims))) {
    return moved(rule, std::nullopt, "reshape");
  }
  absl::StatusOr<std::vector<int64_t>> drop = wrapAxes(**axes, rule.in[0].rank());
  if (!drop.ok()) {
    return drop.status();
  }
  Shape kept;
  for (size_t i = 0; i < dims.size(); ++i) {
    const bool gone = all ? dims[i] == 1 : std::binary_search(drop->begin(), drop->end(), static_cast<int64_t>(i));
    if (gone && dims[i] >= 0 && dims[i] != 1) {
      return invalid(absl::StrCat("dim ", i, " has size ", dims[i], " and cannot be squeezed"));
    }
    if (!gone) {
      kept.push_back(dims[i]);
    }
  }
  return moved(rule, kept, "reshape");
}

absl::Status unsqueezeRule(Rule &rule) {
  absl::Status status = needTensors(rule);
  absl::StatusOr<std::optional<std::vector<int64_t>>> axes = status.ok() ? axesOf(rule, 1) : status;
  if (!axes.ok()) {
    return axes.status();
  }
  if (!*axes || !rule.in[0].ranked) {
    return moved(rule, std::nullopt, "reshape");
  }
  const int64_t rank = rule.in[0].rank() + static_cast<int64_t>((*axes)->size());
  absl::StatusOr<std::vector<int64_t>> where = wrapAxes(**axes, rank);
  if (!where.ok()) {
    return where.status();
  }
  Shape dims;
  for (int64_t i = 0, next = 0; i < rank; ++i) {
    dims.push_back(std::binary_search(where->begin(), where->end(), i) ? 1 : rule.in[0].shape[static_cast<size_t>(next++)]);
  }
  return moved(rule, dims, "reshape");
}

absl::Status flattenRule(Rule &rule) {
  if (absl::Status status = needTensors(rule); !status.ok()) {
    return status;
  }
  Shape result = unknownDims(2);
  if (rule.in[0].ranked) {
    const int64_t rank = rule.in[0].rank(), given = rule.attrs.getInt("axis", 1), axis = given < 0 ? given + rank : given;
    if (axis < 0 || axis > rank) {
      return invalid("axis is outside the input's rank");
    }
    const Shape &dims = rule.in[0].shape;
    absl::StatusOr<int64_t> outer = countOf(Shape(dims.begin(), dims.begin() + axis)), inner = countOf(Shape(dims.begin() + axis, dims.end()));
    if (!outer.ok() || !inner.ok()) {
      return invalid("the input is too large");
    }
    result = {*outer, *inner};
  }
  return moved(rule, result, "reshape");
}

absl::Status expandToRule(Rule &rule) {
  absl::Status status = needTensors(rule);
  status = status.ok() ? needInts(rule, 1, "shape") : status;
  if (!status.ok()) {
    return status;
  }
  if (!rule.isKnown(1) || !rule.in[0].ranked) {
    std::optional<int64_t> rank = lengthOf(rule.in[1]);
    const bool ranked = rank && *rank <= 32 && rule.in[0].ranked;
    return moved(rule, ranked ? MaybeShape(unknownDims(std::max(*rank, rule.in[0].rank()))) : std::nullopt, "expand");
  }
  std::vector<int64_t> want = rule.ints(1);
  if (std::any_of(want.begin(), want.end(), [](int64_t dim) { return dim < 0; })) {
    return invalid("shape holds a negative size");
  }
  absl::StatusOr<Shape> dims = broadcast(rule.in[0].shape, Shape(want.begin(), want.end()));
  return dims.ok() ? moved(rule, *dims, "expand") : dims.status();
}

} // namespace ncc::ops
