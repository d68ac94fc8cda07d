// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// JPEG 2000 by OpenJPEG, in its container or as a bare codestream.
#include "runtime/image/Formats.h"

#include "absl/strings/str_cat.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <openjpeg.h>

namespace ncc::image {

namespace {
struct Source {
  Bytes file;
  size_t at = 0;
  std::string message;
};

OPJ_SIZE_T read(void *out, OPJ_SIZE_T count, void *data) {
  auto *source = static_cast<Source *>(data);
  const size_t taken = std::min(count, source->file.size() - source->at);
  if (taken == 0) {
    return static_cast<OPJ_SIZE_T>(-1); // the end, as the library says it
  }
  std::memcpy(out, source->file.data() + source->at, taken);
  source->at += taken;
  return taken;
}

OPJ_OFF_T skip(OPJ_OFF_T count, void *data) {
  auto *source = static_cast<Source *>(data);
  if (count < 0 || static_cast<uint64_t>(count) > source->file.size() - source->at) {
    return -1;
  }
  source->at += static_cast<size_t>(count);
  return count;
}

OPJ_BOOL seek(OPJ_OFF_T at, void *data) {
  auto *source = static_cast<Source *>(data);
  if (at < 0 || static_cast<uint64_t>(at) > source->file.size()) {
    return OPJ_FALSE;
  }
  source->at = static_cast<size_t>(at);
  return OPJ_TRUE;
}

/// The first thing that goes wrong says most.
void keepError(const char *text, void *data) {
  auto *source = static_cast<Source *>(data);
  if (source->message.empty()) {
    source->message.assign(text, std::strcspn(text, "\n"));
  }
}
void ignore(const char *, void *) {}

/// The container may hold a palette of up to 255 columns, each of which would be as large as the image.
bool hasWidePalette(Bytes file) {
  std::string_view boxes(reinterpret_cast<const char *>(file.data()), file.size());
  boxes = boxes.substr(0, boxes.find("jp2c"));
  const size_t at = boxes.find("pclr");
  return at < boxes.size() && at + 6 < boxes.size() && static_cast<uint8_t>(boxes[at + 6]) > 4;
}

/// A sample as 8 bits; chroma may have fewer than the image has pixels.
int sampleAt(const opj_image_comp_t &component, int64_t x, int64_t y) {
  const int64_t column = std::min<int64_t>(x / component.dx, component.w - 1), row = std::min<int64_t>(y / component.dy, component.h - 1);
  const int64_t most = (int64_t{1} << component.prec) - 1;
  const int64_t value = component.data[row * component.w + column] + (component.sgnd ? int64_t{1} << (component.prec - 1) : 0);
  const int64_t inside = std::clamp<int64_t>(value, 0, most);
  return static_cast<int>(component.prec >= 8 ? inside >> (component.prec - 8) : inside * 255 / most);
}

void toRgb(const opj_image_t &image, int64_t x, int64_t y, uint8_t *rgb) {
  const OPJ_UINT32 count = image.numcomps < 3 ? 1 : image.numcomps;
  int samples[4] = {};
  for (OPJ_UINT32 i = 0; i < count; ++i) {
    samples[i] = sampleAt(image.comps[i], x, y);
  }
  auto byte = [](double value) { return static_cast<uint8_t>(std::clamp(value + 0.5, 0.0, 255.0)); };
  if (count == 1) {
    std::fill_n(rgb, 3, static_cast<uint8_t>(samples[0]));
  } else if (image.color_space == OPJ_CLRSPC_CMYK && count == 4) {
    inkToRgb(byte(samples[0]), byte(samples[1]), byte(samples[2]), byte(samples[3]), rgb);
  } else if (image.color_space == OPJ_CLRSPC_SYCC) {
    const double blue = samples[1] - 128, red = samples[2] - 128;
    rgb[0] = byte(samples[0] + 1.402 * red);
    rgb[1] = byte(samples[0] - 0.344136 * blue - 0.714136 * red);
    rgb[2] = byte(samples[0] + 1.772 * blue);
  } else {
    std::transform(samples, samples + 3, rgb, byte);
  }
}

bool isReadable(const opj_image_t &image) {
  return image.numcomps >= 1 && image.numcomps <= 4 && std::all_of(image.comps, image.comps + image.numcomps, [](const opj_image_comp_t &c) {
           return c.data && c.w > 0 && c.h > 0 && c.dx > 0 && c.dy > 0 && c.prec >= 1 && c.prec <= 31;
         });
}
} // namespace

absl::StatusOr<Tensor> decodeJpeg2000(Bytes file) {
  Source source{file, 0, {}};
  std::unique_ptr<opj_stream_t, void (*)(opj_stream_t *)> stream(opj_stream_default_create(OPJ_TRUE), [](opj_stream_t *s) { opj_stream_destroy(s); });
  std::unique_ptr<opj_codec_t, void (*)(opj_codec_t *)> codec(opj_create_decompress(file[0] == 0 ? OPJ_CODEC_JP2 : OPJ_CODEC_J2K),
                                                              [](opj_codec_t *c) { opj_destroy_codec(c); });
  opj_stream_set_user_data(stream.get(), &source, nullptr);
  opj_stream_set_user_data_length(stream.get(), file.size());
  opj_stream_set_read_function(stream.get(), read);
  opj_stream_set_skip_function(stream.get(), skip);
  opj_stream_set_seek_function(stream.get(), seek);
  opj_set_error_handler(codec.get(), keepError, &source);
  opj_set_warning_handler(codec.get(), ignore, nullptr);
  opj_set_info_handler(codec.get(), ignore, nullptr);
  opj_dparameters_t parameters;
  opj_set_default_decoder_parameters(&parameters);
  opj_image_t *header = nullptr;
  const bool begun = opj_setup_decoder(codec.get(), &parameters) && opj_read_header(stream.get(), codec.get(), &header);
  std::unique_ptr<opj_image_t, void (*)(opj_image_t *)> image(header, opj_image_destroy);
  if (!begun || !image) {
    return unreadable("JPEG 2000", source.message);
  }
  if (image->numcomps > 4 || hasWidePalette(file)) {
    return unreadable("JPEG 2000", "it has more than 4 components");
  }
  const int64_t width = int64_t{image->x1} - image->x0, height = int64_t{image->y1} - image->y0;
  absl::StatusOr<Tensor> pixels = newPixels("JPEG 2000", width, height);
  if (!pixels.ok()) {
    return pixels;
  }
  if (!opj_decode(codec.get(), stream.get(), image.get()) || !isReadable(*image)) {
    return unreadable("JPEG 2000", source.message.empty() ? "its data are damaged or cut short" : source.message);
  }
  uint8_t *out = pixels->mutableAs<uint8_t>().data();
  for (int64_t y = 0; y < height; ++y) {
    for (int64_t x = 0; x < width; ++x, out += 3) {
      toRgb(*image, x, y, out);
    }
  }
  return pixels;
}

} // namespace ncc::image
