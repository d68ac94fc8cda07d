// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// PNG by libpng: any colour type becomes 8-bit RGB; transparency, gamma and profiles are ignored. The library reports errors by
// a jump: functions that may be left that way hold nothing a destructor would have to release.
#include "runtime/image/Formats.h"

#include <cstdio>
#include <cstring>
#include <png.h>

namespace ncc::image {

namespace {
struct Reader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  Bytes rest;
  char message[128] = "out of memory";
};

[[noreturn]] void fail(png_structp png, png_const_charp text) {
  auto *reader = static_cast<Reader *>(png_get_error_ptr(png));
  std::snprintf(reader->message, sizeof(reader->message), "%s", text);
  png_longjmp(png, 1);
}

void warn(png_structp, png_const_charp) {}

void read(png_structp png, png_bytep out, size_t count) {
  auto *reader = static_cast<Reader *>(png_get_io_ptr(png));
  if (count > reader->rest.size()) {
    png_error(png, "it ends too early");
  }
  std::memcpy(out, reader->rest.data(), count);
  reader->rest.remove_prefix(count);
}

bool readHeader(Reader &reader) {
  if (setjmp(png_jmpbuf(reader.png))) {
    return false;
  }
  constexpr png_uint_32 kMostSide = 1 << 24;
  constexpr png_alloc_size_t kMostOfAChunk = 8 << 20;
  constexpr png_uint_32 kMostChunksKept = 128;
  png_set_user_limits(reader.png, kMostSide, kMostSide);
  png_set_chunk_malloc_max(reader.png, kMostOfAChunk);
  png_set_chunk_cache_max(reader.png, kMostChunksKept);
  png_set_read_fn(reader.png, &reader, read);
  png_read_info(reader.png, reader.info);
  // Deflate makes at most 1,032 bytes of one: what promises more is cut short.
  const double packed = static_cast<double>(png_get_rowbytes(reader.png, reader.info)) * png_get_image_height(reader.png, reader.info) / 1032;
  if (packed > static_cast<double>(reader.rest.size())) {
    png_error(reader.png, "it ends too early");
  }
  return true;
}

bool readRows(Reader &reader, uint8_t *pixels) {
  if (setjmp(png_jmpbuf(reader.png))) {
    return false;
  }
  png_set_expand(reader.png);
  png_set_strip_16(reader.png);
  png_set_strip_alpha(reader.png);
  png_set_gray_to_rgb(reader.png);
  const int passes = png_set_interlace_handling(reader.png);
  png_read_update_info(reader.png, reader.info);
  const size_t width = png_get_image_width(reader.png, reader.info), height = png_get_image_height(reader.png, reader.info);
  if (png_get_rowbytes(reader.png, reader.info) != width * 3) {
    png_error(reader.png, "its colour type is unknown");
  }
  for (int pass = 0; pass < passes; ++pass) {
    for (size_t y = 0; y < height; ++y) {
      png_read_row(reader.png, pixels + y * width * 3, nullptr); // adds the pass's pixels to those there
    }
  }
  return true;
}
} // namespace

absl::StatusOr<Tensor> decodePng(Bytes file) {
  Reader reader;
  reader.rest = file;
  reader.png = png_create_read_struct(PNG_LIBPNG_VER_STRING, &reader, fail, warn);
  reader.info = reader.png ? png_create_info_struct(reader.png) : nullptr;
  absl::StatusOr<Tensor> pixels = absl::InternalError("not read");
  if (reader.info && readHeader(reader)) {
    pixels = newPixels("PNG", png_get_image_width(reader.png, reader.info), png_get_image_height(reader.png, reader.info));
    if (pixels.ok() && !readRows(reader, pixels->mutableAs<uint8_t>().data())) {
      pixels = unreadable("PNG", reader.message);
    }
  } else {
    pixels = unreadable("PNG", reader.message);
  }
  png_destroy_read_struct(&reader.png, &reader.info, nullptr);
  return pixels;
}

} // namespace ncc::image
