// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The weights of a model: each distinct constant once, also of models that are made of parts.
#pragma once

#include "runtime/neff/Model.h"
#include "runtime/tensor/Tensor.h"

#include "absl/status/statusor.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/ADT/DenseMap.h"

#include <unordered_map>

namespace ncc::emit {

class WeightPool {
public:
  /// What the model holds already is found again.
  explicit WeightPool(neff::Model &model);

  /// The offset of the constant in the weights, which it joins unless equal bytes are there already.
  absl::StatusOr<uint64_t> add(mlir::ElementsAttr value, uint64_t bytes);
  /// The same for a piece of another model.
  uint64_t add(const void *data, uint64_t bytes, std::shared_ptr<const void> owner);

private:
  struct Stored {
    const void *data;
    uint64_t bytes;
    uint64_t offset;
  };

  neff::Model &model;
  llvm::DenseMap<mlir::Attribute, uint64_t> byAttribute;
  std::unordered_multimap<std::string, Stored> byContent;
};

} // namespace ncc::emit
