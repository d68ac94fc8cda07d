// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference kernels of regions of interest and deformed windows: bilinear samples of single planes.
#include "runtime/ops/Support.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ncc::ops {

namespace {

/// The value at (y, x) between the four pixels around it; pixels outside count as zero.
template <typename T>
double bilinear(const T *plane, int64_t height, int64_t width, double y, double x) {
  if (!(y > -1 && x > -1 && y < static_cast<double>(height) && x < static_cast<double>(width))) {
    return 0;
  }
  auto y0 = static_cast<int64_t>(std::floor(y)), x0 = static_cast<int64_t>(std::floor(x));
  double fy = y - static_cast<double>(y0), fx = x - static_cast<double>(x0), sum = 0;
  for (int64_t dy = 0; dy < 2; ++dy) {
    for (int64_t dx = 0; dx < 2; ++dx) {
      int64_t row = y0 + dy, column = x0 + dx;
      if (row >= 0 && column >= 0 && row < height && column < width) {
        sum += (dy ? fy : 1 - fy) * (dx ? fx : 1 - fx) * static_cast<double>(plane[row * width + column]);
      }
    }
  }
  return sum;
}

/// RoiAlign's own border: positions within one pixel of the image are moved onto it. The four weighted pixels.
template <typename T>
std::array<double, 4> clampedTerms(const T *plane, int64_t height, int64_t width, double y, double x) {
  if (!(y >= -1 && x >= -1 && y <= static_cast<double>(height) && x <= static_cast<double>(width))) {
    return {0, 0, 0, 0};
  }
  y = std::max(y, 0.0);
  x = std::max(x, 0.0);
  auto y0 = static_cast<int64_t>(y), x0 = static_cast<int64_t>(x);
  int64_t y1 = y0 + 1, x1 = x0 + 1;
  if (y0 >= height - 1) {
    y0 = y1 = height - 1;
    y = static_cast<double>(y0);
  }
  if (x0 >= width - 1) {
    x0 = x1 = width - 1;
    x = static_cast<double>(x0);
  }
  double fy = y - static_cast<double>(y0), fx = x - static_cast<double>(x0);
  return {(1 - fy) * (1 - fx) * static_cast<double>(plane[y0 * width + x0]), (1 - fy) * fx * static_cast<double>(plane[y0 * width + x1]),
          fy * (1 - fx) * static_cast<double>(plane[y1 * width + x0]), fy * fx * static_cast<double>(plane[y1 * width + x1])};
}

/// One region of interest on the image, and the grid of samples in each of its cells.
struct Region {
  double top, left, cellHeight, cellWidth;
  int64_t rows, columns;
};

template <typename T>
Region regionOf(const Attributes &attrs, const T *corners) {
  double scale = attrs.getFloat("spatial_scale", 1), shift = attrs.getInt("half_pixel", 0) ? 0.5 : 0;
  auto height = static_cast<double>(attrs.getInt("height", 1)), width = static_cast<double>(attrs.getInt("width", 1));
  double left = static_cast<double>(corners[0]) * scale - shift, top = static_cast<double>(corners[1]) * scale - shift;
  double w = static_cast<double>(corners[2]) * scale - shift - left, h = static_cast<double>(corners[3]) * scale - shift - top;
  if (shift == 0) { // the older form makes degenerate regions one pixel large
    w = std::max(w, 1.0);
    h = std::max(h, 1.0);
  }
  int64_t ratio = attrs.getInt("sampling_ratio", 0);
  auto samples = [&](double extent) {
    return ratio > 0 ? ratio : std::clamp<int64_t>(static_cast<int64_t>(std::ceil(extent)), 1, 1 << 12);
  };
  return {top, left, h / height, w / width, samples(h / height), samples(w / width)};
}

template <typename T>
double alignedCell(const Region &region, const T *plane, int64_t height, int64_t width, int64_t row, int64_t column, bool maximum) {
  double sum = 0, most = -std::numeric_limits<double>::infinity();
  for (int64_t i = 0; i < region.rows; ++i) {
    double y = region.top + region.cellHeight * (static_cast<double>(row) + (static_cast<double>(i) + 0.5) / static_cast<double>(region.rows));
    for (int64_t j = 0; j < region.columns; ++j) {
      double x = region.left + region.cellWidth * (static_cast<double>(column) + (static_cast<double>(j) + 0.5) / static_cast<double>(region.columns));
      std::array<double, 4> terms = clampedTerms(plane, height, width, y, x);
      sum += terms[0] + terms[1] + terms[2] + terms[3];
      most = std::max(most, *std::max_element(terms.begin(), terms.end()));
    }
  }
  return maximum ? most : sum / static_cast<double>(region.rows * region.columns);
}

/// Cells of a pooled region are whole pixels.
template <typename T>
T pooledCell(const T *plane, int64_t height, int64_t width, std::array<int64_t, 4> box, int64_t row, int64_t column, int64_t rows, int64_t columns) {
  auto [x0, y0, x1, y1] = box;
  int64_t h = std::max<int64_t>(y1 - y0 + 1, 1), w = std::max<int64_t>(x1 - x0 + 1, 1);
  auto edge = [](int64_t at, int64_t extent, int64_t cells, int64_t start, int64_t limit, bool up) {
    double position = static_cast<double>(at) * static_cast<double>(extent) / static_cast<double>(cells);
    return std::clamp(static_cast<int64_t>(up ? std::ceil(position) : std::floor(position)) + start, int64_t(0), limit);
  };
  int64_t top = edge(row, h, rows, y0, height, false), bottom = edge(row + 1, h, rows, y0, height, true);
  int64_t left = edge(column, w, columns, x0, width, false), right = edge(column + 1, w, columns, x0, width, true);
  if (bottom <= top || right <= left) {
    return T(0);
  }
  T most = plane[top * width + left];
  for (int64_t y = top; y < bottom; ++y) {
    for (int64_t x = left; x < right; ++x) {
      most = std::max(most, plane[y * width + x]);
    }
  }
  return most;
}

/// True when the operands are an image, regions of that many columns, and one result plane per region and channel.
bool fitRegions(const KernelContext &context, int64_t columns) {
  const Shape &x = context.inputs[0].shape(), &r = context.inputs[1].shape(), &y = context.outputs[0].shape();
  return x.size() == 4 && r.size() == 2 && y.size() == 4 && r[1] == columns && y[0] == r[0] && y[1] == x[1] &&
         context.inputs[1].dtype() == context.inputs[0].dtype() && context.outputs[0].dtype() == context.inputs[0].dtype();
}

} // namespace

