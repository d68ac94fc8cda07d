// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// image_decode(bytes) {pixels}: the pixels of a compressed image, height x width x channels, as "RGB", "BGR" or "Grayscale".
#include "runtime/image/Image.h"
#include "runtime/ops/host/Rules.h"

#include <utility>

namespace ncc::ops {

absl::Status imageDecodeRule(Rule &rule) {
  const std::string pixels = rule.attrs.getString("pixels", "RGB");
  if (pixels != "RGB" && pixels != "BGR" && pixels != "Grayscale") {
    return invalid("pixels must be RGB, BGR or Grayscale, not '" + pixels + "'");
  }
  if (!rule.in[0].isTensor() || rule.in[0].dtype != DType::U8 || (rule.in[0].ranked && rule.in[0].rank() != 1)) {
    return invalid("needs the bytes of an image, has " + rule.in[0].str());
  }
  rule.out = {ValueType::tensor(DType::U8, {kUnknownDim, kUnknownDim, pixels == "Grayscale" ? 1 : 3})};
  return absl::OkStatus();
}

/// ITU-R 601-2 luma in 16-bit fractions.
static Tensor lumaOf(const Tensor &rgb) {
  Tensor luma(DType::U8, {rgb.shape()[0], rgb.shape()[1], 1});
  const auto *in = rgb.as<uint8_t>().data();
  for (uint8_t &out : luma.mutableAs<uint8_t>()) {
    out = static_cast<uint8_t>((in[0] * 19595 + in[1] * 38470 + in[2] * 7471 + 0x8000) >> 16);
    in += 3;
  }
  return luma;
}

absl::Status imageDecodeRun(HostCall &call) {
  if (absl::Status status = typesOf("image_decode", call).status(); !status.ok()) {
    return status;
  }
  absl::StatusOr<Tensor> pixels = image::decode(call.tensor(0).as<uint8_t>());
  if (!pixels.ok()) {
    return pixels.status();
  }
  const std::string wanted = call.attrs.getString("pixels", "RGB");
  auto samples = pixels->mutableAs<uint8_t>();
  for (size_t i = 0; wanted == "BGR" && i < samples.size(); i += 3) {
    std::swap(samples[i], samples[i + 2]);
  }
  call.out = {wanted == "Grayscale" ? lumaOf(*pixels) : *std::move(pixels)};
  return absl::OkStatus();
}

} // namespace ncc::ops
