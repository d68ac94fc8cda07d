// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The core dialect: generated declarations, and the textual form of instructions.
#pragma once

#include "runtime/isa/Instruction.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"

namespace ncc::core {
mlir::Attribute instructionToAttribute(mlir::MLIRContext *context, const isa::Instruction &inst);
mlir::LogicalResult instructionFromAttribute(isa::Instruction &inst, mlir::Attribute attribute,
                                             llvm::function_ref<mlir::InFlightDiagnostic()> emitError);
mlir::LogicalResult readInstruction(mlir::DialectBytecodeReader &reader, isa::Instruction &inst);
llvm::hash_code hashInstruction(const isa::Instruction &inst);
void printInstruction(mlir::OpAsmPrinter &printer, const isa::Instruction &inst);
/// Parses the fields of the alternative that `inst` holds.
mlir::ParseResult parseInstruction(mlir::OpAsmParser &parser, isa::Instruction &inst);
} // namespace ncc::core

#include "dialects/core/CoreDialect.h.inc"
#include "dialects/core/CoreInterfaces.h.inc"
#define GET_OP_CLASSES
#include "dialects/core/CoreOps.h.inc"

namespace ncc::core {
/// Creates the op of the instruction's kind.
InstructionOpInterface createInstruction(mlir::OpBuilder &builder, mlir::Location loc, isa::Instruction inst);
} // namespace ncc::core
