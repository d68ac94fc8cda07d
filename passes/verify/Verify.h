// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Verifiers of what the back end produced. They change nothing and fail on any defect.
#pragma once

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace ncc {
namespace hw {
struct DeviceSpec;
} // namespace hw

namespace verify {

/// Every instruction respects the device's limits and stays inside the memories and buffers it names.
std::unique_ptr<mlir::Pass> createVerifyCorePass(const hw::DeviceSpec &device);
/// Waits and signals order every pair of conflicting accesses, nothing waits for ever, and channels match.
std::unique_ptr<mlir::Pass> createVerifySyncPass();
void registerPasses();

} // namespace verify
} // namespace ncc
