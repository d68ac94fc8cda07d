// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "ImageFiles.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <jpeglib.h>
#include <openjpeg.h>
#include <png.h>
#include <tiffio.h>
#include <unistd.h>
#include <webp/encode.h>

namespace ncc::image::test {

Pixels pattern(int width, int height) {
  Pixels pixels{width, height, {}};
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      pixels.rgb += {static_cast<char>(40 + 3 * x), static_cast<char>(200 - 4 * y), static_cast<char>(90 + x + y)};
    }
  }
  return pixels;
}

static std::string read(const std::string &path) {
  std::ifstream in(path, std::ios::binary);
  return std::string(std::istreambuf_iterator<char>(in), {});
}

static std::string path(const char *name) { return testing::TempDir() + "ncc-image-test." + std::to_string(getpid()) + name; }

static std::string compress(int width, int height, int components, J_COLOR_SPACE space, std::string samples) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char *out = nullptr;
  unsigned long size = 0;
  jpeg_mem_dest(&info, &out, &size);
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(height);
  info.input_components = components;
  info.in_color_space = space;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 100, TRUE);
  jpeg_start_compress(&info, TRUE);
  for (int y = 0; y < height; ++y) {
    auto *row = reinterpret_cast<JSAMPROW>(samples.data() + y * width * components);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  jpeg_destroy_compress(&info);
  std::string file(reinterpret_cast<char *>(out), size);
  std::free(out);
  return file;
}

std::string jpeg(const Pixels &pixels) { return compress(pixels.width, pixels.height, 3, JCS_RGB, pixels.rgb); }

std::string jpegOfInks(int width, int height, uint8_t value) {
  return compress(width, height, 4, JCS_CMYK, std::string(static_cast<size_t>(width * height * 4), static_cast<char>(value)));
}

std::string jpeg2000(const Pixels &pixels) {
  opj_image_cmptparm_t parts[3] = {};
  for (opj_image_cmptparm_t &part : parts) {
    part.dx = part.dy = 1;
    part.w = static_cast<OPJ_UINT32>(pixels.width);
    part.h = static_cast<OPJ_UINT32>(pixels.height);
    part.prec = 8;
  }
  opj_image_t *image = opj_image_create(3, parts, OPJ_CLRSPC_SRGB);
  image->x1 = parts[0].w;
  image->y1 = parts[0].h;
  for (size_t i = 0; i < pixels.rgb.size(); ++i) {
    image->comps[i % 3].data[i / 3] = static_cast<uint8_t>(pixels.rgb[i]);
  }
  opj_cparameters_t parameters;
  opj_set_default_encoder_parameters(&parameters);
  parameters.numresolution = 2;
  const std::string file = path(".jp2");
  opj_codec_t *codec = opj_create_compress(OPJ_CODEC_JP2);
  opj_stream_t *stream = opj_stream_create_default_file_stream(file.c_str(), OPJ_FALSE);
  EXPECT_TRUE(opj_setup_encoder(codec, &parameters, image) && opj_start_compress(codec, image, stream) && opj_encode(codec, stream) &&
              opj_end_compress(codec, stream));
  opj_stream_destroy(stream);
  opj_destroy_codec(codec);
  opj_image_destroy(image);
  return read(file);
}

std::string png(const Pixels &pixels) { return pngOf(pixels.width, pixels.height, 8, PNG_COLOR_TYPE_RGB, pixels.rgb); }

std::string pngOf(int width, int height, int depth, int colourType, const std::string &samples) {
  std::string file;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &file,
      [](png_structp writer, png_bytep data, size_t size) {
        static_cast<std::string *>(png_get_io_ptr(writer))->append(reinterpret_cast<char *>(data), size);
      },
      [](png_structp) {});
  png_set_IHDR(png, info, static_cast<png_uint_32>(width), static_cast<png_uint_32>(height), depth, colourType, PNG_INTERLACE_NONE,
               PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  const size_t row = samples.size() / static_cast<size_t>(height);
  for (size_t y = 0; y < static_cast<size_t>(height); ++y) {
    png_write_row(png, reinterpret_cast<png_const_bytep>(samples.data() + y * row));
  }
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return file;
}

std::string tiff(const Pixels &pixels, bool alpha) {
  const std::string file = path(".tiff");
  TIFF *tiff = TIFFOpen(file.c_str(), "w");
  uint16_t kind = EXTRASAMPLE_UNASSALPHA;
  TIFFSetField(tiff, TIFFTAG_IMAGEWIDTH, pixels.width);
  TIFFSetField(tiff, TIFFTAG_IMAGELENGTH, pixels.height);
  TIFFSetField(tiff, TIFFTAG_BITSPERSAMPLE, 8);
  TIFFSetField(tiff, TIFFTAG_SAMPLESPERPIXEL, alpha ? 4 : 3);
  TIFFSetField(tiff, TIFFTAG_PHOTOMETRIC, PHOTOMETRIC_RGB);
  TIFFSetField(tiff, TIFFTAG_PLANARCONFIG, PLANARCONFIG_CONTIG);
  TIFFSetField(tiff, TIFFTAG_COMPRESSION, COMPRESSION_LZW);
  if (alpha) {
    TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, 1, &kind);
  }
  for (int y = 0; y < pixels.height; ++y) {
    std::string row;
    for (int x = 0; x < pixels.width; ++x) {
      row += pixels.rgb.substr(static_cast<size_t>(y * pixels.width + x) * 3, 3) + (alpha ? std::string(1, '\x10') : "");
    }
    TIFFWriteScanline(tiff, row.data(), static_cast<uint32_t>(y), 0);
  }
  TIFFClose(tiff);
  return read(file);
}

std::string webp(const Pixels &pixels) {
  uint8_t *out = nullptr;
  const size_t size = WebPEncodeLosslessRGB(reinterpret_cast<const uint8_t *>(pixels.rgb.data()), pixels.width, pixels.height, 3 * pixels.width, &out);
  std::string file(reinterpret_cast<char *>(out), size);
  WebPFree(out);
  return file;
}

} // namespace ncc::image::test
