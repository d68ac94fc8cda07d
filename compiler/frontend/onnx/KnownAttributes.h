// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Which attributes the operators of ONNX have; see KnownAttributes.def.
#pragma once

#include "llvm/ADT/StringRef.h"

namespace ncc::frontend {

/// False for an attribute that no version of a known operator has. Operators that are not in the table pass.
bool isKnownAttribute(llvm::StringRef domain, llvm::StringRef op, llvm::StringRef attribute);

} // namespace ncc::frontend
