// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// One emitter per op family. An emitter first says whether it has an engine form for this very op (types, shapes,
// attributes); only then may it emit. What no emitter takes becomes a firmware call.
#pragma once

#include "passes/lower/Group.h"

namespace ncc::lower {

struct Emitter {
  /// Root op this emitter is for, by op name; empty for elementwise groups.
  llvm::StringRef root;
  bool (*supports)(Lowering &, const Group &);
  void (*emit)(Lowering &, const Group &);
};

/// The emitter that takes this group, or null.
const Emitter *findEmitter(Lowering &low, const Group &group);

/// Runs the op on the GpSimd firmware: operands and results as whole row-major tensors in DRAM.
void emitCall(Lowering &low, mlir::Operation *op);

/// Element types the tensor engine multiplies, accumulating in f32 or i32.
bool isMatmulType(const hw::DeviceSpec &spec, mlir::Type type);
/// f32, bf16, f16: what the vector and scalar engines compute in.
bool isEngineFloat(mlir::Type type);
/// The PSUM element type of a product of such operands.
mlir::Type accumulatorType(mlir::Type operand);

/// block + bias[channel], channels `rows` on partitions; `bias` is a one-dim tensor over all channels.
mlir::Value addChannelBias(Lowering &low, mlir::Type type, Read block, mlir::Value bias, Rows rows);

/// Whether a result should be put together in DRAM: no engine holds the operands, and the result is larger than the
/// chip, or has no dim that fills the partitions.
bool movesInDram(Lowering &low, llvm::ArrayRef<mlir::Value> operands, mlir::Value result);
void concatInDram(Lowering &low, llvm::ArrayRef<mlir::Value> operands, mlir::Value result, int64_t axis);
/// A border of `value` around x; all amounts are positive.
void padInDram(Lowering &low, mlir::Value x, mlir::Value result, llvm::ArrayRef<int64_t> before, double value);

// The tables of the families; findEmitter searches them.
llvm::ArrayRef<Emitter> elementwiseEmitters();
llvm::ArrayRef<Emitter> contractEmitters();
llvm::ArrayRef<Emitter> convEmitters();
llvm::ArrayRef<Emitter> windowEmitters();
llvm::ArrayRef<Emitter> resampleEmitters();
llvm::ArrayRef<Emitter> reduceEmitters();
llvm::ArrayRef<Emitter> softmaxEmitters();
llvm::ArrayRef<Emitter> moveEmitters();
llvm::ArrayRef<Emitter> gatherEmitters();

} // namespace ncc::lower
