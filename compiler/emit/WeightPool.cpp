// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Deduplication of constants by attribute, then by content.
#include "compiler/emit/WeightPool.h"

#include "dialects/graph/Constants.h"
#include "runtime/neff/Hash.h"

#include "absl/strings/str_cat.h"

#include <cstring>

using namespace ncc;
using namespace ncc::emit;

absl::StatusOr<uint64_t> WeightPool::add(mlir::ElementsAttr value, uint64_t bytes) {
  auto known = byAttribute.find(value);
  if (known != byAttribute.end()) {
    return known->second;
  }
  std::optional<Tensor> tensor = value ? graph::attrTensor(value) : std::nullopt;
  if (!tensor || tensor->byteSize() != bytes) {
    return absl::InternalError(absl::StrCat("a weight of ", bytes, " bytes has no such storage"));
  }
  const auto *data = static_cast<const uint8_t *>(tensor->data());
  std::string hash = neff::fastHash(absl::MakeConstSpan(data, bytes));
  auto [first, last] = byContent.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    if (it->second.bytes == bytes && std::memcmp(it->second.data, data, bytes) == 0) {
      return byAttribute[value] = it->second.offset;
    }
  }
  // The tensor travels with the piece: it may be storage of its own (a splat), not the attribute's.
  auto held = std::make_shared<Tensor>(*std::move(tensor));
  uint64_t offset = model.addWeights(bytes, [held, bytes](void *destination) { std::memcpy(destination, held->data(), bytes); });
  byContent.insert({std::move(hash), {held->data(), bytes, offset}});
  return byAttribute[value] = offset;
}
