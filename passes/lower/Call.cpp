// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Finding an op's emitter, and the way of everything that has none: a GpSimd firmware call on DRAM tensors.
#include "passes/lower/Emitters.h"
#include "passes/lower/InstructionCount.h"
#include "dialects/graph/Evaluate.h"
#include "dialects/graph/Graph.h"

#include "mlir/IR/BuiltinAttributes.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::lower;

/// True when an engine may look at all the values of an op.
static bool hasEngineTypes(Operation *op) {
  auto stored = [](Type type) {
    auto tensor = dyn_cast<RankedTensorType>(type);
    return !tensor || storageElement(tensor.getElementType()) == tensor.getElementType();
  };
  return llvm::all_of(op->getOperandTypes(), stored) && llvm::all_of(op->getResultTypes(), stored);
}

/// Of the root and the elementwise ops behind it.
static int64_t instructionsOf(const Group &group, const hw::DeviceSpec &spec) {
  int64_t sum = group.root ? expectedInstructions(group.root, spec) : 0;
  for (Operation *op : group.body) {
    sum = std::min(sum, kMostPerOp + 1) + std::min(expectedInstructions(op, spec), kMostPerOp + 1);
  }
  return sum;
}

/// Kernels give the type they are given; products of narrow operands in a wider type are the array's alone.
static bool hasFirmwareForm(const Group &group) {
  auto elementOf = [](Value value) { return cast<RankedTensorType>(value.getType()).getElementType(); };
  return !llvm::isa_and_nonnull<graph::MatmulOp, graph::ConvOp, graph::ConvTransposeOp>(group.root) ||
         elementOf(group.root->getOperand(0)) == elementOf(group.root->getResult(0));
}

const Emitter *ncc::lower::findEmitter(Lowering &low, const Group &group) {
  if ((group.root && !hasEngineTypes(group.root)) || !llvm::all_of(group.body, hasEngineTypes)) {
    return nullptr;
  }
  StringRef root = group.root ? group.root->getName().getStringRef() : StringRef();
  // Windows before convolutions: a depthwise convolution has both forms.
  for (ArrayRef<Emitter> family : {contractEmitters(), windowEmitters(), resampleEmitters(), convEmitters(), reduceEmitters(), softmaxEmitters(), moveEmitters(),
                                   gatherEmitters(), elementwiseEmitters()}) {
    for (const Emitter &emitter : family) {
      if (emitter.root == root && emitter.supports(low, group)) {
        return instructionsOf(group, low.spec) > kMostPerOp && hasFirmwareForm(group) ? nullptr : &emitter;
      }
    }
  }
  return nullptr;
}

bool ncc::lower::isMatmulType(const hw::DeviceSpec &spec, Type type) {
  if (type.isInteger(8)) {
    return spec.hasInt8Matmul();
  }
  if (!isEngineFloat(type)) {
    return false;
  }
  return spec.matmulCycles(type.isF32() ? DType::F32 : type.isBF16() ? DType::BF16 : DType::F16) > 0;
}

bool ncc::lower::isEngineFloat(Type type) { return type.isF32() || type.isBF16() || type.isF16(); }

Type ncc::lower::accumulatorType(Type operand) {
  return operand.isInteger() ? Type(IntegerType::get(operand.getContext(), 32)) : Type(Float32Type::get(operand.getContext()));
}

Value ncc::lower::addChannelBias(Lowering &low, Type type, Read block, Value bias, Rows rows) {
  auto operand = low.broadcastBlock(bias, low.state(bias).shape, layoutOf(1, {0}), rows, Box());
  Scalar scalar = operand.immediate ? Scalar(*operand.immediate) : Scalar(operand.read);
  return low.t.tensorScalar(type, block, "add", scalar);
}

void ncc::lower::emitCall(Lowering &low, Operation *op) {
  Builder &b = low.t.b;
  SmallVector<Value> inputs;
  SmallVector<Attribute> inputTypes, resultTypes;
  for (Value operand : graph::kernelOperands(op)) {
    if (!operand) {
      inputTypes.push_back(TypeAttr::get(b.getNoneType()));
      continue;
    }
    inputs.push_back(low.dramContiguous(operand));
    inputTypes.push_back(TypeAttr::get(operand.getType()));
  }
  SmallVector<Type> results;
  for (Value result : op->getResults()) {
    auto type = cast<RankedTensorType>(result.getType());
    results.push_back(low.t.dram(type.getNumElements(), type.getElementType()));
    resultTypes.push_back(TypeAttr::get(type));
  }
  StringRef kernel = op->getName().stripDialect();
  auto call = tile::CallOp::create(low.t.b, low.t.loc, results, inputs, b.getStringAttr(kernel),
                                   b.getStringAttr(graph::attributesOf(op).toJson()), b.getArrayAttr(inputTypes),
                                   b.getArrayAttr(resultTypes));
  for (auto [result, buffer] : llvm::zip(op->getResults(), call.getOutputs())) {
    low.defineRowMajor(result, buffer);
  }
}
