// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Files of small images as the formats' own libraries write them.
#pragma once

#include <cstdint>
#include <string>

namespace ncc::image::test {

struct Pixels {
  int width, height;
  std::string rgb;
};

/// Smooth enough that JPEG keeps it.
Pixels pattern(int width, int height);

std::string jpeg(const Pixels &pixels);
/// All four inks of every pixel stored as `value`.
std::string jpegOfInks(int width, int height, uint8_t value);
std::string jpeg2000(const Pixels &pixels);
std::string png(const Pixels &pixels);
/// Samples of any depth and colour type.
std::string pngOf(int width, int height, int depth, int colourType, const std::string &samples);
/// With an alpha that is not multiplied into the colours, when asked.
std::string tiff(const Pixels &pixels, bool alpha);
std::string webp(const Pixels &pixels);

} // namespace ncc::image::test
