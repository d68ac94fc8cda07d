// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Builds graph ops from values: infers the result type, and evaluates at once whatever is small and has only constant
// operands (that is how shape-computing subgraphs vanish). A failed step gives a null Value and keeps its reason;
// every function passes null operands through, so a handler may chain calls and check once at the end.
#pragma once

#include "dialects/graph/Constants.h"
#include "dialects/graph/Graph.h"
#include "runtime/ops/Attributes.h"
#include "runtime/tensor/Value.h"

#include <optional>
#include <string>

namespace ncc::frontend {

using mlir::Value;
using Ints = llvm::SmallVector<int64_t>;
using IntsRef = llvm::ArrayRef<int64_t>;

class OpBuilding {
public:
  OpBuilding(mlir::OpBuilder &builder, mlir::Location loc) : builder(builder), loc(loc) {}

  mlir::MLIRContext *context() const { return builder.getContext(); }
  mlir::Location location() const { return loc; }
  mlir::Builder &attrs() const { return builder; }

  /// The first reason anything failed for, or "".
  const std::string &reason() const { return failure; }
  /// Records a reason (the first one wins); returns a null value for convenience.
  Value fail(std::string text);
  /// False, with the reason, for a constant so large that making it is no use: sizes come from files that may say anything.
  bool canMake(DType type, IntsRef dims);
  /// What failed may have a form that waits until run time: a shape or a constant was wanted that is not known now.
  bool waitsForRunTime() const;
  mlir::OpBuilder &opBuilder() { return builder; }

  //===--- what runs in host stages ---===//

  /// A kernel of runtime/ops/host; null operands are absent ones. Types are inferred as far as `types` does not say
  /// them. An empty vector after a failure.
  llvm::SmallVector<Value> host(llvm::StringRef kernel, llvm::ArrayRef<Value> operands, const ops::Attributes &attributes = {},
                                llvm::ArrayRef<ValueType> types = {});
  Value hostOne(llvm::StringRef kernel, llvm::ArrayRef<Value> operands, const ops::Attributes &attributes = {},
                llvm::ArrayRef<ValueType> types = {});

  //===--- any op ---===//

  /// Creates OpT. With no `types`, they are inferred. An empty vector after a failure.
  template <typename OpT>
  llvm::SmallVector<Value> create(mlir::ValueRange operands, typename OpT::Properties properties,
                                  mlir::TypeRange types = {}) {
    mlir::OperationState state(loc, OpT::getOperationName());
    state.addOperands(operands);
    // Inference runs before the op exists, so unset attributes need their defaults now.
    if constexpr (requires { OpT::populateDefaultProperties(state.name, properties); }) {
      OpT::populateDefaultProperties(state.name, properties);
    }
    state.template getOrAddProperties<typename OpT::Properties>() = std::move(properties);
    return finish(state, types);
  }
  template <typename OpT>
  Value one(mlir::ValueRange operands, typename OpT::Properties properties, mlir::TypeRange types = {}) {
    llvm::SmallVector<Value> results = create<OpT>(operands, std::move(properties), types);
    return results.empty() ? Value() : results.front();
  }

  //===--- constants ---===//

  Value constant(const Tensor &tensor, llvm::StringRef name = "constant");
  Value constantInts(IntsRef values);
  /// A scalar with the element type of `like`.
  Value scalarLike(Value like, double value);
  Value splat(mlir::RankedTensorType type, double value);

  //===--- elementwise ---===//

  Value unary(graph::UnaryKind kind, Value x, std::optional<double> alpha = {}, std::optional<double> beta = {});
  Value binary(graph::BinaryKind kind, Value a, Value b);
  Value compare(graph::CompareKind kind, Value a, Value b);
  Value select(Value cond, Value a, Value b);
  Value cast(Value x, mlir::Type element, bool saturate = true);
  Value add(Value a, Value b) { return binary(graph::BinaryKind::Add, a, b); }
  Value sub(Value a, Value b) { return binary(graph::BinaryKind::Sub, a, b); }
  Value mul(Value a, Value b) { return binary(graph::BinaryKind::Mul, a, b); }
  Value div(Value a, Value b) { return binary(graph::BinaryKind::Div, a, b); }

  //===--- shapes and others ---===//

  Value reshape(Value x, IntsRef dims);
  Value transpose(Value x, IntsRef perm);
  Value expand(Value x, IntsRef dims);
  Value slice(Value x, IntsRef offsets, IntsRef sizes, IntsRef strides);
  /// [begin, begin + size) along one axis.
  Value sliceAxis(Value x, int64_t axis, int64_t begin, int64_t size);
  Value concat(mlir::ValueRange inputs, int64_t axis);
  Value pad(Value x, IntsRef low, IntsRef high, graph::PadMode mode = graph::PadMode::Constant, double value = 0);
  Value reduce(graph::ReduceKind kind, Value x, IntsRef axes, bool keepdims = true);
  Value matmul(Value a, Value b, bool transposeA = false, bool transposeB = false, int64_t zeroA = 0,
               int64_t zeroB = 0);
  Value softmax(Value x, int64_t axis, bool log = false);
  Value gather(Value data, Value indices, int64_t axis);
  /// Appends size-1 dims to a [C] vector so that it broadcasts along dim 1 of a tensor of `rank`.
  Value channelVector(Value vector, int64_t rank);

  //===--- types ---===//

  // Of values whose shape (or rank) is known only at run time, these record a failure that waitsForRunTime, and give
  // a harmless stand-in; of anything but a tensor, too. Of no value, they record a failure.
  mlir::RankedTensorType typeOf(Value value);
  IntsRef dimsOf(Value value) { return typeOf(value).getShape(); }
  /// One dim, which may be known while others are not; negative ones count from the end.
  int64_t sizeOf(Value value, int64_t dim);
  int64_t rankOf(Value value);
  mlir::Type elementOf(Value value);

  mlir::IntegerAttr intAttr(int64_t value) const { return builder.getI64IntegerAttr(value); }
  mlir::FloatAttr floatAttr(double value) const { return builder.getF64FloatAttr(value); }
  mlir::BoolAttr flag(bool value) const { return builder.getBoolAttr(value); }
  mlir::DenseI64ArrayAttr intsAttr(IntsRef values) const { return builder.getDenseI64ArrayAttr(values); }
  mlir::DenseF64ArrayAttr floatsAttr(llvm::ArrayRef<double> values) const {
    return builder.getDenseF64ArrayAttr(values);
  }

private:
  llvm::SmallVector<Value> finish(mlir::OperationState &state, mlir::TypeRange types);
  llvm::SmallVector<Value> foldIfSmall(mlir::Operation *op);
  llvm::SmallVector<Value> finishForHost(mlir::OperationState &state, mlir::TypeRange types);

  mlir::OpBuilder &builder;
  mlir::Location loc;
  std::string failure;
  bool later = false;
};

} // namespace ncc::frontend
