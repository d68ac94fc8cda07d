// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// TIFF by libtiff's RGBA interface, which knows all its colour spaces, depths and compressions; the first image of a file.
#include "runtime/image/Formats.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <tiffio.h>

namespace ncc::image {

namespace {
struct Source {
  Bytes file;
  uint64_t at = 0;
  char message[256] = "";
};

tmsize_t read(thandle_t handle, void *out, tmsize_t count) {
  auto *source = static_cast<Source *>(handle);
  const uint64_t left = source->at < source->file.size() ? source->file.size() - source->at : 0;
  const uint64_t taken = std::min<uint64_t>(left, static_cast<uint64_t>(std::max<tmsize_t>(count, 0)));
  if (taken) {
    std::memcpy(out, source->file.data() + source->at, taken);
  }
  source->at += taken;
  return static_cast<tmsize_t>(taken);
}

tmsize_t refuseWrite(thandle_t, void *, tmsize_t) { return 0; }

toff_t seek(thandle_t handle, toff_t offset, int whence) {
  auto *source = static_cast<Source *>(handle);
  source->at = whence == SEEK_SET ? offset : whence == SEEK_CUR ? source->at + offset : source->file.size() + offset;
  return source->at;
}

toff_t size(thandle_t handle) { return static_cast<Source *>(handle)->file.size(); }
int close(thandle_t) { return 0; }

int keepError(TIFF *, void *data, const char *, const char *format, va_list arguments) {
  auto *source = static_cast<Source *>(data);
  std::vsnprintf(source->message, sizeof(source->message), format, arguments);
  return 1; // nobody else is told
}
int ignoreWarning(TIFF *, void *, const char *, const char *, va_list) { return 1; }

using Open = std::unique_ptr<TIFF, void (*)(TIFF *)>;

Open open(Source &source) {
  std::unique_ptr<TIFFOpenOptions, void (*)(TIFFOpenOptions *)> options(TIFFOpenOptionsAlloc(), TIFFOpenOptionsFree);
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), 8 * kMostPixels);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), keepError, &source);
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), ignoreWarning, nullptr);
  return Open(TIFFClientOpenExt("image", "rm", &source, read, refuseWrite, seek, close, size, nullptr, nullptr, options.get()), TIFFClose);
}

/// True when colours are stored times their opacity. Where they are not, the library must not multiply them.
bool isPremultiplied(TIFF *tiff) {
  uint16_t count = 0, *kinds = nullptr;
  if (!TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &count, &kinds) || count == 0) {
    return false;
  }
  if (kinds[0] == EXTRASAMPLE_UNASSALPHA) {
    std::vector<uint16_t> unspecified(count, EXTRASAMPLE_UNSPECIFIED);
    TIFFSetField(tiff, TIFFTAG_EXTRASAMPLES, count, unspecified.data());
    return false;
  }
  return kinds[0] == EXTRASAMPLE_ASSOCALPHA;
}
} // namespace

absl::StatusOr<Tensor> decodeTiff(Bytes file) {
  Source source{file, 0, {}};
  Open tiff = open(source);
  uint32_t width = 0, height = 0;
  char reason[1024] = "";
  if (!tiff || !TIFFGetField(tiff.get(), TIFFTAG_IMAGEWIDTH, &width) || !TIFFGetField(tiff.get(), TIFFTAG_IMAGELENGTH, &height)) {
    return unreadable("TIFF", source.message[0] ? source.message : "it has no size");
  }
  absl::StatusOr<Tensor> pixels = newPixels("TIFF", width, height);
  if (!pixels.ok()) {
    return pixels;
  }
  if (!TIFFRGBAImageOK(tiff.get(), reason)) {
    return unreadable("TIFF", reason);
  }
  const bool premultiplied = isPremultiplied(tiff.get());
  std::vector<uint32_t> raster(size_t{width} * height);
  if (!TIFFReadRGBAImageOriented(tiff.get(), width, height, raster.data(), ORIENTATION_TOPLEFT, /*stop=*/1)) {
    return unreadable("TIFF", source.message);
  }
  uint8_t *out = pixels->mutableAs<uint8_t>().data();
  for (uint32_t pixel : raster) {
    const uint32_t alpha = premultiplied && TIFFGetA(pixel) ? TIFFGetA(pixel) : 255;
    for (uint32_t sample : {TIFFGetR(pixel), TIFFGetG(pixel), TIFFGetB(pixel)}) {
      *out++ = static_cast<uint8_t>(std::min<uint32_t>(255, 255 * sample / alpha));
    }
  }
  return pixels;
}

} // namespace ncc::image
