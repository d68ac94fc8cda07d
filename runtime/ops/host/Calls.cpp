// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "runtime/ops/host/Calls.h"

#include "runtime/ops/Support.h"
#include "runtime/ops/host/Rules.h"

#include <algorithm>
#include <cmath>

namespace ncc::ops {

namespace {

constexpr int64_t kMostOffset = int64_t{1} << 32; // of windows
constexpr int64_t kMostRank = 32;

/// One result with a static type that is promised.
absl::Status promised(Rule &rule) {
  rule.out.assign(rule.declared.begin(), rule.declared.end());
  return rule.out.size() == 1 ? needTensors(rule) : invalid("has one result");
}

absl::Status randomRule(Rule &rule) {
  absl::Status status = promised(rule);
  return !status.ok() || isFloat(rule.out[0].dtype) ? status : invalid("draws floats");
}

absl::Status bitcastRule(Rule &rule) {
  absl::Status status = promised(rule);
  if (!status.ok()) {
    return status;
  }
  const ValueType &x = rule.in[0], &out = rule.out[0];
  return dtypeSize(x.dtype) > 0 && dtypeSize(x.dtype) == dtypeSize(out.dtype) && numElements(x.shape) == numElements(out.shape)
             ? absl::OkStatus()
             : invalid("a bit cast needs types of the same size");
}

/// resize(x) {scales, roi, mode, ...}: the sizes are the promised result's.
absl::Status resizeRule(Rule &rule) {
  absl::Status status = promised(rule);
  if (!status.ok()) {
    return status;
  }
  const ValueType &x = rule.in[0], &out = rule.out[0];
  std::vector<double> scales = rule.attrs.getFloats("scales"), roi = rule.attrs.getFloats("roi");
  const auto rank = static_cast<size_t>(x.rank());
  if (x.dtype != out.dtype || out.shape.size() != rank || scales.size() != rank || (!roi.empty() && roi.size() != 2 * rank)) {
    return invalid("needs a scale for each dim, and a result of its operand's type and rank");
  }
  for (size_t d = 0; d < rank; ++d) {
    // A window of antialiasing is wider than the dim only when the scale contradicts the sizes.
    const double least = x.shape[d] > 0 ? 0.5 / static_cast<double>(x.shape[d]) : 0;
    if (!(scales[d] >= least && scales[d] > 0 && scales[d] <= 1e15) || (x.shape[d] == 0) != (out.shape[d] == 0)) {
      return invalid(absl::StrCat("the scale ", scales[d], " of dim ", d, " does not fit its sizes"));
    }
  }
  const bool finite = std::all_of(roi.begin(), roi.end(), [](double at) { return std::abs(at) <= 1e9; });
  return finite ? absl::OkStatus() : invalid("the region of interest is not finite");
}

absl::Status deformRule(Rule &rule) {
  absl::Status status = needOneType(rule);
  status = status.ok() ? promised(rule) : status;
  if (!status.ok()) {
    return status;
  }
  bool fits = isFloat(rule.in[0].dtype) && rule.out[0].dtype == rule.in[0].dtype;
  for (const char *name : {"kernel", "strides", "pads", "dilations"}) {
    for (int64_t value : rule.attrs.getInts(name)) {
      fits &= value > -kMostOffset && value < kMostOffset;
    }
  }
  for (int64_t value : rule.attrs.getInts("kernel")) {
    fits &= value >= 1 && value < (int64_t{1} << 16);
  }
  const int64_t groups = rule.attrs.getInt("offset_group", 1);
  return fits && groups >= 1 && groups < kMostOffset ? absl::OkStatus() : invalid("needs floats and a window within reason");
}

/// Kernels that look at all the types and shapes themselves.
absl::Status ownRule(Rule &rule) {
  absl::Status status = promised(rule);
  for (const ValueType &type : rule.in) {
    status = status.ok() && type.dtype == DType::String ? invalid("needs numbers") : status;
  }
  return status.ok() && rule.out[0].dtype == DType::String ? invalid("gives numbers") : status;
}

absl::Status nonzeroRule(Rule &rule) {
  absl::Status status = promised(rule);
  return !status.ok() || rule.out[0].dtype == DType::I64 ? status : invalid("gives positions");
}

struct CallRule {
  std::string_view name;
  size_t least, most;
  RuleFn rule;
};

// What no host stage calls by this name, or not in this form.
constexpr CallRule kCallRules[] = {
    {"bitcast", 1, 1, bitcastRule},  {"deform_columns", 2, 3, deformRule}, {"forest", 4, 4, ownRule}, {"nonzero", 1, 1, nonzeroRule},
    {"pairwise_coupling", 1, 1, ownRule}, {"random", 0, 0, randomRule},   {"resize", 1, 1, resizeRule},
};

/// Products of 8-bit integers have the rule of float ones, and sums of 32 bits.
bool isByteWindow(std::string_view kernel, absl::Span<const ValueType> in) {
  auto isByte = [](const ValueType &type) { return type.isTensor() && (type.dtype == DType::I8 || type.dtype == DType::U8); };
  return kernel == "conv" && in.size() >= 2 && isByte(in[0]) && isByte(in[1]) && (in.size() < 3 || in[2].kind == ValueKind::None || in[2].dtype == DType::I32);
}

absl::Status applyCallRule(std::string_view kernel, Rule &rule) {
  for (const CallRule &entry : kCallRules) {
    if (entry.name != kernel) {
      continue;
    }
    if (rule.in.size() < entry.least || rule.in.size() > entry.most) {
      return invalid(absl::StrCat("takes ", entry.least, " to ", entry.most, " operands, has ", rule.in.size()));
    }
    for (size_t i = 0; i < entry.least; ++i) {
      if (!rule.has(i)) {
        return invalid(absl::StrCat("operand ", i, " is missing"));
      }
    }
    return entry.rule(rule);
  }
  const HostKernel *host = findHostKernel(kernel);
  return host ? applyRule(*host, rule) : absl::UnimplementedError("no rule says what fits it");
}

/// Kernels whose result's element type is not an attribute of the call.
bool saysType(std::string_view kernel) { return kernel == "cast" || kernel == "quantize" || kernel == "dequantize"; }

} // namespace

absl::StatusOr<KernelCall> settleCall(std::string_view name, const Attributes &attrs, absl::Span<const ValueType> in,
                                      absl::Span<const ValueType> out) {
  const KernelInfo *kernel = findKernel(name);
  if (!kernel) {
    return absl::UnimplementedError(absl::StrCat("this runtime has no kernel `", std::string(name), "`"));
  }
  auto bad = [&](const std::string &what) { return invalid(absl::StrCat("kernel `", std::string(name), "`: ", what)); };
  for (const auto *types : {&in, &out}) {
    for (const ValueType &type : *types) {
      if (type.kind != ValueKind::None && (!type.isStatic() || type.rank() > kMostRank || !countOf(type.shape).ok())) {
        return bad("operands and results are tensors of known shapes");
      }
    }
  }
  Attributes given = attrs;
  if (saysType(name) && out.size() == 1) {
    given.set("to", std::string(dtypeName(out[0].dtype)));
  }
  std::vector<ValueType> types(in.begin(), in.end());
  const bool bytes = isByteWindow(name, in);
  for (size_t i = 0; bytes && i < types.size(); ++i) {
    types[i].dtype = types[i].kind == ValueKind::None ? types[i].dtype : DType::F32;
  }
  Rule rule{given, types, {}, out, {}, {}};
  rule.call.kernel = kernel->name;
  rule.call.attrs = given;
  for (size_t i = 0; i < in.size(); ++i) {
    rule.call.operands.push_back(in[i].kind == ValueKind::None ? -1 : static_cast<int>(i));
  }
  KernelCall plain = rule.call;
  if (absl::Status status = applyCallRule(name, rule); !status.ok()) {
    return bad(std::string(status.message()));
  }
  if (rule.call.kernel != name || rule.call.operands != plain.operands) {
    return bad("it is computed by another kernel");
  }
  if (rule.out.size() != out.size()) {
    return bad(absl::StrCat("has ", rule.out.size(), " results, not ", out.size()));
  }
  for (size_t i = 0; i < out.size(); ++i) {
    ValueType want = rule.out[i];
    want.dtype = bytes ? DType::I32 : want.dtype;
    if (!(want == out[i])) {
      return bad(absl::StrCat("result ", i, " is ", want.str(), ", not ", out[i].str()));
    }
  }
  return rule.call;
}

Tensor soundBools(const Tensor &tensor) {
  if (tensor.dtype() != DType::Bool || !present(tensor)) {
    return tensor;
  }
  const uint8_t *in = tensor.as<uint8_t>().data();
  if (std::all_of(in, in + tensor.size(), [](uint8_t byte) { return byte <= 1; })) {
    return tensor;
  }
  Tensor sound(DType::Bool, tensor.shape());
  std::transform(in, in + tensor.size(), sound.mutableAs<uint8_t>().data(), [](uint8_t byte) -> uint8_t { return byte != 0; });
  return sound;
}

absl::Status runSettled(const KernelCall &call, absl::Span<const Tensor> operands, absl::Span<Tensor> results) {
  const KernelInfo *kernel = findKernel(call.kernel);
  if (!kernel) {
    return absl::UnimplementedError(absl::StrCat("this runtime has no kernel `", std::string(call.kernel), "`"));
  }
  std::vector<Tensor> sound;
  for (const Tensor &operand : operands) {
    sound.push_back(soundBools(operand));
  }
  KernelContext context{call.attrs, sound, results};
  return kernel->run(context);
}

double workOfKernel(std::string_view kernel, const Attributes &attrs, absl::Span<const ValueType> in, absl::Span<const ValueType> out) {
  auto count = [](const ValueType &type) {
    double elements = 1;
    for (int64_t dim : type.shape) {
      elements *= static_cast<double>(std::max<int64_t>(dim, 1));
    }
    return type.kind == ValueKind::None ? 0 : elements;
  };
  auto dim = [&](size_t operand, size_t d) {
    return operand < in.size() && d < in[operand].shape.size() ? static_cast<double>(std::max<int64_t>(in[operand].shape[d], 1)) : 1.0;
  };
  auto product = [](const std::vector<int64_t> &list) {
    double all = 1;
    for (int64_t value : list) {
      all *= static_cast<double>(std::max<int64_t>(value, 1));
    }
    return all;
  };
  double work = 1;
  for (const auto *types : {&in, &out}) {
    for (const ValueType &type : *types) {
      work += count(type);
    }
  }
  const double results = out.empty() ? 0 : count(out[0]), first = in.empty() ? 0 : count(in[0]), second = in.size() > 1 ? count(in[1]) : 0;
  if (kernel == "matmul" && !in.empty() && !in[0].shape.empty()) {
    const bool flip = in[0].rank() > 1 && attrs.getInt("transpose_a", 0) != 0;
    return work + results * dim(0, in[0].shape.size() - (flip ? 2 : 1));
  }
  if (kernel == "conv") {
    return work + results * second / dim(1, 0);
  }
  if (kernel == "conv_transpose") {
    return work + first * second / dim(1, 0);
  }
  if (kernel == "pool" || kernel == "pool_indices") {
    return work + results * product(attrs.getInts("kernel"));
  }
  if (kernel == "attention") {
    return work + dim(0, 0) * dim(0, 1) * dim(0, 2) * dim(1, 2) * (dim(0, 3) + dim(2, 3));
  }
  if (kernel == "lstm" || kernel == "gru" || kernel == "rnn") {
    return work + dim(0, 0) * dim(0, 1) * (second + (in.size() > 2 ? count(in[2]) : 0));
  }
  if (kernel == "det") {
    return work + first * dim(0, in.empty() || in[0].shape.empty() ? 0 : in[0].shape.size() - 1);
  }
  if (kernel == "grid_sample") {
    return work + (results + second) * std::pow(4.0, static_cast<double>(std::max<size_t>(2, in.empty() ? 2 : in[0].shape.size()) - 2));
  }
  if (kernel == "roi_align") {
    const auto ratio = static_cast<double>(std::max<int64_t>(attrs.getInt("sampling_ratio", 0), 8));
    return work + 4 * results * ratio * ratio;
  }
  if (kernel == "max_roi_pool") {
    return work + dim(1, 0) * first / dim(0, 0);
  }
  if (kernel == "forest") {
    return work + dim(2, 0) * results * std::log2(2 + dim(2, 1));
  }
  if (kernel == "lrn") {
    return work + results * static_cast<double>(std::clamp<int64_t>(attrs.getInt("size", 1), 1, static_cast<int64_t>(dim(0, 1))));
  }
  if (kernel == "tfidf") {
    const double grams = static_cast<double>(std::clamp<int64_t>(attrs.getInt("max_gram", 1), 1, 1024));
    const double skips = std::min(static_cast<double>(std::max<int64_t>(attrs.getInt("max_skip", 0), 0)) + 1, first);
    return work + first * grams * grams * skips;
  }
  if (kernel == "resize" || kernel == "deform_columns" || kernel == "unary" || kernel == "softmax" || kernel == "topk" || kernel == "pairwise_coupling") {
    return 16 * work;
  }
  return work;
}

} // namespace ncc::ops
