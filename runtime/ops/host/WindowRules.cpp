// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Rules of sliding windows: conv, conv_transpose, pool, pool_indices. Strides, dilations and pads may be left out; `auto_pad` is settled
// when the sizes are known.
#include "runtime/ops/host/Rules.h"

#include <algorithm>

namespace ncc::ops {

namespace {

constexpr int64_t kMostOffset = int64_t{1} << 30; // products of two, and sums of those, fit 64 bits

struct Window {
  std::vector<int64_t> strides, pads, dilations;
};

absl::StatusOr<std::vector<int64_t>> listOr(const Rule &rule, const char *name, size_t count, int64_t fallback) {
  std::vector<int64_t> list = rule.attrs.getInts(name);
  list = list.empty() ? std::vector<int64_t>(count, fallback) : list;
  const bool fine = list.size() == count && std::all_of(list.begin(), list.end(), [&](int64_t v) { return v >= fallback && v < kMostOffset; });
  return fine ? absl::StatusOr<std::vector<int64_t>>(std::move(list)) : invalid(absl::StrCat(name, " must have ", count, " entries, none below ", fallback));
}

/// Output sizes of a window over spatial dims; the settled attributes join the call.
absl::StatusOr<Shape> slide(Rule &rule, const Shape &in, const Shape &kernel) {
  absl::StatusOr<std::vector<int64_t>> strides = listOr(rule, "strides", in.size(), 1), dilations = listOr(rule, "dilations", in.size(), 1);
  absl::StatusOr<std::vector<int64_t>> pads = listOr(rule, "pads", 2 * in.size(), 0);
  for (const auto *list : {&strides, &dilations, &pads}) {
    if (!list->ok()) {
      return list->status();
    }
  }
  const std::string automatic = rule.attrs.getString("auto_pad", "NOTSET");
  Shape out = unknownDims(static_cast<int64_t>(in.size()));
  std::vector<int64_t> extra(in.size(), 0);
  for (size_t d = 0; d < in.size(); ++d) {
    if (in[d] < 0 || kernel[d] < 0) {
      continue;
    }
    if (kernel[d] < 1 || kernel[d] >= kMostOffset) {
      return invalid("a kernel has no size");
    }
    const int64_t span = (*dilations)[d] * (kernel[d] - 1) + 1, stride = (*strides)[d];
    int64_t &low = (*pads)[d], &high = (*pads)[d + in.size()];
    if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
      const int64_t wanted = (in[d] + stride - 1) / stride, total = std::max<int64_t>((wanted - 1) * stride + span - in[d], 0);
      low = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      high = total - low;
    } else if (automatic == "VALID") {
      low = high = 0;
    }
    const int64_t room = in[d] + low + high - span;
    if (room < 0) {
      return invalid(absl::StrCat("a window of ", span, " does not fit a padded size of ", in[d] + low + high));
    }
    out[d] = room / stride + 1;
    if (rule.attrs.getInt("ceil_mode", 0) != 0 && room % stride != 0 && out[d] * stride < in[d] + low) { // no window starts in the end padding
      extra[d] = ++out[d] * stride - stride + span - (in[d] + low + high);
      high += extra[d];
    }
  }
  if (rule.attrs.getInt("ceil_mode", 0) != 0) {
    rule.call.attrs.set("extra", extra);
  }
  rule.call.attrs.set("strides", *strides);
  rule.call.attrs.set("dilations", *dilations);
  rule.call.attrs.set("pads", *pads);
  return out;
}

/// Output sizes of a transposed convolution; pads follow `auto_pad` or `output_shape` where they are given.
absl::StatusOr<Shape> spread(Rule &rule, const Shape &in, const Shape &kernel) {
  const size_t count = in.size();
  absl::StatusOr<std::vector<int64_t>> strides = listOr(rule, "strides", count, 1), dilations = listOr(rule, "dilations", count, 1);
  absl::StatusOr<std::vector<int64_t>> pads = listOr(rule, "pads", 2 * count, 0), padding = listOr(rule, "output_padding", count, 0);
  for (const auto *list : {&strides, &dilations, &pads, &padding}) {
    if (!list->ok()) {
      return list->status();
    }
  }
  std::vector<int64_t> wanted = rule.attrs.getInts("output_shape");
  wanted.erase(wanted.begin(), wanted.begin() + (wanted.size() == count + 2 ? 2 : 0));
  const std::string automatic = rule.attrs.getString("auto_pad", "NOTSET");
  const bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  if (!wanted.empty() && wanted.size() != count) {
    return invalid("output_shape does not have one entry per spatial dim");
  }
  Shape out = unknownDims(static_cast<int64_t>(count));
  for (size_t d = 0; d < count; ++d) {
    if (in[d] < 0 || kernel[d] < 0) {
      continue;
    }
    if (in[d] < 1 || kernel[d] < 1 || in[d] >= kMostOffset || kernel[d] >= kMostOffset) {
      return invalid("an empty image or kernel");
    }
    const int64_t full = (*strides)[d] * (in[d] - 1) + (*padding)[d] + (kernel[d] - 1) * (*dilations)[d] + 1;
    int64_t &low = (*pads)[d], &high = (*pads)[d + count];
    if (same || !wanted.empty()) {
      int64_t total = full - (wanted.empty() ? in[d] * (*strides)[d] : wanted[d]);
      (*padding)[d] += std::max<int64_t>(-total, 0);
      total = std::max<int64_t>(total, 0);
      low = automatic == "SAME_UPPER" ? total / 2 : total - total / 2;
      high = total - low;
    } else if (automatic == "VALID") {
      low = high = 0;
    }
    out[d] = (*strides)[d] * (in[d] - 1) + (*padding)[d] + (kernel[d] - 1) * (*dilations)[d] + 1 - low - high;
    if (out[d] < 1) {
      return invalid("the padding leaves an empty output");
    }
  }
  rule.call.attrs.set("strides", *strides);
  rule.call.attrs.set("dilations", *dilations);
  rule.call.attrs.set("pads", *pads);
  rule.call.attrs.set("output_padding", *padding);
  return out;
}

Shape spatial(const ValueType &type) { return Shape(type.shape.begin() + 2, type.shape.end()); }

} // namespace

