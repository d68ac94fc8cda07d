// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// WebP by libwebp, still images only.
#include "runtime/image/Formats.h"

#include <webp/decode.h>

namespace ncc::image {

absl::StatusOr<Tensor> decodeWebp(Bytes file) {
  WebPBitstreamFeatures features;
  if (WebPGetFeatures(file.data(), file.size(), &features) != VP8_STATUS_OK) {
    return unreadable("WebP", "its header is damaged");
  }
  if (features.has_animation) {
    return unreadable("WebP", "it is animated");
  }
  absl::StatusOr<Tensor> pixels = newPixels("WebP", features.width, features.height);
  if (pixels.ok() && !WebPDecodeRGBInto(file.data(), file.size(), pixels->mutableAs<uint8_t>().data(), pixels->byteSize(), 3 * features.width)) {
    return unreadable("WebP", "its data are damaged or cut short");
  }
  return pixels;
}

} // namespace ncc::image
