// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Registration of the core dialect and the storage of instructions in attributes (generic form, bytecode).
#include "dialects/core/Core.h"

#include "mlir/Bytecode/BytecodeImplementation.h"
#include "mlir/IR/Builders.h"
#include "llvm/ADT/Hashing.h"

using namespace mlir;
using namespace ncc::core;

#include "dialects/core/CoreDialect.cpp.inc"
#include "dialects/core/CoreInterfaces.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/core/CoreOps.cpp.inc"

void CoreDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/core/CoreOps.cpp.inc"
      >();
}

Attribute ncc::core::instructionToAttribute(MLIRContext *context, const isa::Instruction &inst) {
  std::string bytes;
  isa::encode(inst, bytes);
  return DenseI8ArrayAttr::get(context, ArrayRef(reinterpret_cast<const int8_t *>(bytes.data()), bytes.size()));
}

LogicalResult ncc::core::instructionFromAttribute(isa::Instruction &inst, Attribute attribute,
                                                  function_ref<InFlightDiagnostic()> emitError) {
  auto array = dyn_cast_or_null<DenseI8ArrayAttr>(attribute);
  if (!array) {
    return emitError() << "an instruction is stored as an array of bytes";
  }
  ArrayRef<int8_t> stored = array.asArrayRef();
  absl::Span<const uint8_t> bytes(reinterpret_cast<const uint8_t *>(stored.data()), stored.size());
  absl::StatusOr<isa::Instruction> decoded = isa::decode(bytes);
  if (!decoded.ok() || !bytes.empty()) {
    return emitError() << "not an encoded instruction";
  }
  inst = *std::move(decoded);
  return success();
}

LogicalResult ncc::core::readInstruction(DialectBytecodeReader &reader, isa::Instruction &inst) {
  Attribute attribute;
  if (failed(reader.readAttribute(attribute))) {
    return failure();
  }
  return instructionFromAttribute(inst, attribute, [&] { return reader.emitError(); });
}

llvm::hash_code ncc::core::hashInstruction(const isa::Instruction &inst) {
  std::string bytes;
  isa::encode(inst, bytes);
  return llvm::hash_value(StringRef(bytes));
}

InstructionOpInterface ncc::core::createInstruction(OpBuilder &builder, Location loc, isa::Instruction inst) {
  std::string_view mnemonic = isa::opcodeName(isa::opcodeOf(inst));
  OperationState state(loc, ("core." + Twine(StringRef(mnemonic.data(), mnemonic.size()))).str());
  // All ops of instructions have the same properties: the instruction.
  state.getOrAddProperties<NopOp::Properties>().inst = std::move(inst);
  return cast<InstructionOpInterface>(builder.create(state));
}
