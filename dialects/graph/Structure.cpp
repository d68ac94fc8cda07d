// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The fusion op: its printed form and its verifier.
#include "dialects/graph/Infer.h"

#define GET_OP_CLASSES
#include "dialects/graph/Structure.cpp.inc"

using namespace mlir;
using namespace ncc::graph;

// graph.fusion(%a = %x : tensor<..>, ...) -> (tensor<..>) attributes {..} { ... }
void FusionOp::print(OpAsmPrinter &printer) {
  printer << '(';
  llvm::interleaveComma(llvm::zip(getBody().getArguments(), getInputs()), printer, [&](auto pair) {
    printer << std::get<0>(pair) << " = " << std::get<1>(pair) << " : " << std::get<1>(pair).getType();
  });
  printer << ") -> (" << getResultTypes() << ')';
  printer.printOptionalAttrDictWithKeyword((*this)->getAttrs());
  printer << ' ';
  printer.printRegion(getBody(), /*printEntryBlockArgs=*/false);
}

ParseResult FusionOp::parse(OpAsmParser &parser, OperationState &result) {
  SmallVector<OpAsmParser::Argument> arguments;
  SmallVector<OpAsmParser::UnresolvedOperand> operands;
  SmallVector<Type> types, results;
  auto parseBinding = [&]() -> ParseResult {
    if (parser.parseArgument(arguments.emplace_back()) || parser.parseEqual() ||
        parser.parseOperand(operands.emplace_back()) || parser.parseColonType(arguments.back().type)) {
      return failure();
    }
    types.push_back(arguments.back().type);
    return success();
  };
  SMLoc start = parser.getCurrentLocation();
  auto parseResult = [&] { return parser.parseType(results.emplace_back()); };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseBinding) || parser.parseArrow() ||
      parser.parseCommaSeparatedList(AsmParser::Delimiter::Paren, parseResult) ||
      parser.parseOptionalAttrDictWithKeyword(result.attributes) ||
      parser.parseRegion(*result.addRegion(), arguments) ||
      parser.resolveOperands(operands, types, start, result.operands)) {
    return failure();
  }
  ensureTerminator(*result.regions.front(), parser.getBuilder(), result.location);
  result.addTypes(results);
  return success();
}

LogicalResult FusionOp::verify() {
  Block &block = getBody().front();
  if (TypeRange(block.getArgumentTypes()) != TypeRange(getInputs().getTypes())) {
    return emitOpError("block arguments must have the types of the inputs");
  }
  if (TypeRange(block.getTerminator()->getOperandTypes()) != TypeRange(getResultTypes())) {
    return emitOpError("must yield values of its result types");
  }
  for (Operation &op : block) {
    if (op.getDialect() != (*this)->getDialect()) {
      return emitOpError("may hold graph ops only, has '") << op.getName() << "'";
    }
  }
  return success();
}
