// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The JSON members of a NEFF: info.json (the model as a whole) and sgNN/def.json (one program without its
// instructions).
#pragma once

#include "runtime/neff/Json.h"
#include "runtime/neff/Model.h"

namespace ncc::neff {

Json infoToJson(const Model &model);
absl::Status infoFromJson(const Json &json, Model &model);
/// segNN/info.json: what a segment of a plan has of its own.
Json segmentToJson(const Model &segment);
absl::Status segmentFromJson(const Json &json, Model &segment);
/// bucketNN/info.json: as a segment's, and which true shapes it serves.
Json bucketToJson(const Model &bucket);
absl::Status bucketFromJson(const Json &json, Model &bucket);
Json definitionToJson(const Program &program);
absl::StatusOr<Program> definitionFromJson(const Json &json, const std::string &what);
Json nodesToJson(const Model &model);
absl::Status nodesFromJson(const Json &json, Model &model);
uint64_t featureBits(const Model &model);

/// Instructions of one engine with their places in program order.
std::string encodeStream(const Program &program, isa::Engine engine);
struct StreamItem {
  uint32_t place;
  isa::Instruction inst;
};
struct Stream {
  std::vector<StreamItem> init;
  std::vector<StreamItem> run;
};
absl::StatusOr<Stream> decodeStream(absl::Span<const uint8_t> bytes, isa::Engine engine);
/// pe, vec, act, pool, dma, sync.
const char *streamName(isa::Engine engine);

} // namespace ncc::neff
