// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference kernels of quantize and dequantize: per tensor, per axis, or per block along an axis.
#include "runtime/ops/Support.h"

#include <cmath>
#include <limits>

namespace ncc::ops {

namespace {

/// Which entry of the scale belongs to element i of x.
class ScaleIndex {
public:
  ScaleIndex(const KernelContext &context)
      : view(axisView(context.inputs[0].shape(), context.attrs.getInt("axis", 1))),
        block(context.attrs.getInt("block_size", 0)), single(context.inputs[1].size() == 1) {
    if (block > 0) {
      blocks = (view.size + block - 1) / block;
    }
  }
  int64_t operator()(int64_t i) const {
    if (single) {
      return 0;
    }
    int64_t position = i / view.inner % view.size;
    if (block <= 0) {
      return position;
    }
    return (i / (view.inner * view.size) * blocks + position / block) * view.inner + i % view.inner;
  }

private:
  AxisView view;
  int64_t block, blocks = 1;
  bool single;
};

struct Limits {
  double low, high;
};
Limits limitsOf(DType type) {
  switch (type) {
  case DType::I8: return {-128, 127};
  case DType::U8: return {0, 255};
  case DType::I16: return {-32768, 32767};
  case DType::U16: return {0, 65535};
  case DType::F8E4M3: return {-448, 448};
  case DType::F8E5M2: case DType::F8E5M2Fnuz: return {-57344, 57344};
  case DType::F8E4M3Fnuz: return {-240, 240};
  case DType::F4E2M1: return {-6, 6};
  case DType::I4: return {-8, 7};
  case DType::U4: return {0, 15};
  case DType::I2: return {-2, 1};
  case DType::U2: return {0, 3};
  default: return {static_cast<double>(INT32_MIN), static_cast<double>(INT32_MAX)};
  }
}

} // namespace

absl::Status quantize(KernelContext &context) {
  Tensor x = widen(context.inputs[0]), scale = widen(context.inputs[1]);
  Tensor &out = context.outputs[0];
  bool hasZero = present(context, 2);
  ScaleIndex index(context);
  Limits limits = limitsOf(out.dtype());
  for (int64_t i = 0; i < x.size(); ++i) {
    int64_t s = index(i);
    // ONNX divides in the type of x.
    double ratio = x.dtype() == DType::F64 ? x.asDouble(i) / scale.asDouble(s)
                                           : static_cast<float>(x.asDouble(i)) / static_cast<float>(scale.asDouble(s));
    double zero = hasZero ? context.inputs[2].asDouble(s) : 0;
    double value = isFloat(out.dtype()) ? ratio + zero : std::nearbyint(ratio) + zero;
    value = value < limits.low ? limits.low : value > limits.high ? limits.high : value;
    if (isFloat(out.dtype())) {
      out.setDouble(i, value);
    } else {
      out.setInt(i, value != value ? 0 : static_cast<int64_t>(value));
    }
  }
  return absl::OkStatus();
}

absl::Status dequantize(KernelContext &context) {
  const Tensor &x = context.inputs[0];
  Tensor scale = widen(context.inputs[1]);
  bool hasZero = present(context, 2);
  ScaleIndex index(context);
  for (int64_t i = 0; i < x.size(); ++i) {
    int64_t s = index(i);
    double value = x.asDouble(i) - (hasZero ? context.inputs[2].asDouble(s) : 0);
    context.outputs[0].setDouble(i, static_cast<float>(value) * static_cast<float>(scale.asDouble(s)));
  }
  return absl::OkStatus();
}

} // namespace ncc::ops
