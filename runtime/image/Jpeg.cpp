// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// JPEG by libjpeg: the exact DCT and the interpolated chroma that are its defaults. The library reports errors by a jump:
// functions that may be left that way hold nothing a destructor would have to release.
#include "runtime/image/Formats.h"

#include <csetjmp>
#include <cstdio> // jpeglib.h needs it
#include <jpeglib.h>
#include <jerror.h>

namespace ncc::image {

namespace {
struct Reader {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_progress_mgr progress{};
  std::jmp_buf escape{};
  char message[JMSG_LENGTH_MAX] = "";
};

[[noreturn]] void fail(j_common_ptr info) {
  auto *reader = static_cast<Reader *>(info->client_data);
  info->err->format_message(info, reader->message);
  std::longjmp(reader->escape, 1);
}

/// Warnings are silent, but for one: the library would paint what is missing grey.
void warn(j_common_ptr info, int level) {
  if (level < 0 && info->err->msg_code == JWRN_JPEG_EOF) {
    fail(info);
  }
}

/// A small file may ask for the whole image to be refined any number of times.
void checkScans(j_common_ptr info) {
  constexpr int kMostScans = 500;
  if (reinterpret_cast<j_decompress_ptr>(info)->input_scan_number > kMostScans) {
    std::snprintf(static_cast<Reader *>(info->client_data)->message, JMSG_LENGTH_MAX, "more than %d scans", kMostScans);
    std::longjmp(static_cast<Reader *>(info->client_data)->escape, 1);
  }
}

bool readHeader(Reader &reader, Bytes file) {
  reader.info.err = jpeg_std_error(&reader.errors);
  reader.errors.error_exit = fail;
  reader.errors.emit_message = warn;
  reader.progress.progress_monitor = checkScans;
  reader.info.client_data = &reader;
  if (setjmp(reader.escape)) {
    return false;
  }
  jpeg_create_decompress(&reader.info); // keeps `err` and `client_data`
  reader.info.progress = &reader.progress;
  jpeg_mem_src(&reader.info, file.data(), file.size());
  jpeg_read_header(&reader.info, TRUE);
  const bool ink = reader.info.jpeg_color_space == JCS_CMYK || reader.info.jpeg_color_space == JCS_YCCK;
  reader.info.out_color_space = ink ? JCS_CMYK : JCS_RGB;
  return true;
}

/// `inks` has room for a row of four samples a pixel.
bool readRows(Reader &reader, uint8_t *pixels, uint8_t *inks) {
  if (setjmp(reader.escape)) {
    return false;
  }
  jpeg_start_decompress(&reader.info);
  const bool ink = reader.info.out_color_space == JCS_CMYK;
  const int flip = reader.info.saw_Adobe_marker ? 255 : 0; // Adobe's files say how much of an ink is not there
  const size_t width = reader.info.output_width;
  while (reader.info.output_scanline < reader.info.output_height) {
    uint8_t *rgb = pixels + reader.info.output_scanline * width * 3;
    uint8_t *row = ink ? inks : rgb;
    jpeg_read_scanlines(&reader.info, &row, 1);
    for (size_t x = 0; ink && x < width; ++x) {
      auto sample = [&](size_t i) { return static_cast<uint8_t>(inks[4 * x + i] ^ flip); };
      inkToRgb(sample(0), sample(1), sample(2), sample(3), rgb + 3 * x);
    }
  }
  return true;
}
} // namespace

absl::StatusOr<Tensor> decodeJpeg(Bytes file) {
  Reader reader;
  absl::StatusOr<Tensor> pixels = absl::InternalError("not read");
  if (readHeader(reader, file)) {
    pixels = newPixels("JPEG", reader.info.image_width, reader.info.image_height);
    std::vector<uint8_t> inks(pixels.ok() ? 4 * size_t{reader.info.image_width} : 0);
    if (pixels.ok() && !readRows(reader, pixels->mutableAs<uint8_t>().data(), inks.data())) {
      pixels = unreadable("JPEG", reader.message);
    }
  } else {
    pixels = unreadable("JPEG", reader.message);
  }
  jpeg_destroy_decompress(&reader.info);
  return pixels;
}

} // namespace ncc::image
