// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// BMP: 1, 4, 8, 16, 24 and 32 bits a pixel, with palette, colour masks or run lengths.
#include "runtime/image/Formats.h"

#include "absl/numeric/bits.h"

namespace ncc::image {

namespace {
enum Compression : uint32_t { Plain = 0, Rle8 = 1, Rle4 = 2, Masks = 3, MasksWithAlpha = 6 };

struct Bmp {
  Bytes file;
  int64_t width = 0, height = 0;
  bool fromTop = false;
  uint32_t bits = 0, compression = Plain, colours = 0;
  size_t palette = 0, entrySize = 4, pixels = 0; // where in the file
  uint32_t masks[3] = {};

  uint32_t get(size_t at, int bytes) const {
    uint32_t value = 0;
    for (int i = 0; i < bytes && at + static_cast<size_t>(i) < file.size(); ++i) {
      value |= uint32_t{file[at + static_cast<size_t>(i)]} << (8 * i);
    }
    return value;
  }
  int64_t rowBytes() const { return (width * bits + 31) / 32 * 4; }
  int64_t line(int64_t y) const { return fromTop ? y : height - 1 - y; }

  /// Colours beyond the palette are black.
  void paint(uint32_t index, uint8_t *rgb) const {
    for (size_t i = 0; index < colours && i < 3; ++i) {
      rgb[i] = static_cast<uint8_t>(get(palette + index * entrySize + 2 - i, 1));
    }
  }
};

constexpr size_t kFileHeader = 14, kCoreHeader = 12, kInfoHeader = 40;

absl::Status readHeader(Bmp &bmp) {
  const size_t size = bmp.get(kFileHeader, 4);
  if (bmp.file.size() < kFileHeader + size || (size != kCoreHeader && size < kInfoHeader)) {
    return unreadable("BMP", "its header is damaged or cut short");
  }
  bmp.pixels = bmp.get(10, 4);
  bmp.palette = kFileHeader + size;
  if (size == kCoreHeader) {
    bmp.width = bmp.get(18, 2);
    bmp.height = bmp.get(20, 2);
    bmp.bits = bmp.get(24, 2);
    bmp.entrySize = 3;
  } else {
    bmp.width = static_cast<int32_t>(bmp.get(18, 4));
    bmp.height = static_cast<int32_t>(bmp.get(22, 4));
    bmp.bits = bmp.get(28, 2);
    bmp.compression = bmp.get(30, 4);
    bmp.colours = bmp.get(46, 4);
    bmp.fromTop = bmp.height < 0;
    bmp.height = bmp.fromTop ? -bmp.height : bmp.height;
  }
  const uint32_t all = bmp.bits <= 8 ? 1u << bmp.bits : 0;
  bmp.colours = bmp.colours == 0 || bmp.colours > all ? all : bmp.colours;
  const bool masked = bmp.compression == Masks || bmp.compression == MasksWithAlpha;
  for (size_t i = 0; i < 3; ++i) {
    bmp.masks[i] = masked ? bmp.get(54 + 4 * i, 4) : bmp.bits == 16 ? 0x7c00u >> (5 * i) : 0xff0000u >> (8 * i);
  }
  const bool depth = bmp.bits == 1 || bmp.bits == 4 || bmp.bits == 8 || bmp.bits == 16 || bmp.bits == 24 || bmp.bits == 32;
  const bool packing = bmp.compression == Plain || (bmp.compression == Rle8 && bmp.bits == 8) || (bmp.compression == Rle4 && bmp.bits == 4) ||
                       (masked && (bmp.bits == 16 || bmp.bits == 32));
  return depth && packing ? absl::OkStatus() : unreadable("BMP", "its depth or compression is unknown");
}

void readRows(const Bmp &bmp, uint8_t *out) {
  for (int64_t y = 0; y < bmp.height; ++y) {
    const size_t row = bmp.pixels + static_cast<size_t>(y * bmp.rowBytes());
    uint8_t *rgb = out + bmp.line(y) * bmp.width * 3;
    for (size_t x = 0; x < static_cast<size_t>(bmp.width); ++x, rgb += 3) {
      if (bmp.bits <= 8) {
        const size_t bit = x * bmp.bits;
        bmp.paint(bmp.get(row + bit / 8, 1) >> (8 - bmp.bits - bit % 8) & ((1u << bmp.bits) - 1), rgb);
        continue;
      }
      const uint32_t pixel = bmp.get(row + x * (bmp.bits / 8), static_cast<int>(bmp.bits / 8));
      for (int i = 0; i < 3; ++i) {
        const uint32_t mask = bmp.masks[i];
        const int shift = mask ? absl::countr_zero(mask) : 0;
        const uint64_t most = mask >> shift;
        rgb[i] = static_cast<uint8_t>(most ? (uint64_t{(pixel & mask) >> shift} * 255 + most / 2) / most : 0);
      }
    }
  }
}

/// Runs of pixels, from the bottom row on; what they leave out has colour 0. False when they end before they say so.
bool readRuns(const Bmp &bmp, uint8_t *out) {
  for (int64_t i = 0; i < bmp.width * bmp.height; ++i) {
    bmp.paint(0, out + 3 * i);
  }
  const uint32_t perByte = 8 / bmp.bits;
  int64_t x = 0, y = 0;
  auto put = [&](uint32_t byte, uint32_t i) {
    if (x < bmp.width && y < bmp.height) {
      bmp.paint(perByte == 1 ? byte : i % 2 ? byte & 15 : byte >> 4, out + (bmp.line(y) * bmp.width + x) * 3);
    }
    ++x;
  };
  size_t at = bmp.pixels;
  while (at + 2 <= bmp.file.size()) {
    const uint32_t count = bmp.file[at], value = bmp.file[at + 1];
    at += 2;
    for (uint32_t i = 0; i < count; ++i) {
      put(value, i);
    }
    if (count > 0) {
      continue;
    }
    if (value == 0) { // the next row
      x = 0;
      ++y;
    } else if (value == 1) { // the end
      return true;
    } else if (value == 2) { // a step
      x += bmp.get(at, 1);
      y += bmp.get(at + 1, 1);
      at += 2;
    } else { // so many pixels as they are, filled up to 16 bits
      for (uint32_t i = 0; i < value; ++i) {
        put(bmp.get(at + i / perByte, 1), i);
      }
      at += (value / perByte + (value % perByte ? 1 : 0) + 1) / 2 * 2;
    }
  }
  return y >= bmp.height || (y == bmp.height - 1 && x >= bmp.width);
}
} // namespace

absl::StatusOr<Tensor> decodeBmp(Bytes file) {
  Bmp bmp{file};
  if (absl::Status status = readHeader(bmp); !status.ok()) {
    return status;
  }
  const bool runs = bmp.compression == Rle8 || bmp.compression == Rle4;
  if (!runs && bmp.width > 0 && bmp.height > 0 &&
      (bmp.pixels > file.size() || bmp.rowBytes() > static_cast<int64_t>(file.size() - bmp.pixels) / bmp.height)) {
    return unreadable("BMP", "it ends too early");
  }
  absl::StatusOr<Tensor> pixels = newPixels("BMP", bmp.width, bmp.height);
  if (!pixels.ok()) {
    return pixels;
  }
  uint8_t *out = pixels->mutableAs<uint8_t>().data();
  if (runs && !readRuns(bmp, out)) {
    return unreadable("BMP", "it ends too early");
  }
  if (!runs) {
    readRows(bmp, out);
  }
  return pixels;
}

} // namespace ncc::image
