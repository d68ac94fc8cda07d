// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The table of host kernels, and running one: check the operands, ask the rule, allocate, call.
#include "runtime/ops/host/HostKernel.h"

#include "runtime/ops/Kernel.h"
#include "runtime/ops/host/Calls.h"

#include "absl/strings/str_cat.h"

#include <algorithm>

namespace ncc::ops {

#define NCC_HOST_RULE(mnemonic, least, most, rule) absl::Status rule(Rule &);
#define NCC_HOST_KERNEL(mnemonic, least, most, rule, function) \
  absl::Status rule(Rule &); \
  absl::Status function(HostCall &);
#include "runtime/ops/host/HostKernels.def"
#undef NCC_HOST_RULE
#undef NCC_HOST_KERNEL

static constexpr HostKernel kHostKernels[] = {
#define NCC_HOST_RULE(mnemonic, least, most, rule) {#mnemonic, least, most, rule, nullptr},
#define NCC_HOST_KERNEL(mnemonic, least, most, rule, function) {#mnemonic, least, most, rule, function},
#include "runtime/ops/host/HostKernels.def"
#undef NCC_HOST_RULE
#undef NCC_HOST_KERNEL
};

/// No tensor of a host stage is larger (bytes; strings count 32 each).
static constexpr double kMostBytes = double(uint64_t{1} << 32);

const HostKernel *findHostKernel(std::string_view name) {
  const auto *it = std::find_if(std::begin(kHostKernels), std::end(kHostKernels), [&](const HostKernel &k) { return k.name == name; });
  return it == std::end(kHostKernels) ? nullptr : it;
}

absl::Span<const HostKernel> allHostKernels() { return kHostKernels; }

std::vector<int64_t> Rule::ints(size_t i) const {
  std::vector<int64_t> values;
  for (int64_t k = 0; isKnown(i) && k < known[i]->size(); ++k) {
    values.push_back(known[i]->asInt(k));
  }
  return values;
}

bool Rule::isStatic() const {
  return std::all_of(in.begin(), in.end(), [](const ValueType &type) { return type.kind == ValueKind::None || type.isStatic(); });
}

absl::StatusOr<Tensor> allocateTensor(DType dtype, const Shape &shape) {
  double bytes = static_cast<double>(memorySize(dtype));
  for (int64_t dim : shape) {
    if (dim < 0) {
      return absl::InvalidArgumentError("a result would have a negative dim");
    }
    bytes *= static_cast<double>(std::max<int64_t>(dim, 1));
  }
  if (shape.size() > 32 || bytes > kMostBytes) {
    return absl::ResourceExhaustedError(absl::StrCat("a result of shape ", shapeString(shape), " is too large"));
  }
  return Tensor(dtype, shape);
}

absl::Status charactersFit(const Tensor &strings, int64_t copies) {
  size_t longest = 0;
  for (int64_t i = 0; strings.dtype() == DType::String && i < strings.size(); ++i) {
    longest = std::max(longest, strings.strings()[static_cast<size_t>(i)].size());
  }
  return static_cast<double>(longest) * static_cast<double>(copies) <= kMostBytes ? absl::OkStatus()
                                                                                  : absl::ResourceExhaustedError("its strings are too long for so many of them");
}

static absl::Status checkArity(const HostKernel &kernel, size_t count) {
  if (static_cast<int>(count) < kernel.least || (kernel.most >= 0 && static_cast<int>(count) > kernel.most)) {
    return absl::InvalidArgumentError(absl::StrCat("takes ", kernel.least, " to ", kernel.most, " operands, has ", count));
  }
  return absl::OkStatus();
}

absl::Status applyRule(const HostKernel &kernel, Rule &rule) {
  rule.call.kernel = kernel.name;
  rule.call.attrs = rule.attrs;
  rule.call.operands.clear();
  for (size_t i = 0; i < rule.in.size(); ++i) {
    rule.call.operands.push_back(rule.has(i) ? static_cast<int>(i) : -1);
  }
  if (absl::Status status = checkArity(kernel, rule.in.size()); !status.ok()) {
    return status;
  }
  for (int i = 0; i < kernel.least; ++i) {
    if (!rule.has(static_cast<size_t>(i))) {
      return absl::InvalidArgumentError(absl::StrCat("operand ", i, " is missing"));
    }
  }
  return kernel.rule(rule);
}

/// Neither contradicts the other: there may be values of both types.
static bool compatible(const ValueType &a, const ValueType &b) {
  if (a.kind != b.kind) {
    return false;
  }
  if (!a.isTensor()) {
    return a.kind == ValueKind::None || (a.element && b.element && compatible(*a.element, *b.element));
  }
  if (a.dtype != b.dtype || !a.ranked || !b.ranked) {
    return a.dtype == b.dtype;
  }
  return std::equal(a.shape.begin(), a.shape.end(), b.shape.begin(), b.shape.end(),
                    [](int64_t x, int64_t y) { return x < 0 || y < 0 || x == y; });
}

absl::StatusOr<std::vector<ValueType>> inferHostTypes(std::string_view name, const Attributes &attrs, absl::Span<const ValueType> in,
                                                      absl::Span<const Tensor *const> known, absl::Span<const ValueType> declared) {
  const HostKernel *kernel = findHostKernel(name);
  if (!kernel) {
    return absl::UnimplementedError(absl::StrCat("there is no host kernel '", std::string(name), "'"));
  }
  Rule rule{attrs, in, known, declared, {}, {}};
  if (absl::Status status = applyRule(*kernel, rule); !status.ok()) {
    return status;
  }
  for (size_t i = 0; i < declared.size(); ++i) {
    if (i >= rule.out.size() || !compatible(rule.out[i], declared[i])) {
      return absl::InvalidArgumentError(absl::StrCat("result ", i, " is ", i < rule.out.size() ? rule.out[i].str() : "not there", ", not ",
                                                     declared[i].str()));
    }
  }
  return std::move(rule.out);
}

/// Runs the reference call of a rule whose types are all known.
static absl::Status runCall(const Rule &rule, HostCall &call) {
  const KernelInfo *kernel = findKernel(rule.call.kernel);
  if (!kernel) {
    return absl::UnimplementedError("has no reference kernel");
  }
  std::vector<Tensor> inputs, outputs;
  for (int operand : rule.call.operands) {
    inputs.push_back(operand < 0 ? Tensor() : soundBools(call.tensor(static_cast<size_t>(operand))));
  }
  for (const ValueType &type : rule.out) {
    if (!type.isStatic()) {
      return absl::InvalidArgumentError("the shape of its result does not follow from its operands");
    }
    absl::StatusOr<Tensor> tensor = allocateTensor(type.dtype, type.shape);
    if (!tensor.ok()) {
      return tensor.status();
    }
    outputs.push_back(*std::move(tensor));
  }
  for (const Tensor &input : inputs) {
    if (absl::Status status = charactersFit(input, outputs.empty() ? 0 : outputs[0].size()); !status.ok()) {
      return status;
    }
  }
  KernelContext context{rule.call.attrs, inputs, absl::MakeSpan(outputs)};
  if (absl::Status status = kernel->run(context); !status.ok()) {
    return status;
  }
  for (Tensor &output : outputs) {
    call.out.emplace_back(std::move(output));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Value>> runHostKernel(std::string_view name, const Attributes &attrs, absl::Span<const Value> in,
                                                 absl::Span<const ValueType> declared) {
  const HostKernel *kernel = findHostKernel(name);
  if (!kernel) {
    return absl::UnimplementedError(absl::StrCat("there is no host kernel '", std::string(name), "'"));
  }
  std::vector<ValueType> types;
  std::vector<const Tensor *> known;
  for (const Value &value : in) {
    // What a sequence holds is looked at by the kernel itself.
    types.push_back(value.isTensor() || !value.present() ? typeOf(value) : ValueType::of(value.kind(), ValueType::unranked(DType::F32)));
    types.back().dtype = value.present() ? value.tensor().dtype() : DType::F32;
    known.push_back(value.isTensor() ? &value.tensor() : nullptr);
  }
  HostCall call{attrs, in, declared, {}};
  absl::Status status = checkArity(*kernel, in.size());
  for (int i = 0; status.ok() && i < kernel->least; ++i) {
    status = in[static_cast<size_t>(i)].present() ? status : absl::InvalidArgumentError(absl::StrCat("operand ", i, " is missing"));
  }
  if (status.ok() && kernel->run) {
    status = kernel->run(call);
  } else if (status.ok()) {
    Rule rule{attrs, types, known, declared, {}, {}};
    status = applyRule(*kernel, rule);
    status = status.ok() ? runCall(rule, call) : status;
  }
  for (size_t i = 0; status.ok() && i < declared.size(); ++i) {
    if (i >= call.out.size() || !fits(call.out[i], declared[i])) {
      status = absl::InvalidArgumentError(
          absl::StrCat("its result ", i, " is ", i < call.out.size() ? typeOf(call.out[i]).str() : "missing", ", not ", declared[i].str()));
    }
  }
  if (!status.ok()) {
    return absl::Status(status.code(), absl::StrCat(std::string(name), ": ", std::string(status.message())));
  }
  return std::move(call.out);
}

} // namespace ncc::ops
