// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/frontend/onnx/KnownAttributes.h"

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/Twine.h"

namespace ncc::frontend {

bool isKnownAttribute(llvm::StringRef domain, llvm::StringRef op, llvm::StringRef attribute) {
  static const llvm::StringMap<llvm::StringRef> table = [] {
    llvm::StringMap<llvm::StringRef> built;
#define NCC_ATTRIBUTES(domain, op, names) built[domain ":" op] = names;
#include "compiler/frontend/onnx/KnownAttributes.def"
#undef NCC_ATTRIBUTES
    return built;
  }();
  auto row = table.find((llvm::Twine(domain == "ai.onnx" ? "" : domain) + ":" + op).str());
  llvm::SmallVector<llvm::StringRef> names;
  if (row == table.end()) {
    return true;
  }
  row->second.split(names, ' ');
  return llvm::is_contained(names, attribute);
}

} // namespace ncc::frontend
