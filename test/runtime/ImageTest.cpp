// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Decoders of images: what encoders wrote comes back; files cut short, damaged or too large are errors.

#include "ImageFiles.h"
#include "runtime/image/Image.h"
#include "runtime/ops/host/HostKernel.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

namespace ncc::image {
namespace {

using test::Pixels;

std::string textOf(const Tensor &tensor) { return std::string(static_cast<const char *>(tensor.data()), tensor.byteSize()); }

absl::StatusOr<Tensor> decodeText(std::string_view file) { return decode(Bytes(reinterpret_cast<const uint8_t *>(file.data()), file.size())); }

/// The decoded bytes, or the error.
std::string decoded(std::string_view file) {
  absl::StatusOr<Tensor> pixels = decodeText(file);
  return pixels.ok() ? textOf(*pixels) : std::string(pixels.status().message());
}

std::string text(std::initializer_list<int> bytes) { return std::string(bytes.begin(), bytes.end()); }

/// `count` bytes of a number, the lowest first.
std::string little(uint64_t value, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) {
    out += static_cast<char>(value >> (8 * i));
  }
  return out;
}

std::string bmp(int width, int height, int bits, int compression, const std::string &afterHeader, const std::string &pixels, int colours = 0) {
  return "BM" + little(0, 8) + little(54 + afterHeader.size(), 4) + little(40, 4) + little(static_cast<uint32_t>(width), 4) +
         little(static_cast<uint32_t>(height), 4) + little(1, 2) + little(bits, 2) + little(compression, 4) + little(0, 12) + little(colours, 4) +
         little(0, 4) + afterHeader + pixels;
}

TEST(Image, WhatLosslessEncodersWrote) {
  const Pixels pixels = test::pattern(7, 5);
  for (const std::string &file : {test::png(pixels), test::tiff(pixels, false), test::tiff(pixels, true), test::webp(pixels), test::jpeg2000(pixels)}) {
    EXPECT_EQ(decoded(file), pixels.rgb);
    EXPECT_EQ(decoded(file + std::string(100, '\0')), pixels.rgb); // what follows is not looked at
    EXPECT_EQ(decodeText(file)->shape(), (Shape{5, 7, 3}));
  }
}

TEST(Image, Jpeg) {
  const Pixels pixels = test::pattern(16, 8);
  const std::string out = decoded(test::jpeg(pixels));
  ASSERT_EQ(out.size(), pixels.rgb.size());
  for (size_t i = 0; i < out.size(); ++i) {
    EXPECT_LE(std::abs(static_cast<uint8_t>(out[i]) - static_cast<uint8_t>(pixels.rgb[i])), 4) << i;
  }
  // The library marks such files as Adobe's: they hold what each ink leaves. Here all of it: white.
  EXPECT_EQ(decoded(test::jpegOfInks(8, 8, 255)), std::string(8 * 8 * 3, '\xff'));
}

TEST(Image, Bmp) {
  const std::string palette = text({1, 2, 3, 0, 4, 5, 6, 0}); // blue, green, red
  EXPECT_EQ(decoded(bmp(2, 1, 24, 0, "", text({3, 2, 1, 6, 5, 4, 0, 0}))), text({1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(decoded(bmp(2, 1, 1, 0, palette, text({0x40, 0, 0, 0}), 2)), text({3, 2, 1, 6, 5, 4}));
  EXPECT_EQ(decoded(bmp(2, 1, 4, 0, palette, text({0x10, 0, 0, 0}), 2)), text({6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(decoded(bmp(1, 2, 8, 0, palette, text({0, 0, 0, 0, 1, 0, 0, 0}), 2)), text({6, 5, 4, 3, 2, 1}));  // from the bottom
  EXPECT_EQ(decoded(bmp(1, -2, 8, 0, palette, text({0, 0, 0, 0, 1, 0, 0, 0}), 2)), text({3, 2, 1, 6, 5, 4})); // from the top
  EXPECT_EQ(decoded(bmp(1, 1, 8, 0, palette, text({9, 0, 0, 0}), 2)), text({0, 0, 0}));                       // not in the palette
  EXPECT_EQ(decoded(bmp(2, 1, 16, 0, "", text({0x1f, 0x7c, 0xe0, 0x03}))), text({255, 0, 255, 0, 255, 0}));
  const std::string masks = little(0xf800, 4) + little(0x7e0, 4) + little(0x1f, 4);
  EXPECT_EQ(decoded(bmp(2, 1, 16, 3, masks, text({0xe0, 0x07, 0x00, 0x80}))), text({0, 255, 0, 132, 0, 0}));
  EXPECT_EQ(decoded(bmp(1, 1, 32, 0, "", text({3, 2, 1, 77}))), text({1, 2, 3}));
  EXPECT_EQ(decoded(bmp(3, 1, 8, 1, palette, text({2, 1, 1, 0, 0, 1}), 2)), text({6, 5, 4, 6, 5, 4, 3, 2, 1}));
  EXPECT_EQ(decoded(bmp(3, 1, 8, 1, palette, text({0, 3, 1, 0, 1, 0, 0, 1}), 2)), text({6, 5, 4, 3, 2, 1, 6, 5, 4}));
  EXPECT_EQ(decoded(bmp(3, 1, 4, 2, palette, text({3, 0x10, 0, 1}), 2)), text({6, 5, 4, 3, 2, 1, 6, 5, 4}));
  EXPECT_EQ(decoded(bmp(2, 2, 8, 1, palette, text({0, 2, 1, 1, 1, 1, 0, 1}), 2)), text({3, 2, 1, 6, 5, 4, 3, 2, 1, 3, 2, 1})); // a step
}

TEST(Image, Pnm) {
  EXPECT_EQ(decoded("P1 # bits\n2 1\n10"), text({0, 0, 0, 255, 255, 255}));
  EXPECT_EQ(decoded("P2\n2 1 15\n15 3\n"), text({255, 255, 255, 51, 51, 51}));
  EXPECT_EQ(decoded("P3 1 1 255 1 2 3"), text({1, 2, 3}));
  EXPECT_EQ(decoded("P4 2 1\n\x40"), text({255, 255, 255, 0, 0, 0}));
  EXPECT_EQ(decoded("P5 1 1 255\n\x7"), text({7, 7, 7}));
  EXPECT_EQ(decoded("P5 1 1 65535\n\x80\x80"), text({128, 128, 128}));
  EXPECT_EQ(decoded("P6 1 1 255\nabc"), "abc");
  EXPECT_EQ(decoded("P6 1 1 255\nabcdef"), "abc");
}

TEST(Image, OtherPixelsOfPng) {
  // Two pixels: grey with alpha, of 16 bits.
  EXPECT_EQ(decoded(test::pngOf(2, 1, 16, /*grey, alpha*/ 4, text({1, 99, 0, 0, 200, 1, 255, 255}))), text({1, 1, 1, 200, 200, 200}));
  EXPECT_EQ(decoded(test::pngOf(8, 1, 1, /*grey*/ 0, text({0xa0}))).substr(0, 9), text({255, 255, 255, 0, 0, 0, 255, 255, 255}));
}

TEST(Image, TooLargeIsRefusedByItsHeader) {
  auto refused = [](const std::string &file, const std::string &why) { EXPECT_NE(decoded(file).find(why), std::string::npos) << decoded(file); };
  refused("P6 1000000 1000000 255\n", "ends too early");
  refused("P5 0 1 255\n", "no pixels");
  refused("P2 1 1 70000 1", "largest value");
  refused("P2 1 1 9 10", "sample");
  refused("P7", "P1 to P6");
  refused(bmp(INT32_MAX, INT32_MIN, 32, 0, "", ""), "too early");
  refused(bmp(INT32_MAX, INT32_MAX, 8, 1, "", text({0, 1})), "are more than");
  refused(bmp(1, 1, 7, 0, "", ""), "depth");
  refused(bmp(0, 1, 24, 0, "", ""), "no pixels");
  refused(bmp(9, 9, 8, 1, "", text({3, 1})), "too early");
  std::string png = test::png(test::pattern(2, 2));
  png.replace(16, 8, text({0, 0x40, 0, 0, 0, 0x40, 0, 0}));
  refused(png, "PNG"); // its checksum is wrong as well
  std::string jpeg = test::jpeg(test::pattern(2, 2));
  jpeg.replace(jpeg.find("\xff\xc0") + 5, 4, text({0xff, 0, 0xff, 0}));
  refused(jpeg, "65280x65280 pixels are more than");
  std::string j2k = test::jpeg2000(test::pattern(2, 2));
  const size_t size = j2k.find("\xff\x51");
  j2k.replace(size + 6, 8, text({0x7f, 0, 0, 0, 0x7f, 0, 0, 0}));
  refused(j2k, "JPEG 2000");
  refused("", "no BMP");
  refused("GIF89a", "no BMP");
  refused("RIFF\1\1\1\1WEBPVP8 ", "WebP");
  refused("II*", "no BMP");
  refused(std::string("II*\0\0\0\0\0", 8), "TIFF");
}

TEST(Image, CutShortAndDamaged) {
  const Pixels pixels = test::pattern(9, 6);
  for (const std::string &file : {test::png(pixels), test::tiff(pixels, false), test::tiff(pixels, true), test::webp(pixels), test::jpeg2000(pixels),
                                  test::jpeg(pixels), bmp(2, 1, 24, 0, "", text({3, 2, 1, 6, 5, 4, 0, 0})), std::string("P6 1 1 255\nabc")}) {
    EXPECT_FALSE(decodeText(file.substr(0, file.size() / 2)).ok());
    for (size_t length = 0; length < file.size(); ++length) {
      (void)decodeText(std::string(file.data(), length));
    }
    for (size_t at = 0; at < file.size(); ++at) {
      for (int flip : {0x01, 0x80, 0xff}) {
        std::string damaged = file;
        damaged[at] = static_cast<char>(damaged[at] ^ flip);
        (void)decodeText(damaged); // an error or other pixels, never a crash
      }
    }
  }
}

TEST(Image, HostKernel) {
  auto run = [](const char *format, const std::string &file) {
    Tensor bytes(DType::U8, {static_cast<int64_t>(file.size())});
    std::memcpy(bytes.mutableData(), file.data(), file.size());
    ops::Attributes attrs;
    attrs.set("pixels", std::string(format));
    return ops::runHostKernel("image_decode", attrs, {bytes}, {});
  };
  const std::string file = "P6 1 1 255\nabc";
  EXPECT_EQ(textOf((*run("RGB", file))[0].tensor()), "abc");
  EXPECT_EQ(textOf((*run("BGR", file))[0].tensor()), "cba");
  EXPECT_EQ(textOf((*run("Grayscale", file))[0].tensor()), "b"); // 0.299 * 97 + 0.587 * 98 + 0.114 * 99
  EXPECT_EQ((*run("Grayscale", file))[0].tensor().shape(), (Shape{1, 1, 1}));
  EXPECT_FALSE(run("RGBA", file).ok());
  EXPECT_NE(run("RGB", "P6").status().message().find("image_decode: the PNM image"), std::string_view::npos);
  EXPECT_FALSE(ops::runHostKernel("image_decode", {}, {Tensor(DType::F32, {4})}, {}).ok());
}

} // namespace
} // namespace ncc::image
