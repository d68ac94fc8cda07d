// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The memory phase: from tile programs to core programs.
#pragma once

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace ncc {
namespace hw {
struct DeviceSpec;
} // namespace hw
namespace memory {

/// Replaces every tile.program by a core.program: addresses for all storage, one core op per instruction.
std::unique_ptr<mlir::Pass> createAllocateTilesPass(const hw::DeviceSpec &device);
void registerPasses();

} // namespace memory
} // namespace ncc
