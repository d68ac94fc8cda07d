// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference kernels that move elements: views, copies, joins and borders. Strings move like any other element.
#include "runtime/ops/Support.h"

#include <cstring>

namespace ncc::ops {

namespace {

/// Copies out[i] = in[start + sum(index * strides)] over out's shape.
absl::Status stridedCopy(const Tensor &in, Tensor &out, int64_t start, const Shape &strides) {
  int64_t rank = out.rank(), row = rank ? out.shape()[rank - 1] : 1, step = rank ? strides[rank - 1] : 1;
  if (out.dtype() == DType::String) {
    forEachRow<1>(out.shape(), {strides}, [&](int64_t first, const std::array<int64_t, 1> &at) {
      for (int64_t i = 0; i < row; ++i) {
        out.mutableStrings()[first + i] = in.strings()[start + at[0] + i * step];
      }
    });
    return absl::OkStatus();
  }
  return dispatchBytes(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *source = in.as<T>().data();
    T *target = out.mutableAs<T>().data();
    forEachRow<1>(out.shape(), {strides}, [&](int64_t first, const std::array<int64_t, 1> &at) {
      const T *from = source + start + at[0];
      if (step == 1) {
        std::memcpy(target + first, from, row * sizeof(T));
        return;
      }
      for (int64_t i = 0; i < row; ++i) {
        target[first + i] = from[i * step];
      }
    });
    return absl::OkStatus();
  });
}

} // namespace

absl::Status reshape(KernelContext &context) {
  context.outputs[0] = context.inputs[0].reshaped(context.outputs[0].shape());
  return absl::OkStatus();
}

absl::Status transpose(KernelContext &context) {
  Shape own = stridesOf(context.inputs[0].shape()), strides;
  for (int64_t axis : context.attrs.getInts("perm")) {
    strides.push_back(own[axis]);
  }
  return stridedCopy(context.inputs[0], context.outputs[0], 0, strides);
}

absl::Status expand(KernelContext &context) {
  Shape strides = broadcastStrides(context.inputs[0].shape(), context.outputs[0].shape());
  return stridedCopy(context.inputs[0], context.outputs[0], 0, strides);
}

absl::Status slice(KernelContext &context) {
  std::vector<int64_t> offsets = context.attrs.getInts("offsets"), steps = context.attrs.getInts("strides");
  Shape strides = stridesOf(context.inputs[0].shape());
  int64_t start = 0;
  for (size_t i = 0; i < strides.size(); ++i) {
    start += offsets[i] * strides[i];
    strides[i] *= steps[i];
  }
  return stridedCopy(context.inputs[0], context.outputs[0], start, strides);
}

absl::Status concat(KernelContext &context) {
  Tensor &out = context.outputs[0];
  int64_t axis = context.attrs.getInt("axis", 0), written = 0;
  AxisView whole = axisView(out.shape(), axis);
  for (const Tensor &input : context.inputs) {
    AxisView part = axisView(input.shape(), axis);
    int64_t run = part.size * part.inner;
    for (int64_t o = 0; o < part.outer && run > 0; ++o) {
      int64_t to = (o * whole.size + written) * whole.inner;
      if (out.dtype() == DType::String) {
        std::copy_n(input.strings().begin() + o * run, run, out.mutableStrings().begin() + to);
      } else {
        size_t bytes = dtypeSize(out.dtype());
        std::memcpy(static_cast<char *>(out.mutableData()) + to * bytes,
                    static_cast<const char *>(input.data()) + o * run * bytes, run * bytes);
      }
    }
    written += part.size;
  }
  return absl::OkStatus();
}

namespace {

/// Where position `i` of a bordered dim reads from; -1 for the constant border.
int64_t borderSource(int64_t i, int64_t size, std::string_view mode) {
  if (i >= 0 && i < size) {
    return i;
  }
  if (mode == "constant") {
    return -1;
  }
  if (mode == "edge") {
    return i < 0 ? 0 : size - 1;
  }
  if (mode == "wrap") {
    return ((i % size) + size) % size;
  }
  if (size == 1) {
    return 0;
  }
  int64_t period = 2 * (size - 1);
  int64_t r = ((i % period) + period) % period;
  return r < size ? r : period - r;
}

} // namespace

absl::Status pad(KernelContext &context) {
  const Tensor &in = context.inputs[0];
  Tensor &out = context.outputs[0];
  std::vector<int64_t> low = context.attrs.getInts("low");
  std::string mode = context.attrs.getString("mode", "constant");
  // Per dim: the element offset each output position reads from, or -1.
  std::vector<std::vector<int64_t>> source(out.rank());
  Shape strides = stridesOf(in.shape());
  for (int64_t d = 0; d < out.rank(); ++d) {
    for (int64_t i = 0; i < out.shape()[d]; ++i) {
      int64_t at = borderSource(i - low[d], in.shape()[d], mode);
      source[d].push_back(at < 0 ? -1 : at * strides[d]);
    }
  }
  Tensor fill(out.dtype(), {});
  if (isInteger(out.dtype()) && context.attrs.find("value_int")) { // what a double does not hold
    fill.setInt(0, context.attrs.getInt("value_int", 0));
  } else if (out.dtype() != DType::String) {
    fill.setDouble(0, context.attrs.getFloat("value", 0));
  }
  if (isComplex(out.dtype())) {
    realPairs(fill).setDouble(1, context.attrs.getFloat("value_imaginary", 0));
  }
  return dispatchBytes(out.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    T border = fill.as<T>()[0];
    const T *from = in.as<T>().data();
    T *to = out.mutableAs<T>().data();
    int64_t rank = out.rank(), row = rank ? out.shape()[rank - 1] : 1;
    if (rank == 0) {
      *to = *from;
      return absl::OkStatus();
    }
    Shape index(rank, 0);
    for (int64_t first = 0; first < out.size(); first += row) {
      int64_t base = 0;
      for (int64_t d = 0; d + 1 < rank && base >= 0; ++d) {
        base = source[d][index[d]] < 0 ? -1 : base + source[d][index[d]];
      }
      for (int64_t i = 0; i < row; ++i) {
        int64_t at = source[rank - 1][i];
        to[first + i] = base < 0 || at < 0 ? border : from[base + at];
      }
      for (int64_t d = rank - 2; d >= 0 && ++index[d] == out.shape()[d]; --d) {
        index[d] = 0;
      }
    }
    return absl::OkStatus();
  });
}

absl::Status reverseSequence(KernelContext &context) {
  const Tensor &in = context.inputs[0];
  Tensor &out = context.outputs[0];
  int64_t batchAxis = context.attrs.getInt("batch_axis", 1), timeAxis = context.attrs.getInt("time_axis", 0);
  Shape strides = stridesOf(in.shape());
  return dispatchBytes(in.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *from = in.as<T>().data();
    T *to = out.mutableAs<T>().data();
    for (int64_t i = 0; i < in.size(); ++i) {
      int64_t batch = i / strides[batchAxis] % in.shape()[batchAxis];
      int64_t time = i / strides[timeAxis] % in.shape()[timeAxis];
      int64_t length = std::min(context.inputs[1].asInt(batch), in.shape()[timeAxis]);
      int64_t source = time < length ? length - 1 - time : time;
      to[i] = from[i + (source - time) * strides[timeAxis]];
    }
    return absl::OkStatus();
  });
}

} // namespace ncc::ops
