// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "runtime/ops/Kernel.h"

#include <algorithm>

namespace ncc::ops {

#define NCC_KERNEL(mnemonic, function) absl::Status function(KernelContext &);
#include "runtime/ops/Kernels.def"
#undef NCC_KERNEL

static constexpr KernelInfo kKernels[] = {
#define NCC_KERNEL(mnemonic, function) {#mnemonic, function},
#include "runtime/ops/Kernels.def"
#undef NCC_KERNEL
};

const KernelInfo *findKernel(std::string_view name) {
  auto it = std::lower_bound(std::begin(kKernels), std::end(kKernels), name,
                             [](const KernelInfo &info, std::string_view key) { return info.name < key; });
  return it != std::end(kKernels) && it->name == name ? &*it : nullptr;
}

absl::Span<const KernelInfo> allKernels() { return kKernels; }

} // namespace ncc::ops
