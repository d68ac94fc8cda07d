// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What a host stage computes with: a tensor (of numbers or strings), a sequence, an optional or a map of values; and
// the type of such a value, as far as it is known before the value exists. Copies are cheap: contents are shared and
// never changed in place.
#pragma once

#include "runtime/tensor/Tensor.h"

#include <memory>
#include <string>
#include <vector>

namespace ncc {

/// A dim whose size is known only at run time.
inline constexpr int64_t kUnknownDim = -1;

enum class ValueKind : uint8_t { None = 0, Tensor = 1, Sequence = 2, Optional = 3, Map = 4 };

/// The type of a value. None is the type of an operand that was left out.
struct ValueType {
  ValueKind kind = ValueKind::None;
  DType dtype = DType::F32; // Tensor: of the elements; Map: of the keys
  bool ranked = true;       // Tensor: false when not even the rank is known
  Shape shape;              // Tensor: kUnknownDim where a size is unknown
  std::shared_ptr<const ValueType> element; // Sequence, Optional: of what they hold; Map: of its values

  static ValueType tensor(DType dtype, Shape shape);
  static ValueType unranked(DType dtype);
  static ValueType of(ValueKind kind, ValueType element);
  static ValueType map(DType key, ValueType value);

  bool isTensor() const { return kind == ValueKind::Tensor; }
  /// A tensor whose every dim is known.
  bool isStatic() const;
  int64_t rank() const { return static_cast<int64_t>(shape.size()); }
  /// "f32 2x?x3", "f32 of unknown rank", "sequence<i64 scalar>".
  std::string str() const;
  bool operator==(const ValueType &other) const;
};

/// True when every value of type `special` is one of type `general`.
bool includes(const ValueType &general, const ValueType &special);
/// The most special type that includes both; None when there is none (their kinds or element types differ).
ValueType join(const ValueType &a, const ValueType &b);

namespace ops { // not ncc itself: MLIR's Value must stay the only one there

class Value {
public:
  Value() = default;
  Value(Tensor tensor) : valueKind(ValueKind::Tensor), content(std::move(tensor)) {}
  static Value sequence(std::vector<Value> items) { return Value(ValueKind::Sequence, std::move(items)); }
  static Value none() { return Value(ValueKind::Optional, {}); }
  static Value some(Value value) { return Value(ValueKind::Optional, {std::move(value)}); }
  /// `keys` is a vector of integers or strings with as many elements as `values`.
  static Value map(Tensor keys, std::vector<Value> values);

  ValueKind kind() const { return valueKind; }
  bool present() const { return valueKind != ValueKind::None; }
  bool isTensor() const { return valueKind == ValueKind::Tensor; }
  const Tensor &tensor() const { return content; } // Tensor: it; Map: the keys
  /// Sequence: its items; Optional: nothing or one value; Map: the values.
  const std::vector<Value> &items() const;

private:
  Value(ValueKind kind, std::vector<Value> items);
  ValueKind valueKind = ValueKind::None;
  Tensor content;
  std::shared_ptr<const std::vector<Value>> list;
};

/// The exact type of a value. An empty sequence or optional does not say what it would hold: f32 of unknown rank.
ValueType typeOf(const Value &value);
/// True when `value` may stand where `type` was promised.
bool fits(const Value &value, const ValueType &type);
/// True when the values are equal to the bit.
bool identical(const Value &a, const Value &b);

} // namespace ops

} // namespace ncc
