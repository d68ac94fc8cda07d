// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// One decoder for each format, each in a file of its own, and what they share.
#pragma once

#include "runtime/image/Image.h"

#include <string_view>

namespace ncc::image {

absl::StatusOr<Tensor> decodeBmp(Bytes file);
absl::StatusOr<Tensor> decodeJpeg(Bytes file);
absl::StatusOr<Tensor> decodeJpeg2000(Bytes file);
absl::StatusOr<Tensor> decodePng(Bytes file);
absl::StatusOr<Tensor> decodePnm(Bytes file);
absl::StatusOr<Tensor> decodeTiff(Bytes file);
absl::StatusOr<Tensor> decodeWebp(Bytes file);

/// The error of a file that cannot be decoded.
absl::Status unreadable(std::string_view format, std::string_view why);

/// Black pixels for an image of a size its file tells; an error for one that is empty or too large.
absl::StatusOr<Tensor> newPixels(std::string_view format, int64_t width, int64_t height);

/// Of what ink leaves, c, m, y and k being how much of each there is.
inline void inkToRgb(uint8_t c, uint8_t m, uint8_t y, uint8_t k, uint8_t *rgb) {
  const int white = 255 - k, ink[3] = {c, m, y};
  for (int i = 0; i < 3; ++i) {
    rgb[i] = static_cast<uint8_t>(white - (ink[i] * white + 127) / 255);
  }
}

} // namespace ncc::image
