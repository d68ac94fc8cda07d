// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What the standard says a node of an operator looks like: one table for every form of every operator ncc imports, in the
// .def files beside this one. A row is
//
//   NCC_SCHEMA(domain, operator, since, inputs, outputs, types, attributes)
//
// with its last four in words that spaces separate:
//   a parameter   name:TYPE; `?` behind the name is optional, `*` any number, `+` at least one, `~` of types of their own
//   a type        NAME=SET, where parameters that say NAME have one type of SET; a parameter may say a SET itself.
//                 A@B says that A is the element of the sequence B
//   a SET         `|` between element types of tensors, groups of them (TypeSet.cpp), seq(SET), optional(SET), sparse(SET), map(K,V)
//   an attribute  name:KIND, `!` when it must be given, the values it may have ([1..8], [0..] up to the largest int32, [-..] any
//                 int32, (0..) above zero, {A|B}), and =DEFAULT
//
// NCC_REMOVED(domain, operator, opset) says which opset dropped or deprecated an operator.
#pragma once

#include "compiler/frontend/onnx/schema/TypeSet.h"

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringRef.h"

#include <optional>
#include <vector>

namespace ncc::frontend {

struct ParameterSchema {
  enum class Presence : uint8_t { Required, Optional, Variadic };

  std::string name, variable; // no variable: its type is bound to no other's
  Presence presence = Presence::Required;
  size_t least = 1; // of a variadic one
  TypeSet types;
};

struct AttributeSchema {
  enum class Kind : uint8_t { Float = 1, Int, String, Tensor, Graph, Floats, Ints, Strings, Sparse = 11, Type = 13 }; // ONNX's numbers

  std::string name;
  Kind kind = Kind::Int;
  bool required = false;
  std::optional<std::pair<int64_t, int64_t>> range; // of each integer, both ends included
  bool positive = false;                            // of each float
  std::vector<std::string> choices;
  std::string fallback;

  /// "ints, each in [1, 2147483647]": for advice.
  std::string str() const;
};

struct OpSchema {
  std::string domain, op;
  int64_t since = 1;
  std::vector<ParameterSchema> inputs, outputs;
  std::vector<AttributeSchema> attributes;
  std::vector<std::pair<std::string, std::string>> elements; // variables: the first is the element of the second

  static size_t least(llvm::ArrayRef<ParameterSchema> parameters);
  static size_t most(llvm::ArrayRef<ParameterSchema> parameters);
  const AttributeSchema *attribute(llvm::StringRef name) const;
  /// The parameter that operand or result `i` stands for; nullptr when there are fewer.
  static const ParameterSchema *parameter(llvm::ArrayRef<ParameterSchema> parameters, size_t i);
};

class SchemaTable {
public:
  SchemaTable();

  /// The form in force at an opset version: the newest that is not newer; nullptr when there is none.
  const OpSchema *find(llvm::StringRef domain, llvm::StringRef op, int64_t version) const;
  /// The opset that dropped the operator, when it has no form at `version` any more.
  std::optional<int64_t> droppedBy(llvm::StringRef domain, llvm::StringRef op, int64_t version) const;
  /// Every form of an operator, oldest first.
  llvm::ArrayRef<OpSchema> forms(llvm::StringRef domain, llvm::StringRef op) const;
  std::vector<const OpSchema *> all() const;
  /// What is wrong with rows; a test wants none.
  llvm::ArrayRef<std::string> faults() const { return problems; }

private:
  struct Forms {
    std::vector<OpSchema> live;
    std::vector<int64_t> dropped;
  };
  static std::string key(llvm::StringRef domain, llvm::StringRef op);

  llvm::StringMap<Forms> table;
  std::vector<std::string> problems;
};

/// Built once, never changed.
const SchemaTable &schemas();

} // namespace ncc::frontend
