// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// A set of types a node's operand may have: tensors, sequences, optionals and maps by their element types.
#pragma once

#include "runtime/tensor/Value.h"

#include "llvm/ADT/StringRef.h"

#include <array>
#include <string>
#include <vector>

namespace ncc::frontend {

class TypeSet {
public:
  enum Form : uint8_t { Tensor, Sequence, Optional, OptionalSequence, Sparse, kForms };

  /// Adds what `text` names ("real|bfloat16|seq(basic)"); false for what is no set.
  bool add(llvm::StringRef text, Form form = Tensor);
  bool contains(const ValueType &type) const;
  bool empty() const;
  /// "float16, float or double".
  std::string str() const;
  /// One of its types, a tensor's where there is one: for tests that make values. None for sparse tensors.
  ValueType sample() const;

private:
  std::array<uint32_t, kForms> elements{}; // bits by ONNX's numbers of element types
  std::vector<std::string> others;         // maps, in ONNX's words
};

/// A type in ONNX's words, without its shape: "float", "seq(int64)", "map(string,float)".
std::string onnxTypeText(const ValueType &type);

} // namespace ncc::frontend
