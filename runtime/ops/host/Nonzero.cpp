// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The positions of what is not zero.
#include "runtime/ops/Support.h"
#include "runtime/ops/host/Rules.h"

namespace ncc::ops {

absl::Status nonzeroRule(Rule &rule) {
  rule.out = {ValueType::tensor(DType::I64, {rule.in[0].ranked ? std::max<int64_t>(rule.in[0].rank(), 0) : kUnknownDim, kUnknownDim})};
  return needTensors(rule);
}

absl::Status nonzeroRun(HostCall &call) {
  if (!call.in[0].isTensor()) {
    return invalid("needs a tensor");
  }
  const Tensor &x = call.tensor(0);
  std::vector<int64_t> found;
  for (int64_t i = 0; i < x.size(); ++i) {
    const bool set = x.dtype() == DType::String ? !x.strings()[static_cast<size_t>(i)].empty() : isInteger(x.dtype()) ? x.asInt(i) != 0 : x.asDouble(i) != 0;
    if (set || x.imaginary(i) != 0) {
      found.push_back(i);
    }
  }
  const auto count = static_cast<int64_t>(found.size());
  Shape strides = stridesOf(x.shape());
  absl::StatusOr<Tensor> out = allocateTensor(DType::I64, {x.rank(), count});
  for (int64_t d = 0; out.ok() && d < x.rank(); ++d) {
    for (int64_t i = 0; i < count; ++i) {
      out->setInt(d * count + i, found[static_cast<size_t>(i)] / strides[d] % x.shape()[d]);
    }
  }
  if (out.ok()) {
    call.out = {*out};
  }
  return out.status();
}

} // namespace ncc::ops
