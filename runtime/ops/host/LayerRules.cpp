// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Rules of whole layers: recurrent ones, attention, quantization, and regions of an image.
#include "runtime/ops/host/Rules.h"

#include <algorithm>

namespace ncc::ops {

namespace {

constexpr int64_t kMostHidden = int64_t{1} << 24, kMostCells = 4096;

/// An operand that is given must have these dims, as far as they are known.
absl::Status needDims(const Rule &rule, size_t i, const char *name, const Shape &dims) {
  if (!rule.has(i) || !rule.in[i].ranked) {
    return absl::OkStatus();
  }
  const Shape &shape = rule.in[i].shape;
  const bool fits = std::equal(shape.begin(), shape.end(), dims.begin(), dims.end(), dimsAgree);
  return fits ? absl::OkStatus() : invalid(absl::StrCat(name, " must have shape ", shapeString(dims), ", has ", shapeString(shape)));
}

/// x, w, r, bias?, lengths?, initial_h?, and for LSTM initial_c?, peepholes?: y[T,D,B,H] and `states` of [D,B,H].
absl::Status recurrent(Rule &rule, int64_t gates, size_t states) {
  if (absl::Status status = needTensors(rule); !status.ok()) {
    return status;
  }
  const DType dtype = rule.in[0].dtype;
  for (size_t i = 0; i < rule.in.size(); ++i) {
    if (rule.has(i) && (i == 4 ? !isInteger(rule.in[i].dtype) : rule.in[i].dtype != dtype)) {
      return invalid(absl::StrCat("operand ", i, " has the wrong element type"));
    }
  }
  const int64_t hidden = rule.attrs.getInt("hidden_size", 0), dirs = rule.attrs.getString("direction", "forward") == "bidirectional" ? 2 : 1;
  if (!isFloat(dtype) || dtypeSize(dtype) > 4 || hidden < 1 || hidden > kMostHidden) {
    return invalid("needs floats of at most 32 bits, and a hidden_size");
  }
  const bool ranked = rule.in[0].ranked;
  if (ranked && rule.in[0].rank() != 3) {
    return invalid("x must be [time, batch, input]");
  }
  const Shape x = ranked ? rule.in[0].shape : unknownDims(3), state{dirs, x[1], hidden};
  absl::Status status = needDims(rule, 1, "w", {dirs, gates * hidden, x[2]});
  status = status.ok() ? needDims(rule, 2, "r", {dirs, gates * hidden, hidden}) : status;
  status = status.ok() ? needDims(rule, 3, "bias", {dirs, 2 * gates * hidden}) : status;
  status = status.ok() ? needDims(rule, 4, "lengths", {x[1]}) : status;
  status = status.ok() ? needDims(rule, 5, "initial_h", state) : status;
  status = status.ok() ? needDims(rule, 6, "initial_c", state) : status;
  status = status.ok() ? needDims(rule, 7, "peepholes", {dirs, 3 * hidden}) : status;
  rule.out.assign(states + 1, ValueType::tensor(dtype, state));
  rule.out[0] = ValueType::tensor(dtype, {x[0], dirs, x[1], hidden});
  return status;
}

/// The scale of a conversion fits x: one number, one per position of the axis, or one per block of it.
absl::Status needScale(Rule &rule) {
  const ValueType &x = rule.in[0], &scale = rule.in[1];
  if (absl::Status status = needTensors(rule); !status.ok()) {
    return status;
  }
  if (!isFloat(scale.dtype) || x.dtype == DType::String) {
    return invalid("needs numbers and a float scale");
  }
  if (!x.ranked || !rule.isStatic()) {
    return absl::OkStatus();
  }
  const int64_t count = numElements(scale.shape), block = rule.attrs.getInt("block_size", 0);
  if (rule.has(2) && numElements(rule.in[2].shape) != count) {
    return invalid("scale and zero point differ in shape");
  }
  if (count == 1 && block == 0) {
    rule.call.attrs.set("axis", int64_t{0});
    return absl::OkStatus();
  }
  absl::StatusOr<int64_t> axis = wrapAxis(rule.attrs.getInt("axis", 1), x.rank());
  if (!axis.ok()) {
    return axis.status();
  }
  rule.call.attrs.set("axis", *axis);
  Shape want = block > 0 ? x.shape : Shape{x.shape[static_cast<size_t>(*axis)]};
  if (block > 0) {
    int64_t &dim = want[static_cast<size_t>(*axis)];
    dim = (dim + block - 1) / block;
  }
  return block >= 0 && scale.shape == want ? absl::OkStatus() : invalid("the scale does not fit the axis");
}

absl::Status convertedTo(Rule &rule, std::optional<DType> dtype) {
  std::optional<DType> named = dtypeFromName(rule.attrs.getString("to", ""));
  dtype = named ? named : dtype;
  if (!dtype || *dtype == DType::String) {
    return invalid("it is not said what to convert to");
  }
  absl::Status status = needScale(rule);
  rule.out = {rule.in[0]};
  rule.out[0].dtype = *dtype;
  return status;
}

/// Regions of x[N,C,H,W]: [regions, C, height, width].
absl::Status regions(Rule &rule, int64_t columns) {
  if (absl::Status status = needTensors(rule); !status.ok()) {
    return status;
  }
  const ValueType &x = rule.in[0], &rois = rule.in[1];
  const int64_t height = rule.attrs.getInt("height", 1), width = rule.attrs.getInt("width", 1);
  if (!isFloat(x.dtype) || x.dtype != rois.dtype || (x.ranked && x.rank() != 4) || (rois.ranked && (rois.rank() != 2 || !dimsAgree(rois.shape[1], columns))) ||
      height < 1 || width < 1 || height > kMostCells || width > kMostCells || rule.attrs.getInt("sampling_ratio", 0) > kMostCells) {
    return invalid(absl::StrCat("needs a float image [N,C,H,W] and regions of ", columns, " numbers of its type"));
  }
  rule.out = {ValueType::tensor(x.dtype, {rois.ranked ? rois.shape[0] : kUnknownDim, x.ranked ? x.shape[1] : kUnknownDim, height, width})};
  return absl::OkStatus();
}

} // namespace

absl::Status lstmRule(Rule &rule) { return recurrent(rule, 4, 2); }
absl::Status gruRule(Rule &rule) { return recurrent(rule, 3, 1); }
absl::Status rnnRule(Rule &rule) { return recurrent(rule, 1, 1); }

absl::Status quantizeRule(Rule &rule) {
  absl::Status status = convertedTo(rule, rule.has(2) ? rule.in[2].dtype : DType::U8);
  return status.ok() && !isFloat(rule.in[0].dtype) && rule.in[0].dtype != DType::I32 ? invalid("needs floats") : status;
}
absl::Status dequantizeRule(Rule &rule) { return convertedTo(rule, rule.in[1].dtype); }

absl::Status lrnRule(Rule &rule) {
  absl::Status status = sameAsFirst(rule);
  const ValueType &x = rule.in[0];
  return status.ok() && (!isFloat(x.dtype) || (x.ranked && x.rank() < 2) || rule.attrs.getInt("size", 0) < 1)
             ? invalid("needs floats [N, C, ...] and a positive size")
             : status;
}

/// attention(q[B,H,S,D], k[B,Hk,T,D], v[B,Hk,T,Dv], mask?)
absl::Status attentionRule(Rule &rule) {
  if (absl::Status status = needOneType(rule); !status.ok()) {
    return status;
  }
  Shape dims[3];
  for (size_t i = 0; i < 3; ++i) {
    if (rule.in[i].ranked && rule.in[i].rank() != 4) {
      return invalid("needs queries, keys and values of four dims");
    }
    dims[i] = rule.in[i].ranked ? rule.in[i].shape : unknownDims(4);
  }
  const bool fit = dimsAgree(dims[0][0], dims[1][0]) && dimsAgree(dims[1][0], dims[2][0]) && dimsAgree(dims[0][3], dims[1][3]) &&
                   dimsAgree(dims[1][1], dims[2][1]) && dimsAgree(dims[1][2], dims[2][2]);
  const bool groups = dims[0][1] < 0 || dims[1][1] < 0 || (dims[1][1] > 0 && dims[0][1] % dims[1][1] == 0);
  if (!isFloat(rule.in[0].dtype) || !fit || !groups) {
    return invalid("queries, keys and values do not fit each other");
  }
  const Shape scores{knownDim(dims[0][0], dims[1][0]), dims[0][1], dims[0][2], dims[1][2]};
  if (rule.has(3) && rule.in[3].ranked) {
    absl::StatusOr<Shape> both = broadcast(scores, rule.in[3].shape);
    if (!both.ok() || both->size() != 4 || (rule.isStatic() && *both != scores)) {
      return invalid("the mask does not broadcast to the scores");
    }
  }
  rule.out = {ValueType::tensor(rule.in[0].dtype, {scores[0], dims[0][1], dims[0][2], dims[2][3]})};
  return absl::OkStatus();
}

absl::Status roiAlignRule(Rule &rule) {
  absl::Status status = regions(rule, 4);
  const ValueType &images = rule.in[2];
  if (status.ok() && (!isInteger(images.dtype) || (images.ranked && (images.rank() != 1 || !dimsAgree(images.shape[0], rule.out[0].shape[0]))))) {
    return invalid("needs one integer image index per region");
  }
  return status;
}
absl::Status maxRoiPoolRule(Rule &rule) { return regions(rule, 5); }

} // namespace ncc::ops
