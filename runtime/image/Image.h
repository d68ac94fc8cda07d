// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Compressed images to pixels: BMP, JPEG, JPEG 2000, PNG, PNM, TIFF, WebP. A file is hostile until it has been decoded: what
// is cut short, damaged or larger than kMostPixels is an error, found before memory for its pixels is asked for where
// the header tells.
#pragma once

#include "runtime/tensor/Tensor.h"

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace ncc::image {

using Bytes = absl::Span<const uint8_t>;

/// No image has more.
constexpr int64_t kMostPixels = int64_t{1} << 27;

/// u8, height x width x 3: red, green, blue. Transparency is dropped, 16-bit samples keep their high byte, palettes and
/// other colour spaces become RGB; of files with several images it is the first. Bytes behind the image are ignored.
absl::StatusOr<Tensor> decode(Bytes file);

} // namespace ncc::image
