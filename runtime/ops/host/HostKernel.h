// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What a host stage can run: kernels over values of any kind whose result shapes may be known only at run time. A
// kernel has a rule, the one statement of what operands fit, what types the results have, and (when the operands are
// known) which reference kernel of runtime/ops computes them: compilers infer and verify with it, and the executor sizes
// results with it. Kernels that no reference kernel can compute have a function of their own.
#pragma once

#include "runtime/ops/Attributes.h"
#include "runtime/tensor/Value.h"

#include "absl/status/statusor.h"
#include "absl/types/span.h"

#include <string_view>
#include <vector>

namespace ncc::ops {

/// A call of a reference kernel: which, with what, on which of the operands (-1: absent).
struct KernelCall {
  std::string_view kernel;
  Attributes attrs;
  std::vector<int> operands;
};

/// What a rule is asked (types and, as far as known, values of the operands; the result types somebody promises) and
/// what it answers. Operands that are absent have kind None.
struct Rule {
  const Attributes &attrs;
  absl::Span<const ValueType> in;
  absl::Span<const Tensor *const> known; // by operand; nullptr: not known now
  absl::Span<const ValueType> declared;  // by result; may be empty: nothing is promised

  std::vector<ValueType> out;
  KernelCall call; // as it stands: the kernel of the same name, the same attributes, all operands

  bool has(size_t i) const { return i < in.size() && in[i].kind != ValueKind::None; }
  bool isKnown(size_t i) const { return i < known.size() && known[i]; }
  /// The known operand's elements as integers.
  std::vector<int64_t> ints(size_t i) const;
  /// Every operand's every dim is known.
  bool isStatic() const;
};
using RuleFn = absl::Status (*)(Rule &rule);

struct HostCall {
  const Attributes &attrs;
  absl::Span<const Value> in;          // not present: absent
  absl::Span<const ValueType> declared; // of the results
  std::vector<Value> out;

  bool has(size_t i) const { return i < in.size() && in[i].present(); }
  const Tensor &tensor(size_t i) const { return in[i].tensor(); }
};
using HostFn = absl::Status (*)(HostCall &call);

struct HostKernel {
  std::string_view name;
  int least, most; // operands; most < 0: any number
  RuleFn rule;
  HostFn run; // nullptr: what the rule says
};

/// nullptr when there is no such kernel.
const HostKernel *findHostKernel(std::string_view name);
absl::Span<const HostKernel> allHostKernels();

/// Asks the kernel's rule, after the number of operands was checked.
absl::Status applyRule(const HostKernel &kernel, Rule &rule);

/// The result types of a kernel. `known` may be shorter than `in`. Fails when the operands do not fit, or when a
/// declared type contradicts what the rule says.
absl::StatusOr<std::vector<ValueType>> inferHostTypes(std::string_view name, const Attributes &attrs, absl::Span<const ValueType> in,
                                                      absl::Span<const Tensor *const> known = {}, absl::Span<const ValueType> declared = {});

/// Runs a kernel on untrusted operands: whatever does not fit is an error. Results fit `declared`, unless it is empty.
absl::StatusOr<std::vector<Value>> runHostKernel(std::string_view name, const Attributes &attrs, absl::Span<const Value> in,
                                                 absl::Span<const ValueType> declared);

/// A tensor of run-time size; an error instead of the end of the process when it is beyond reason.
absl::StatusOr<Tensor> allocateTensor(DType dtype, const Shape &shape);

/// Fails when so many copies of a tensor's longest string would take more memory than any tensor may.
absl::Status charactersFit(const Tensor &strings, int64_t copies);

} // namespace ncc::ops
