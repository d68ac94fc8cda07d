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

static std::string hashOf(const void *data, uint64_t bytes) {
  return neff::fastHash(absl::MakeConstSpan(static_cast<const uint8_t *>(data), bytes));
}

WeightPool::WeightPool(neff::Model &model) : model(model) {
  for (const neff::WeightPiece &piece : model.weights) {
    byContent.insert({hashOf(piece.data, piece.bytes), {piece.data, piece.bytes, piece.offset}});
  }
}

absl::StatusOr<uint64_t> WeightPool::add(mlir::ElementsAttr value, uint64_t bytes) {
  auto known = byAttribute.find(value);
  if (known != byAttribute.end()) {
    return known->second;
  }
  std::optional<Tensor> tensor = value ? graph::attrTensor(value) : std::nullopt;
  if (!tensor || tensor->byteSize() != bytes) {
    return absl::InternalError(absl::StrCat("a weight of ", bytes, " bytes has no such storage"));
  }
  // The tensor travels with the piece: it may be storage of its own (a splat), not the attribute's.
  auto held = std::make_shared<Tensor>(*std::move(tensor));
  return byAttribute[value] = add(held->data(), bytes, held);
}

uint64_t WeightPool::add(const void *data, uint64_t bytes, std::shared_ptr<const void> owner) {
  const std::string hash = hashOf(data, bytes);
  auto [first, last] = byContent.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    if (it->second.bytes == bytes && std::memcmp(it->second.data, data, bytes) == 0) {
      return it->second.offset;
    }
  }
  const uint64_t offset = model.addWeights(data, bytes, std::move(owner));
  byContent.insert({hash, {data, bytes, offset}});
  return offset;
}
