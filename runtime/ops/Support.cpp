// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "runtime/ops/Support.h"

#include "runtime/tensor/FloatConvert.h"

namespace ncc::ops {

Tensor widen(const Tensor &tensor) {
  if (!isNarrowFloat(tensor.dtype()) || !present(tensor)) {
    return tensor;
  }
  Tensor wide(DType::F32, tensor.shape());
  float *out = wide.mutableAs<float>().data();
  if (tensor.dtype() == DType::BF16 || tensor.dtype() == DType::F16) {
    const uint16_t *in = tensor.as<uint16_t>().data();
    bool brain = tensor.dtype() == DType::BF16;
    for (int64_t i = 0; i < tensor.size(); ++i) {
      out[i] = brain ? bf16ToFloat(in[i]) : f16ToFloat(in[i]);
    }
    return wide;
  }
  for (int64_t i = 0; i < tensor.size(); ++i) {
    out[i] = static_cast<float>(tensor.asDouble(i));
  }
  return wide;
}

void narrow(const Tensor &wide, Tensor &out) {
  const float *in = wide.as<float>().data();
  for (int64_t i = 0; i < wide.size(); ++i) {
    out.setDouble(i, in[i]);
  }
}

absl::Status runWidened(KernelContext &context, absl::FunctionRef<absl::Status(KernelContext &)> kernel) {
  bool narrowInput = false, narrowOutput = false;
  for (const Tensor &input : context.inputs) {
    narrowInput |= isNarrowFloat(input.dtype());
  }
  for (const Tensor &output : context.outputs) {
    narrowOutput |= isNarrowFloat(output.dtype());
  }
  if (!narrowInput && !narrowOutput) {
    return kernel(context);
  }
  std::vector<Tensor> inputs, outputs;
  for (const Tensor &input : context.inputs) {
    inputs.push_back(widen(input));
  }
  for (const Tensor &output : context.outputs) {
    outputs.push_back(isNarrowFloat(output.dtype()) ? Tensor(DType::F32, output.shape()) : output);
  }
  KernelContext wide{context.attrs, inputs, absl::MakeSpan(outputs)};
  if (absl::Status status = kernel(wide); !status.ok()) {
    return status;
  }
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (isNarrowFloat(context.outputs[i].dtype())) {
      context.outputs[i] = Tensor(context.outputs[i].dtype(), outputs[i].shape());
      narrow(outputs[i], context.outputs[i]);
    } else {
      context.outputs[i] = outputs[i];
    }
  }
  return absl::OkStatus();
}

Shape stridesOf(absl::Span<const int64_t> shape) {
  Shape strides(shape.size(), 1);
  for (int64_t i = static_cast<int64_t>(shape.size()) - 2; i >= 0; --i) {
    strides[i] = strides[i + 1] * shape[i + 1];
  }
  return strides;
}

Shape broadcastStrides(absl::Span<const int64_t> shape, absl::Span<const int64_t> out) {
  Shape own = stridesOf(shape), strides(out.size(), 0);
  for (size_t i = 0; i < shape.size(); ++i) {
    strides[out.size() - shape.size() + i] = shape[i] == 1 ? 0 : own[i];
  }
  return strides;
}

AxisView axisView(absl::Span<const int64_t> shape, int64_t axis) {
  AxisView view;
  for (int64_t i = 0; i < static_cast<int64_t>(shape.size()); ++i) {
    (i < axis ? view.outer : i == axis ? view.size : view.inner) *= shape[i];
  }
  return view;
}

} // namespace ncc::ops
