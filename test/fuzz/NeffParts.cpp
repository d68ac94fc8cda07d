// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "test/fuzz/NeffParts.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace ncc::fuzz {

neff::Json shallowJson(const std::string &text) {
  constexpr int kDeepest = 256; // writing is recursive
  int depth = 0, deepest = 0;
  for (char c : text) {
    depth += c == '[' || c == '{' ? 1 : c == ']' || c == '}' ? -1 : 0;
    deepest = std::max(deepest, depth);
  }
  return deepest > kDeepest ? neff::Json(neff::Json::value_t::discarded) : neff::Json::parse(text, nullptr, false);
}

std::optional<NeffParts> NeffParts::open(neff::Bytes bytes) {
  absl::StatusOr<neff::FileHeader> header = neff::FileHeader::unpack(bytes);
  if (!header.ok()) {
    return std::nullopt;
  }
  const neff::Bytes archive = bytes.subspan(neff::kHeaderSize);
  absl::StatusOr<std::vector<neff::TarMember>> list = neff::readTar(archive);
  if (!list.ok()) {
    return std::nullopt;
  }
  NeffParts parts;
  parts.header = *header;
  for (const neff::TarMember &member : *list) {
    if (member.name != "pad") {
      parts.members[member.name].assign(reinterpret_cast<const char *>(archive.data()) + member.offset, member.size);
    }
  }
  return parts;
}

std::string NeffParts::seal() const {
  auto span = [](const std::string &text) { return neff::Bytes(reinterpret_cast<const uint8_t *>(text.data()), text.size()); };
  std::map<std::string, std::string> sealed = members;
  if (auto info = sealed.find("info.json"); info != sealed.end()) {
    neff::Json json = shallowJson(info->second);
    if (json.is_object()) {
      json["members"] = neff::Json::object();
      for (const auto &[name, bytes] : members) {
        if (name != "info.json") {
          json["members"][name] = {{"bytes", bytes.size()}, {"hash", neff::fastHash(span(bytes))}};
        }
      }
      info->second = neff::dumpJson(json) + "\n";
    }
  }
  std::string archive;
  for (const auto &[name, bytes] : sealed) { // contents lie at multiples of 512 bytes: weights want 64
    const auto head = neff::tarHeader(name, bytes.size());
    archive.append(head.begin(), head.end());
    archive += bytes;
    archive.resize(neff::tarPadded(archive.size()));
  }
  archive.resize(archive.size() + 1024);
  neff::FileHeader head = header;
  head.dataSize = archive.size();
  head.hash = neff::sha256(span(sealed["info.json"]));
  std::copy_n(head.hash.begin(), head.uuid.size(), head.uuid.begin());
  const auto packed = head.pack();
  return std::string(packed.begin(), packed.end()) + archive;
}

std::shared_ptr<uint8_t> alignedCopy(neff::Bytes bytes) {
  std::shared_ptr<uint8_t> copy(static_cast<uint8_t *>(std::aligned_alloc(64, bytes.size() / 64 * 64 + 64)), [](uint8_t *p) { std::free(p); });
  if (!bytes.empty()) {
    std::memcpy(copy.get(), bytes.data(), bytes.size());
  }
  return copy;
}

} // namespace ncc::fuzz
