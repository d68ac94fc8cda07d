// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// unreachable {reason}: gives nothing but an error. It is all there is of a branch that has no meaning for the shapes the
// model was compiled for, in a model that never takes it with them.
#include "runtime/ops/host/Rules.h"

namespace ncc::ops {

absl::Status unreachableRule(Rule &rule) {
  rule.out.assign(rule.declared.begin(), rule.declared.end());
  return absl::OkStatus();
}

absl::Status unreachableRun(HostCall &call) { return absl::FailedPreconditionError(call.attrs.getString("reason", "the branch cannot be computed")); }

} // namespace ncc::ops
