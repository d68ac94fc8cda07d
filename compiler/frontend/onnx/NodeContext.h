// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What a handler sees of one ONNX node: its operands as values, its attributes, the opset version, and the functions
// that build graph ops. A handler ends with `results(...)` or `fail(reason)`.
#pragma once

#include "compiler/frontend/onnx/OpBuilding.h"
#include "compiler/frontend/onnx/onnx.pb.h"

#include "absl/status/statusor.h"

namespace ncc::frontend {

/// Imports a nested graph (an If branch, a Loop body) in the node's scope, with values for its inputs; the values of
/// its outputs, empty after an error.
class GraphScope {
public:
  virtual ~GraphScope() = default;
  virtual llvm::SmallVector<Value> importBody(const onnx::GraphProto &graph,
                                              llvm::ArrayRef<Value> arguments = {}) = 0;
  virtual absl::StatusOr<Tensor> tensor(const onnx::TensorProto &proto) = 0;
  virtual absl::StatusOr<Tensor> tensor(const onnx::SparseTensorProto &sparse) = 0;
};

class NodeContext : public OpBuilding {
public:
  NodeContext(mlir::OpBuilder &builder, mlir::Location loc, const onnx::NodeProto &node, int64_t opset,
              llvm::SmallVector<Value> operands, GraphScope &scope)
      : OpBuilding(builder, loc), node(node), version(opset), operands(std::move(operands)), graphScope(scope) {}

  int64_t opset() const { return version; }
  llvm::StringRef opType() const { return node.op_type(); }
  const onnx::NodeProto &proto() const { return node; }
  GraphScope &scope() { return graphScope; }

  //===--- operands ---===//

  size_t numInputs() const { return operands.size(); }
  size_t numOutputs() const { return node.output_size(); }
  bool wantsOutput(int i) const { return i < node.output_size() && !node.output(i).empty(); }
  /// The operand, or null when it is absent.
  Value input(size_t i) const { return i < operands.size() ? operands[i] : Value(); }
  bool has(size_t i) const { return input(i) != nullptr; }
  llvm::ArrayRef<Value> inputs() const { return operands; }
  /// For a handler that hands its node on to another's, with an operand changed.
  void replaceInput(size_t i, Value value) { operands[i] = value; }
  /// Fails unless inputs [0, count) are there and no more than `most` are given.
  bool needInputs(size_t count, size_t most = SIZE_MAX);

  /// A constant operand's integers; an error naming the operand when it is not constant.
  std::optional<Ints> constInts(size_t i, llvm::StringRef what);
  std::optional<llvm::SmallVector<double>> constFloats(size_t i, llvm::StringRef what);
  std::optional<double> constFloat(size_t i, llvm::StringRef what);
  std::optional<Tensor> constTensor(size_t i, llvm::StringRef what);

  //===--- attributes ---===//

  const onnx::AttributeProto *attr(llvm::StringRef name) const;
  bool hasAttr(llvm::StringRef name) const { return attr(name) != nullptr; }
  int64_t attrInt(llvm::StringRef name, int64_t fallback) const;
  double attrFloat(llvm::StringRef name, double fallback) const;
  std::string attrString(llvm::StringRef name, llvm::StringRef fallback) const;
  Ints attrInts(llvm::StringRef name) const;
  llvm::SmallVector<double> attrFloats(llvm::StringRef name) const;

  /// A possibly negative axis made non-negative; fails outside [-rank, rank).
  std::optional<int64_t> axis(int64_t value, int64_t rank);
  std::optional<Ints> axes(IntsRef values, int64_t rank);
  /// The element type an ONNX data type number means; fails for types ncc does not have.
  mlir::Type element(int64_t onnxType);

  /// What the static handler of a standard operator makes of operands, with this node's attributes; empty after a failure.
  llvm::SmallVector<Value> standard(llvm::StringRef op, int64_t version, llvm::ArrayRef<Value> operands, llvm::StringRef domain = "");

  //===--- the end of a handler ---===//

  mlir::LogicalResult fail(std::string text) {
    OpBuilding::fail(std::move(text));
    return mlir::failure();
  }
  mlir::LogicalResult results(mlir::ArrayRef<Value> values);
  mlir::LogicalResult result(Value value) { return results({value}); }
  llvm::ArrayRef<Value> outputs() const { return produced; }

private:
  const onnx::NodeProto &node;
  int64_t version;
  llvm::SmallVector<Value> operands, produced;
  GraphScope &graphScope;
};

} // namespace ncc::frontend