absl::Status convRule(Rule &rule) {
  if (absl::Status status = needOneType(rule); !status.ok()) {
    return status;
  }
  const ValueType &x = rule.in[0], &w = rule.in[1];
  if (!isFloat(x.dtype)) {
    return invalid("needs floats");
  }
  if (!x.ranked || !w.ranked) {
    rule.out = {ValueType::unranked(x.dtype)};
    return absl::OkStatus();
  }
  const int64_t group = rule.attrs.getInt("group", 1);
  if (x.rank() < 3 || w.rank() != x.rank() || group < 1) {
    return invalid("needs [N, C, spatial...] and [M, C / group, kernel...]");
  }
  const int64_t channels = x.shape[1], each = w.shape[1], maps = w.shape[0];
  if ((channels >= 0 && each >= 0 && channels != each * group) || (maps >= 0 && maps % group != 0)) {
    return invalid(absl::StrCat("group ", group, " does not divide ", channels, " input and ", maps, " output channels"));
  }
  if (rule.has(2) && (!rule.in[2].ranked || rule.in[2].rank() != 1 || !dimsAgree(rule.in[2].shape[0], maps))) {
    return invalid("the bias must have one entry per output channel");
  }
  absl::StatusOr<Shape> out = slide(rule, spatial(x), spatial(w));
  if (!out.ok()) {
    return out.status();
  }
  out->insert(out->begin(), {x.shape[0], maps});
  rule.out = {ValueType::tensor(x.dtype, *out)};
  return absl::OkStatus();
}

/// conv_transpose(x[N,C,spatial...], w[C,M/group,kernel...], bias?) {strides, pads, output_padding, dilations, group, auto_pad, output_shape}
absl::Status convTransposeRule(Rule &rule) {
  if (absl::Status status = needOneType(rule); !status.ok()) {
    return status;
  }
  const ValueType &x = rule.in[0], &w = rule.in[1];
  if (!isFloat(x.dtype)) {
    return invalid("needs floats");
  }
  if (!x.ranked || !w.ranked) {
    rule.out = {ValueType::unranked(x.dtype)};
    return absl::OkStatus();
  }
  const int64_t group = rule.attrs.getInt("group", 1);
  if (x.rank() < 3 || w.rank() != x.rank() || group < 1 || !dimsAgree(x.shape[1], w.shape[0]) || (w.shape[0] >= 0 && w.shape[0] % group != 0) ||
      w.shape[1] >= kMostOffset / group) {
    return invalid("needs [N, C, spatial...] and [C, M / group, kernel...]");
  }
  const int64_t maps = w.shape[1] < 0 ? kUnknownDim : w.shape[1] * group;
  if (rule.has(2) && (!rule.in[2].ranked || rule.in[2].rank() != 1 || !dimsAgree(rule.in[2].shape[0], maps))) {
    return invalid("the bias must have one entry per output channel");
  }
  absl::StatusOr<Shape> out = spread(rule, spatial(x), spatial(w));
  if (!out.ok()) {
    return out.status();
  }
  out->insert(out->begin(), {x.shape[0], maps});
  rule.out = {ValueType::tensor(x.dtype, *out)};
  return absl::OkStatus();
}

static absl::Status pooled(Rule &rule, std::optional<DType> dtype) {
  if (absl::Status status = sameAsFirst(rule); !status.ok()) {
    return status;
  }
  const ValueType &x = rule.in[0];
  rule.out[0].dtype = dtype.value_or(x.dtype);
  if (!x.ranked) {
    return x.dtype == DType::String ? invalid("needs numbers") : absl::OkStatus();
  }
  std::vector<int64_t> kernel = rule.attrs.getInts("kernel"), extra = rule.attrs.getInts("extra");
  if (x.dtype == DType::String || x.rank() < 3 || static_cast<int64_t>(kernel.size()) != x.rank() - 2 || extra.size() > kernel.size() ||
      std::any_of(extra.begin(), extra.end(), [](int64_t more) { return more < 0 || more >= kMostOffset; })) {
    return invalid("needs numbers [N, C, spatial...] and a kernel of as many dims as there are spatial ones");
  }
  absl::StatusOr<Shape> out = slide(rule, spatial(x), Shape(kernel.begin(), kernel.end()));
  if (!out.ok()) {
    return out.status();
  }
  out->insert(out->begin(), {x.shape[0], x.shape[1]});
  rule.out[0].shape = *out;
  return absl::OkStatus();
}

absl::Status poolRule(Rule &rule) { return pooled(rule, std::nullopt); }
absl::Status poolIndicesRule(Rule &rule) { return pooled(rule, DType::I64); }

} // namespace ncc::ops
