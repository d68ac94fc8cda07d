// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "compiler/driver/Sizes.h"

#include <algorithm>
#include <charconv>

using namespace ncc;

namespace {

bool number(std::string_view text, int64_t &value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= 0;
}

/// Adds what one entry of a list means.
bool entry(std::string_view text, Sizes &sizes) {
  const size_t dots = text.find("..");
  if (dots == std::string_view::npos) {
    int64_t size = 0;
    sizes.push_back(0);
    return number(text, size) && (sizes.back() = size, true);
  }
  std::string_view end = text.substr(dots + 2);
  int64_t low = 0, high = 0, step = 0;
  if (const size_t colon = end.find(':'); colon != std::string_view::npos) {
    if (!number(end.substr(colon + 1), step) || step == 0) {
      return false;
    }
    end = end.substr(0, colon);
  }
  if (!number(text.substr(0, dots), low) || !number(end, high) || low < 1 || high < low) {
    return false;
  }
  for (int64_t size = low; size < high && sizes.size() <= kMostBuckets; size = step ? size + step : 2 * size) {
    sizes.push_back(size);
  }
  sizes.push_back(high);
  return sizes.size() <= kMostBuckets;
}

} // namespace

std::optional<Sizes> ncc::parseSizes(std::string_view text) {
  Sizes sizes;
  if (text.starts_with('{') && text.ends_with('}')) {
    std::string_view rest = text.substr(1, text.size() - 2);
    while (true) {
      const size_t comma = rest.find(',');
      if (!entry(rest.substr(0, comma), sizes)) {
        return std::nullopt;
      }
      if (comma == std::string_view::npos) {
        break;
      }
      rest = rest.substr(comma + 1);
    }
  } else if (!entry(text, sizes)) {
    return std::nullopt;
  }
  std::sort(sizes.begin(), sizes.end());
  sizes.erase(std::unique(sizes.begin(), sizes.end()), sizes.end());
  return sizes.size() <= kMostBuckets ? std::optional(sizes) : std::nullopt;
}

std::optional<std::vector<Sizes>> ncc::parseShape(std::string_view text) {
  std::vector<Sizes> shape;
  while (!text.empty()) {
    const size_t close = text.starts_with('{') ? text.find('}') : 0;
    const size_t cross = close == std::string_view::npos ? close : text.find('x', close);
    std::optional<Sizes> sizes = parseSizes(text.substr(0, cross));
    if (!sizes || cross == text.size() - 1) {
      return std::nullopt;
    }
    shape.push_back(*std::move(sizes));
    text = cross == std::string_view::npos ? std::string_view() : text.substr(cross + 1);
  }
  return shape;
}

std::string ncc::sizesText(const Sizes &sizes) {
  std::string text = sizes.size() == 1 ? "" : "{";
  for (size_t i = 0; i < sizes.size(); ++i) {
    text += i ? "," : "";
    text += std::to_string(sizes[i]);
  }
  text += sizes.size() == 1 ? "" : "}";
  return text;
}
