// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Which decoder a file's first bytes ask for.
#include "runtime/image/Formats.h"

#include "absl/strings/str_cat.h"

namespace ncc::image {

namespace {
struct Format {
  size_t at;
  std::string_view magic;
  absl::StatusOr<Tensor> (*decode)(Bytes file);
};
using namespace std::string_view_literals;
constexpr Format kFormats[] = {
    {0, "\xff\xd8\xff"sv, decodeJpeg},
    {0, "\x89PNG\r\n\x1a\n"sv, decodePng},
    {0, "BM"sv, decodeBmp},
    {8, "WEBP"sv, decodeWebp},
    {0, "\0\0\0\x0cjP  "sv, decodeJpeg2000}, // in its container
    {0, "\xff\x4f\xff\x51"sv, decodeJpeg2000}, // the bare codestream
    {0, "II*\0"sv, decodeTiff},
    {0, "MM\0*"sv, decodeTiff},
    {0, "II+\0"sv, decodeTiff}, // offsets of 64 bits
    {0, "MM\0+"sv, decodeTiff},
    {0, "P"sv, decodePnm}, // the decoder looks at the digit
};
} // namespace

absl::Status unreadable(std::string_view format, std::string_view why) {
  return absl::InvalidArgumentError(absl::StrCat("the ", std::string(format), " image cannot be decoded: ", std::string(why)));
}

absl::StatusOr<Tensor> newPixels(std::string_view format, int64_t width, int64_t height) {
  if (width < 1 || height < 1) {
    return unreadable(format, "it has no pixels");
  }
  if (width > kMostPixels / height) {
    return unreadable(format, absl::StrCat(width, "x", height, " pixels are more than ", kMostPixels));
  }
  return Tensor(DType::U8, {height, width, 3});
}

absl::StatusOr<Tensor> decode(Bytes file) {
  const std::string_view text(reinterpret_cast<const char *>(file.data()), file.size());
  for (const Format &format : kFormats) {
    if (text.size() >= format.at && text.substr(format.at).substr(0, format.magic.size()) == format.magic) {
      return format.decode(file);
    }
  }
  return absl::InvalidArgumentError("the bytes are no BMP, JPEG, JPEG 2000, PNG, PNM, TIFF or WebP image");
}

} // namespace ncc::image