absl::Status roiAlign(KernelContext &context) {
  if (context.inputs.size() != 3 || !fitRegions(context, 4) || context.inputs[2].size() != context.inputs[1].shape()[0]) {
    return absl::InvalidArgumentError("the regions do not fit the image or the result");
  }
  return runWidened(context, [&](KernelContext &wide) {
    return dispatchFloat(wide.inputs[0].dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const Shape &x = wide.inputs[0].shape(), &y = wide.outputs[0].shape();
      bool maximum = wide.attrs.getInt("maximum", 0) != 0;
      T *out = wide.outputs[0].template mutableAs<T>().data();
      for (int64_t r = 0; r < y[0]; ++r) {
        int64_t image = wide.inputs[2].asInt(r);
        if (image < 0 || image >= x[0]) {
          return absl::InvalidArgumentError(absl::StrCat("region ", r, " lies in image ", image, " of ", x[0]));
        }
        Region region = regionOf(wide.attrs, wide.inputs[1].template as<T>().data() + r * 4);
        for (int64_t c = 0; c < y[1]; ++c) {
          const T *plane = wide.inputs[0].template as<T>().data() + (image * x[1] + c) * x[2] * x[3];
          for (int64_t i = 0; i < y[2] * y[3]; ++i) {
            *out++ = static_cast<T>(alignedCell(region, plane, x[2], x[3], i / y[3], i % y[3], maximum));
          }
        }
      }
      return absl::OkStatus();
    });
  });
}

