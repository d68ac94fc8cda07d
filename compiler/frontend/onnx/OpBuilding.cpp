// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/OpBuilding.h"

#include "dialects/graph/Evaluate.h"
#include "dialects/graph/ValueTypes.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Verifier.h"

using namespace mlir;
using namespace ncc::graph;

namespace ncc::frontend {

/// Results up to this size are evaluated during import when every operand is a constant.
static constexpr int64_t kFoldBytes = 1 << 18;

Value OpBuilding::fail(std::string text) {
  if (failure.empty()) {
    failure = std::move(text);
  }
  return {};
}

bool OpBuilding::canMake(DType type, IntsRef dims) {
  constexpr int64_t kMostBytes = int64_t{1} << 28;
  __int128 bytes = static_cast<int64_t>(memorySize(type));
  for (int64_t dim : dims) {
    bytes = std::min<__int128>(bytes * std::max<int64_t>(dim, 1), __int128{kMostBytes} + 1); // an empty one is walked, too
  }
  if (bytes > kMostBytes) {
    fail("it needs a constant of more than 256 MiB");
  }
  return bytes <= kMostBytes;
}

bool OpBuilding::waitsForRunTime() const { return later || StringRef(failure).contains("computed at run time"); }

RankedTensorType OpBuilding::typeOf(Value value) {
  if (!value) {
    fail("an operand is missing");
    return RankedTensorType::get(SmallVector<int64_t>(8, 1), Float32Type::get(context()));
  }
  auto type = dyn_cast<RankedTensorType>(value.getType());
  if (type && type.hasStaticShape()) {
    return type;
  }
  later = later || failure.empty();
  fail("the shape of an operand is computed at run time");
  return RankedTensorType::get(SmallVector<int64_t>(type ? type.getRank() : 8, 1), elementOf(value));
}

int64_t OpBuilding::sizeOf(Value value, int64_t dim) {
  auto type = value ? dyn_cast<RankedTensorType>(value.getType()) : RankedTensorType();
  ArrayRef<int64_t> dims = type ? type.getShape() : ArrayRef<int64_t>();
  int64_t at = dim < 0 ? dim + static_cast<int64_t>(dims.size()) : dim;
  if (at >= 0 && at < static_cast<int64_t>(dims.size()) && !ShapedType::isDynamic(dims[at])) {
    return dims[at];
  }
  IntsRef standIn = dimsOf(value);
  return dim < 0 ? standIn.back() : standIn[dim];
}

int64_t OpBuilding::rankOf(Value value) {
  auto type = value ? dyn_cast<RankedTensorType>(value.getType()) : RankedTensorType();
  return type ? type.getRank() : typeOf(value).getRank();
}

Type OpBuilding::elementOf(Value value) {
  if (!value) {
    return typeOf(value).getElementType();
  }
  if (auto type = dyn_cast<TensorType>(value.getType())) {
    return type.getElementType();
  }
  later = later || failure.empty();
  fail("an operand is no tensor");
  return Float32Type::get(context());
}

static int64_t bytesOf(TypeRange types) {
  int64_t total = 0;
  for (Type type : types) {
    if (!isStaticTensor(type)) {
      continue; // as large as the values say
    }
    auto shaped = cast<RankedTensorType>(type);
    unsigned width = shaped.getElementType().isIntOrFloat() ? shaped.getElementTypeBitWidth() : 256;
    total += shaped.getNumElements() * ((width + 7) / 8);
  }
  return total;
}

SmallVector<Value> OpBuilding::foldIfSmall(Operation *op) {
  SmallVector<Value> results(op->getResults());
  bool known = op->getNumOperands() > 0 && llvm::all_of(op->getOperands(), [](Value operand) {
                 return operand.getDefiningOp<ConstantOp>() != nullptr;
               });
  if (!known || bytesOf(op->getResultTypes()) > kFoldBytes) {
    return results;
  }
  std::vector<ops::Value> inputs;
  for (Value operand : op->getOperands()) {
    std::optional<Tensor> tensor = bytesOf(operand.getType()) <= (64 << 20) ? constantTensor(operand) : std::nullopt;
    if (!tensor) {
      return results;
    }
    absl::StatusOr<std::vector<Tensor>> aligned = evaluate(operand.getDefiningOp(), {});
    inputs.emplace_back(aligned.ok() ? aligned->front() : *tensor);
  }
  absl::StatusOr<std::vector<ops::Value>> values = evaluateValues(op, inputs);
  bool tensors = values.ok() && llvm::all_of(*values, [](const ops::Value &value) {
                   return value.isTensor() && static_cast<int64_t>(value.tensor().byteSize()) <= kFoldBytes;
                 });
  if (!values.ok() && values.status().code() != absl::StatusCode::kUnimplemented) {
    fail(std::string(values.status().message()));
    return {};
  }
  if (!tensors) {
    return results;
  }
  SmallVector<Value> constants;
  for (const ops::Value &value : *values) {
    constants.push_back(constant(value.tensor()));
  }
  op->erase();
  return constants;
}

/// An op on operands whose shapes are not known yet becomes the host kernel of its name.
SmallVector<Value> OpBuilding::finishForHost(OperationState &state, TypeRange types) {
  Operation *probe = builder.create(state); // only to read its properties; never verified
  std::optional<HostForm> form = hostFormOf(probe);
  probe->erase();
  if (!form) {
    later = later || failure.empty();
    fail(("graph." + state.name.stripDialect() + " has no form for shapes computed at run time").str());
    return {};
  }
  SmallVector<ValueType> declared;
  for (Type type : types) {
    declared.push_back(valueTypeOf(type));
  }
  return host(form->kernel, form->operands, form->attributes, declared);
}

SmallVector<Value> OpBuilding::host(StringRef kernel, ArrayRef<Value> operands, const ops::Attributes &attributes, ArrayRef<ValueType> types) {
  while (!operands.empty() && !operands.back()) {
    operands = operands.drop_back();
  }
  HostForm form{kernel.str(), attributes, SmallVector<Value>(operands)};
  absl::StatusOr<std::vector<ValueType>> inferred = inferHostForm(form, absl::MakeConstSpan(types.data(), types.size()));
  if (!inferred.ok()) {
    fail(std::string(inferred.status().message()));
    return {};
  }
  OperationState state(loc, HostOp::getOperationName());
  HostOp::Properties &properties = state.getOrAddProperties<HostOp::Properties>();
  properties.kernel = builder.getStringAttr(kernel);
  properties.kernel_attributes = dictionaryOf(context(), attributes);
  SmallVector<int64_t> positions;
  for (auto [i, operand] : llvm::enumerate(operands)) {
    if (operand) {
      state.addOperands(operand);
      positions.push_back(static_cast<int64_t>(i));
    }
  }
  properties.positions = builder.getDenseI64ArrayAttr(positions.size() == operands.size() ? ArrayRef<int64_t>() : ArrayRef<int64_t>(positions));
  for (auto [i, type] : llvm::enumerate(*inferred)) {
    bool special = i < types.size() && includes(type, types[i]); // what is promised may say more
    state.addTypes(typeOfValueType(context(), special ? types[i] : type));
  }
  return foldIfSmall(builder.create(state));
}

Value OpBuilding::hostOne(StringRef kernel, ArrayRef<Value> operands, const ops::Attributes &attributes, ArrayRef<ValueType> types) {
  SmallVector<Value> results = host(kernel, operands, attributes, types);
  return results.empty() ? Value() : results.front();
}

SmallVector<Value> OpBuilding::finish(OperationState &state, TypeRange types) {
  if (llvm::is_contained(state.operands, Value())) {
    fail("an operand is missing");
    return {};
  }
  if (!llvm::all_of(state.operands, [](Value operand) { return isStaticTensor(operand.getType()); })) {
    return finishForHost(state, types);
  }
  std::string message;
  ScopedDiagnosticHandler capture(context(), [&](mlir::Diagnostic &diagnostic) {
    if (message.empty()) {
      message = diagnostic.str();
    }
    return success();
  });
  SmallVector<Type> inferred(types.begin(), types.end());
  if (types.empty()) {
    auto *interface = state.name.getInterface<InferTypeOpInterface>();
    if (!interface || failed(interface->inferReturnTypes(context(), loc, state.operands,
                                                         state.attributes.getDictionary(context()),
                                                         state.getRawProperties(), {}, inferred))) {
      fail(message.empty() ? "its result type cannot be inferred" : message);
      return {};
    }
  }
  state.addTypes(inferred);
  Operation *op = builder.create(state);
  if (failed(verify(op, /*verifyRecursively=*/false))) {
    fail(message.empty() ? "the operation would be invalid" : message);
    op->erase();
    return {};
  }
  return foldIfSmall(op);
}

Value OpBuilding::constant(const Tensor &tensor, StringRef name) {
  return ConstantOp::create(builder, loc, tensorAttr(context(), tensor, name));
}

Value OpBuilding::constantInts(IntsRef values) {
  Tensor tensor(DType::I64, {static_cast<int64_t>(values.size())});
  std::copy(values.begin(), values.end(), tensor.mutableAs<int64_t>().begin());
  return constant(tensor);
}

Value OpBuilding::splat(RankedTensorType type, double value) {
  if (!type.getElementType().isIntOrFloat() && !isa<ComplexType>(type.getElementType())) {
    fail("needs operands of numeric elements");
    return {};
  }
  return ConstantOp::create(builder, loc, splatAttr(type, value));
}

Value OpBuilding::scalarLike(Value like, double value) {
  return like ? splat(RankedTensorType::get({}, elementOf(like)), value) : Value();
}

Value OpBuilding::unary(UnaryKind kind, Value x, std::optional<double> alpha, std::optional<double> beta) {
  if (!x) {
    return {};
  }
  UnaryOp::Properties properties;
  properties.kind = UnaryKindAttr::get(context(), kind);
  if (alpha) {
    properties.alpha = floatAttr(*alpha);
  }
  if (beta) {
    properties.beta = floatAttr(*beta);
  }
  return one<UnaryOp>(x, properties);
}

Value OpBuilding::binary(BinaryKind kind, Value a, Value b) {
  if (!a || !b) {
    return {};
  }
  BinaryOp::Properties properties;
  properties.kind = BinaryKindAttr::get(context(), kind);
  return one<BinaryOp>({a, b}, properties);
}

Value OpBuilding::compare(CompareKind kind, Value a, Value b) {
  if (!a || !b) {
    return {};
  }
  CompareOp::Properties properties;
  properties.kind = CompareKindAttr::get(context(), kind);
  return one<CompareOp>({a, b}, properties);
}

Value OpBuilding::select(Value cond, Value a, Value b) {
  return cond && a && b ? one<SelectOp>({cond, a, b}, {}) : Value();
}

Value OpBuilding::cast(Value x, Type element, bool saturate) {
  if (!x || elementOf(x) == element) {
    return x;
  }
  if (!isStaticTensor(x.getType())) {
    ops::Attributes attributes;
    attributes.set("to", std::string(dtypeName(graph::dtypeOf(element).value_or(DType::F32))));
    attributes.set("saturate", int64_t{saturate});
    return hostOne("cast", x, attributes);
  }
  CastOp::Properties properties;
  if (!saturate) {
    properties.saturate = flag(false);
  }
  return one<CastOp>(x, properties, RankedTensorType::get(dimsOf(x), element));
}

Value OpBuilding::reshape(Value x, IntsRef dims) {
  if (!x || dimsOf(x) == dims) {
    return x;
  }
  return one<ReshapeOp>(x, {}, RankedTensorType::get(dims, elementOf(x)));
}

Value OpBuilding::transpose(Value x, IntsRef perm) {
  if (!x) {
    return {};
  }
  TransposeOp::Properties properties;
  properties.perm = intsAttr(perm);
  return one<TransposeOp>(x, properties);
}

Value OpBuilding::expand(Value x, IntsRef dims) {
  if (!x || dimsOf(x) == dims) {
    return x;
  }
  return one<ExpandOp>(x, {}, RankedTensorType::get(dims, elementOf(x)));
}

Value OpBuilding::slice(Value x, IntsRef offsets, IntsRef sizes, IntsRef strides) {
  if (!x) {
    return {};
  }
  bool whole = dimsOf(x) == sizes && llvm::all_of(strides, [](int64_t stride) { return stride == 1; });
  if (whole) {
    return x;
  }
  SliceOp::Properties properties;
  properties.offsets = intsAttr(offsets);
  properties.strides = intsAttr(strides);
  return one<SliceOp>(x, properties, RankedTensorType::get(sizes, elementOf(x)));
}

Value OpBuilding::sliceAxis(Value x, int64_t axis, int64_t begin, int64_t size) {
  if (!x) {
    return {};
  }
  Ints offsets(rankOf(x), 0), sizes(dimsOf(x)), strides(rankOf(x), 1);
  offsets[axis] = begin;
  sizes[axis] = size;
  return slice(x, offsets, sizes, strides);
}

Value OpBuilding::concat(ValueRange inputs, int64_t axis) {
  if (inputs.size() == 1) {
    return inputs.front();
  }
  ConcatOp::Properties properties;
  properties.axis = intAttr(axis);
  return one<ConcatOp>(inputs, properties);
}

Value OpBuilding::pad(Value x, IntsRef low, IntsRef high, PadMode mode, double value) {
  if (!x) {
    return {};
  }
  auto none = [](int64_t amount) { return amount == 0; };
  if (llvm::all_of(low, none) && llvm::all_of(high, none)) {
    return x;
  }
  PadOp::Properties properties;
  properties.low = intsAttr(low);
  properties.high = intsAttr(high);
  properties.mode = PadModeAttr::get(context(), mode);
  properties.value = floatAttr(value);
  return one<PadOp>(x, properties);
}

Value OpBuilding::reduce(ReduceKind kind, Value x, IntsRef axes, bool keepdims) {
  if (!x) {
    return {};
  }
  ReduceOp::Properties properties;
  properties.kind = ReduceKindAttr::get(context(), kind);
  Ints sorted(axes);
  llvm::sort(sorted);
  properties.axes = intsAttr(sorted);
  properties.keepdims = flag(keepdims);
  return one<ReduceOp>(x, properties);
}

Value OpBuilding::matmul(Value a, Value b, bool transposeA, bool transposeB, int64_t zeroA, int64_t zeroB) {
  if (!a || !b) {
    return {};
  }
  MatmulOp::Properties properties;
  properties.transpose_a = transposeA ? flag(true) : nullptr;
  properties.transpose_b = transposeB ? flag(true) : nullptr;
  properties.a_zero_point = zeroA ? intAttr(zeroA) : nullptr;
  properties.b_zero_point = zeroB ? intAttr(zeroB) : nullptr;
  return one<MatmulOp>({a, b}, properties);
}

Value OpBuilding::softmax(Value x, int64_t axis, bool log) {
  if (!x) {
    return {};
  }
  SoftmaxOp::Properties properties;
  properties.axis = intAttr(axis);
  properties.log = log ? flag(true) : nullptr;
  return one<SoftmaxOp>(x, properties);
}

Value OpBuilding::gather(Value data, Value indices, int64_t axis) {
  GatherOp::Properties properties;
  properties.axis = intAttr(axis);
  return data && indices ? one<GatherOp>({data, indices}, properties) : Value();
}

Value OpBuilding::channelVector(Value vector, int64_t rank) {
  if (!vector) {
    return {};
  }
  Ints dims(std::max<int64_t>(rank - 1, 1), 1);
  dims[0] = typeOf(vector).getNumElements();
  return reshape(vector, dims);
}

} // namespace ncc::frontend
