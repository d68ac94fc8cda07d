// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Instruction selection on tiles: fewer instructions, on the engine that has time for them.
#pragma once

#include <memory>

namespace mlir {
class Pass;
} // namespace mlir

namespace ncc {
namespace hw {
struct DeviceSpec;
} // namespace hw

namespace combine {

/// Merges chains of scalar operations, scales and biases into activations, and casts into their producers.
std::unique_ptr<mlir::Pass> createCombineTilesPass();
/// Spreads what both the vector and the scalar engine can do over the two.
std::unique_ptr<mlir::Pass> createBalanceEnginesPass(const hw::DeviceSpec &device);
void registerPasses();

} // namespace combine
} // namespace ncc