absl::Status maxRoiPool(KernelContext &context) {
  if (context.inputs.size() != 2 || !fitRegions(context, 5)) {
    return absl::InvalidArgumentError("the regions do not fit the image or the result");
  }
  double scale = context.attrs.getFloat("spatial_scale", 1);
  return runWidened(context, [&](KernelContext &wide) {
    return dispatchFloat(wide.inputs[0].dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const Shape &x = wide.inputs[0].shape(), &y = wide.outputs[0].shape();
      T *out = wide.outputs[0].template mutableAs<T>().data();
      for (int64_t r = 0; r < y[0]; ++r) {
        auto image = static_cast<int64_t>(std::clamp(wide.inputs[1].asDouble(r * 5), -1e15, 1e15));
        if (image < 0 || image >= x[0]) {
          return absl::InvalidArgumentError(absl::StrCat("region ", r, " lies in image ", image, " of ", x[0]));
        }
        std::array<int64_t, 4> box;
        for (int64_t k = 0; k < 4; ++k) {
          double corner = std::round(wide.inputs[1].asDouble(r * 5 + 1 + k) * scale);
          box[static_cast<size_t>(k)] = static_cast<int64_t>(corner > -1e9 && corner < 1e9 ? corner : 0);
        }
        for (int64_t c = 0; c < y[1]; ++c) {
          const T *plane = wide.inputs[0].template as<T>().data() + (image * x[1] + c) * x[2] * x[3];
          for (int64_t i = 0; i < y[2] * y[3]; ++i) {
            *out++ = pooledCell(plane, x[2], x[3], box, i / y[3], i % y[3], y[2], y[3]);
          }
        }
      }
      return absl::OkStatus();
    });
  });
}

absl::Status deformColumns(KernelContext &context) {
  std::vector<int64_t> kernel = context.attrs.getInts("kernel"), strides = context.attrs.getInts("strides");
  std::vector<int64_t> pads = context.attrs.getInts("pads"), dilations = context.attrs.getInts("dilations");
  int64_t groups = context.attrs.getInt("offset_group", 1);
  if (kernel.size() != 2 || strides.size() != 2 || pads.size() != 4 || dilations.size() != 2 || groups < 1 || kernel[0] < 1 || kernel[1] < 1) {
    return absl::InvalidArgumentError("needs a window of two dims");
  }
  int64_t points = kernel[0] * kernel[1];
  const Shape &image = context.inputs[0].shape(), &shift = context.inputs[1].shape(), &result = context.outputs[0].shape();
  bool fits = image.size() == 4 && shift.size() == 4 && result.size() == 3 && image[1] % groups == 0 && shift[0] == image[0] &&
              shift[1] == groups * points * 2 && result[0] == image[0] && result[1] == image[1] * points && result[2] == shift[2] * shift[3];
  if (!fits || (present(context, 2) && context.inputs[2].size() * 2 != context.inputs[1].size())) {
    return absl::InvalidArgumentError("the offsets do not fit the image or the result");
  }
  return runWidened(context, [&](KernelContext &wide) {
    return dispatchFloat(wide.inputs[0].dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const Shape &x = wide.inputs[0].shape(), &o = wide.inputs[1].shape();
      int64_t rows = o[2], columns = o[3], perGroup = x[1] / groups;
      const T *offsets = wide.inputs[1].template as<T>().data();
      const T *mask = present(wide, 2) ? wide.inputs[2].template as<T>().data() : nullptr;
      T *out = wide.outputs[0].template mutableAs<T>().data();
      for (int64_t n = 0; n < x[0]; ++n) {
        for (int64_t c = 0; c < x[1]; ++c) {
          const T *plane = wide.inputs[0].template as<T>().data() + (n * x[1] + c) * x[2] * x[3];
          for (int64_t p = 0; p < points; ++p) {
            int64_t slot = (n * groups + c / perGroup) * points + p; // which mask plane; offsets have two per slot
            for (int64_t i = 0; i < rows * columns; ++i) {
              double y = static_cast<double>(i / columns * strides[0] - pads[0] + p / kernel[1] * dilations[0]);
              double z = static_cast<double>(i % columns * strides[1] - pads[1] + p % kernel[1] * dilations[1]);
              y += static_cast<double>(offsets[slot * 2 * rows * columns + i]);
              z += static_cast<double>(offsets[(slot * 2 + 1) * rows * columns + i]);
              double value = bilinear(plane, x[2], x[3], y, z);
              *out++ = static_cast<T>(mask ? value * static_cast<double>(mask[slot * rows * columns + i]) : value);
            }
          }
        }
      }
      return absl::OkStatus();
    });
  });
}

} // namespace ncc::ops
