// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// col2im(columns, image, block) {strides, pads, dilations}: every entry of the columns [N, C * block, positions] is added where
// it came from; and center_crop_pad(x, shape) {axes}.
#include "runtime/ops/host/Rules.h"

#include <numeric>

namespace ncc::ops {

namespace {

struct Columns {
  std::vector<int64_t> image, block, strides, pads, dilations, positions;
  int64_t points = 1, places = 1; // of a block; of the block in the image
  size_t rank() const { return image.size(); }
};

std::vector<int64_t> intsOf(const Value &value) {
  std::vector<int64_t> list;
  for (int64_t i = 0; value.isTensor() && i < value.tensor().size(); ++i) {
    list.push_back(value.tensor().asInt(i));
  }
  return list;
}

absl::StatusOr<Columns> columnsOf(const HostCall &call) {
  Columns c{intsOf(call.in[1]), intsOf(call.in[2]), call.attrs.getInts("strides"), call.attrs.getInts("pads"), call.attrs.getInts("dilations"), {}};
  const size_t rank = c.rank();
  c.strides.resize(c.strides.empty() ? rank : c.strides.size(), 1);
  c.dilations.resize(c.dilations.empty() ? rank : c.dilations.size(), 1);
  c.pads.resize(c.pads.empty() ? 2 * rank : c.pads.size(), 0);
  if (rank == 0 || rank > 8 || c.block.size() != rank || c.strides.size() != rank || c.dilations.size() != rank || c.pads.size() != 2 * rank) {
    return invalid("image, block, strides, pads and dilations do not have one entry per spatial dim");
  }
  constexpr int64_t kMost = int64_t{1} << 31;
  for (size_t i = 0; i < rank; ++i) {
    for (int64_t value : {c.image[i], c.block[i], c.strides[i], c.dilations[i], c.pads[i] + 1, c.pads[i + rank] + 1}) {
      if (value < 1 || value > kMost) {
        return invalid("a size is out of range");
      }
    }
    const int64_t room = c.image[i] + c.pads[i] + c.pads[i + rank] - ((c.block[i] - 1) * c.dilations[i] + 1);
    if (room < 0) {
      return invalid("the block does not fit the padded image");
    }
    c.positions.push_back(room / c.strides[i] + 1);
    if (__builtin_mul_overflow(c.points, c.block[i], &c.points) || __builtin_mul_overflow(c.places, c.positions[i], &c.places)) {
      return invalid("the columns would be too large");
    }
  }
  return c;
}

/// Where point `p` of the block at place `q` lies in the image; -1 in the border.
int64_t target(const Columns &c, int64_t p, int64_t q) {
  int64_t at = 0, stride = 1;
  for (size_t d = c.rank(); d-- > 0;) {
    const int64_t i = (q % c.positions[d]) * c.strides[d] + (p % c.block[d]) * c.dilations[d] - c.pads[d];
    if (i < 0 || i >= c.image[d]) {
      return -1;
    }
    at += i * stride;
    stride *= c.image[d];
    p /= c.block[d];
    q /= c.positions[d];
  }
  return at;
}

} // namespace

absl::Status col2imRule(Rule &rule) {
  absl::Status status = needTensors(rule);
  status = status.ok() ? needInts(rule, 1, "image shape") : status;
  status = status.ok() ? needInts(rule, 2, "block shape") : status;
  if (!status.ok() || !isFloat(rule.in[0].dtype)) {
    return status.ok() ? invalid("needs floats") : status;
  }
  std::optional<int64_t> rank = lengthOf(rule.in[1]);
  rule.out = {tensorOf(rule.in[0].dtype, rank && *rank <= 8 ? MaybeShape(unknownDims(*rank + 2)) : std::nullopt)};
  return absl::OkStatus();
}

absl::Status col2imRun(HostCall &call) {
  absl::StatusOr<Columns> c = columnsOf(call);
  if (!c.ok()) {
    return c.status();
  }
  if (!call.in[0].isTensor() || !isFloat(call.tensor(0).dtype()) || call.tensor(0).rank() != 3 || call.tensor(0).shape()[1] % c->points != 0 ||
      call.tensor(0).shape()[2] != c->places) {
    return invalid(absl::StrCat("the columns do not have ", c->places, " positions of ", c->points, " points"));
  }
  const Tensor &x = call.tensor(0);
  Shape shape{x.shape()[0], x.shape()[1] / c->points};
  shape.insert(shape.end(), c->image.begin(), c->image.end());
  absl::StatusOr<Tensor> out = allocateTensor(x.dtype(), shape);
  absl::StatusOr<Tensor> sums = allocateTensor(DType::F64, shape);
  if (!out.ok() || !sums.ok()) {
    return out.ok() ? sums.status() : out.status();
  }
  const int64_t planes = shape[0] * shape[1], pixels = planes ? out->size() / planes : 0;
  double *sum = sums->mutableAs<double>().data();
  for (int64_t p = 0; p < c->points; ++p) {
    for (int64_t q = 0; q < c->places; ++q) {
      const int64_t at = target(*c, p, q);
      for (int64_t plane = 0; at >= 0 && plane < planes; ++plane) {
        sum[plane * pixels + at] += x.asDouble((plane * c->points + p) * c->places + q);
      }
    }
  }
  for (int64_t i = 0; i < out->size(); ++i) {
    out->setDouble(i, sum[i]);
  }
  call.out = {*out};
  return absl::OkStatus();
}

absl::Status centerCropPadRule(Rule &rule) {
  absl::Status status = needTensors(rule);
  status = status.ok() ? needInts(rule, 1, "shape") : status;
  if (!status.ok() || !rule.in[0].ranked) {
    return status.ok() ? moved(rule, std::nullopt, "pad") : status;
  }
  const int64_t rank = rule.in[0].rank();
  std::vector<int64_t> axes = rule.attrs.getInts("axes");
  if (axes.empty()) {
    axes.resize(static_cast<size_t>(rank));
    std::iota(axes.begin(), axes.end(), 0);
  }
  Shape dims = rule.in[0].shape;
  std::vector<int64_t> low(static_cast<size_t>(rank), 0), high = low, shape = rule.ints(1);
  if (rule.isKnown(1) && shape.size() != axes.size()) {
    return invalid("the shape does not have one entry per axis");
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    absl::StatusOr<int64_t> axis = wrapAxis(axes[i], rank);
    if (!axis.ok()) {
      return axis.status();
    }
    const auto d = static_cast<size_t>(*axis);
    const int64_t size = dims[d], want = rule.isKnown(1) ? shape[i] : kUnknownDim;
    if (rule.isKnown(1) && (want < 0 || want > (int64_t{1} << 32))) {
      return invalid("the shape is not valid");
    }
    if (size >= 0 && want >= 0) { // the odd element is cropped and padded at the end
      low[d] = want < size ? -((size - want) / 2) : (want - size) / 2;
      high[d] = want - size - low[d];
    }
    dims[d] = want;
  }
  Attributes attrs;
  attrs.set("low", low);
  attrs.set("high", high);
  return moved(rule, dims, "pad", std::move(attrs));
}

} // namespace ncc::ops
