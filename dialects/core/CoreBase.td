// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The core dialect: what the binary holds. The ops of instructions are generated from runtime/isa/Isa.td
// (CoreInstructions.td); each carries the isa struct itself as a property, so that nothing is converted on the way
// to the encoder.

#ifndef NCC_CORE_BASE
#define NCC_CORE_BASE

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/Properties.td"
include "mlir/IR/SymbolInterfaces.td"

def Core_Dialect : Dialect {
  let name = "core";
  let cppNamespace = "::ncc::core";
  let summary = "instructions of one core, 1:1 with their encoding";
}

def Core_InstInterface : OpInterface<"InstructionOpInterface"> {
  let cppNamespace = "::ncc::core";
  let description = "An op that is an instruction.";
  let methods = [InterfaceMethod<"the instruction, to be read or changed in place", "::ncc::isa::Instruction &", "instruction",
                                 (ins), [{ return $_op.getProperties().inst; }]>];
}

def Core_InstProp : Property<"::ncc::isa::Instruction", "an instruction"> {
  let convertToAttribute = [{ return ::ncc::core::instructionToAttribute($_ctxt, $_storage); }];
  let convertFromAttribute = [{ return ::ncc::core::instructionFromAttribute($_storage, $_attr, $_diag); }];
  let hashProperty = [{ ::ncc::core::hashInstruction($_storage) }];
  let writeToMlirBytecode = [{ $_writer.writeAttribute(::ncc::core::instructionToAttribute($_ctxt, $_storage)); }];
  let readFromMlirBytecode = [{ return ::ncc::core::readInstruction($_reader, $_storage); }];
}

class Core_Inst<string mnemonic, string cpp> : Op<Core_Dialect, mnemonic, [Core_InstInterface]> {
  let arguments = (ins Core_InstProp:$inst);
  let hasCustomAssemblyFormat = 1;
  let hasVerifier = 1;
  let extraClassDefinition = [{
    ::mlir::ParseResult $cppClass::parse(::mlir::OpAsmParser &parser, ::mlir::OperationState &result) {
      auto &inst = result.getOrAddProperties<$cppClass::Properties>().inst;
      inst = ::ncc::isa::}] # cpp # [{{};
      return ::ncc::core::parseInstruction(parser, inst);
    }
    void $cppClass::print(::mlir::OpAsmPrinter &printer) { ::ncc::core::printInstruction(printer, getProperties().inst); }
    ::llvm::LogicalResult $cppClass::verify() {
      if (!std::holds_alternative<::ncc::isa::}] # cpp # [{>(getProperties().inst)) {
        return emitOpError("holds another instruction");
      }
      return ::mlir::success();
    }
  }];
}

#endif // NCC_CORE_BASE
