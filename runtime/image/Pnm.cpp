// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// PNM: bitmaps (P1, P4), greymaps (P2, P5) and pixmaps (P3, P6), as text and as bytes.
#include "runtime/image/Formats.h"

#include <algorithm>
#include <cctype>

namespace ncc::image {

namespace {
class Reader {
public:
  explicit Reader(Bytes rest) : rest(rest) {}

  /// A number of the header or of a text format, after white space and comments; -1 when there is none below 2^30.
  int64_t number() {
    skipSpace();
    int64_t value = -1;
    while (!rest.empty() && std::isdigit(rest[0]) && value < int64_t{1} << 30) {
      value = std::max<int64_t>(value, 0) * 10 + (take() - '0');
    }
    return value < int64_t{1} << 30 ? value : -1;
  }
  /// A digit of P1, where they may stand side by side.
  int64_t bit() {
    skipSpace();
    return !rest.empty() && (rest[0] == '0' || rest[0] == '1') ? take() - '0' : -1;
  }
  int64_t take() {
    const int64_t byte = rest[0];
    rest.remove_prefix(1);
    return byte;
  }
  size_t left() const { return rest.size(); }

private:
  void skipSpace() {
    while (!rest.empty() && (std::isspace(rest[0]) || rest[0] == '#')) {
      if (rest[0] == '#') {
        while (!rest.empty() && rest[0] != '\n') {
          take();
        }
      } else {
        take();
      }
    }
  }
  Bytes rest;
};

struct Header {
  char kind; // '1' to '6'
  int64_t width, height, most;

  bool isText() const { return kind <= '3'; }
  bool isBitmap() const { return kind == '1' || kind == '4'; }
  int64_t channels() const { return kind == '3' || kind == '6' ? 3 : 1; }
  /// Bytes of a row, or of the text of its samples at least.
  int64_t rowBytes() const {
    const int64_t samples = width * channels();
    return isText() ? samples : isBitmap() ? (width + 7) / 8 : samples * (most > 255 ? 2 : 1);
  }
};

/// Samples of one row, as bytes; false when a sample is missing or too large.
bool readRow(Reader &reader, const Header &header, std::vector<uint8_t> &row) {
  int64_t packed = 0;
  for (size_t i = 0; i < row.size(); ++i) {
    int64_t value = -1;
    if (header.kind == '1') {
      value = reader.bit();
    } else if (header.kind == '4') {
      packed = i % 8 == 0 ? reader.take() : packed << 1;
      value = packed >> 7 & 1;
    } else if (header.isText()) {
      value = reader.number();
    } else {
      value = reader.take();
      value = header.most > 255 ? value << 8 | reader.take() : value;
    }
    if (value < 0 || value > header.most) {
      return false;
    }
    const int64_t level = header.isBitmap() ? 1 - value : value; // of a bitmap, 1 is black
    row[i] = static_cast<uint8_t>((level * 255 + header.most / 2) / header.most);
  }
  return true;
}
} // namespace

absl::StatusOr<Tensor> decodePnm(Bytes file) {
  if (file.size() < 3 || file[1] < '1' || file[1] > '6') {
    return unreadable("PNM", "only P1 to P6 are known");
  }
  Reader reader(file.subspan(2));
  Header header{static_cast<char>(file[1]), reader.number(), reader.number(), 1};
  header.most = header.isBitmap() ? 1 : reader.number();
  if (header.most < 1 || header.most > 65535) {
    return unreadable("PNM", "its largest value must be from 1 to 65535");
  }
  if (!header.isText() && reader.left() > 0) {
    reader.take(); // one white space ends the header
  }
  if (header.height > 0 && header.rowBytes() > static_cast<int64_t>(reader.left()) / header.height) {
    return unreadable("PNM", "it ends too early");
  }
  absl::StatusOr<Tensor> pixels = newPixels("PNM", header.width, header.height);
  if (!pixels.ok()) {
    return pixels;
  }
  std::vector<uint8_t> row(static_cast<size_t>(header.width * header.channels()));
  uint8_t *out = pixels->mutableAs<uint8_t>().data();
  for (int64_t y = 0; y < header.height; ++y) {
    if (!readRow(reader, header, row)) {
      return unreadable("PNM", "a sample is missing or larger than the largest value");
    }
    for (uint8_t sample : row) {
      out = std::fill_n(out, 3 / header.channels(), sample);
    }
  }
  return pixels;
}

} // namespace ncc::image
