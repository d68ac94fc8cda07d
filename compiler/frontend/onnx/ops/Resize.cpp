// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Resampling: Resize, Upsample, GridSample, ReverseSequence.
#include "compiler/frontend/onnx/Handlers.h"

#include "absl/strings/str_cat.h"

#include <cmath>

using namespace mlir;

namespace ncc::frontend {

using graph::CoordinateMode;
using graph::NearestMode;
using graph::ResizeMode;
using Floats = SmallVector<double>;

static std::optional<ResizeMode> modeOf(NodeContext &node) {
  std::string mode = node.attrString("mode", "nearest");
  std::optional<ResizeMode> known = graph::symbolizeResizeMode(mode == "bilinear" ? "linear" : mode == "bicubic" ? "cubic" : mode);
  if (!known) {
    node.OpBuilding::fail("mode '" + mode + "' is not supported");
  }
  return known;
}

static Value build(NodeContext &node, graph::ResizeOp::Properties properties, const Floats &scales, IntsRef sizes) {
  properties.scales = node.floatsAttr(scales);
  Value x = node.input(0);
  return node.one<graph::ResizeOp>(x, properties, RankedTensorType::get(sizes, node.elementOf(x)));
}

/// floor(dim * scale) per dim; nothing when a scale is not a positive number.
static std::optional<Ints> scaledSizes(NodeContext &node, const Floats &scales) {
  IntsRef dims = node.dimsOf(node.input(0));
  Ints sizes;
  double total = 1; // no memory holds 2^40 elements, whatever the dims
  for (size_t i = 0; i < dims.size() && scales.size() == dims.size(); ++i) {
    double size = std::floor(static_cast<double>(dims[i]) * scales[i]);
    total *= std::max(size, 1.0);
    if (!(scales[i] > 0) || !(total < 0x1p40)) {
      break;
    }
    sizes.push_back(static_cast<int64_t>(size));
  }
  if (sizes.size() != dims.size()) {
    node.OpBuilding::fail("scales must hold one positive number per dim");
    return std::nullopt;
  }
  return sizes;
}

/// Upsample and Resize-10: sample x * scale without centering.
static LogicalResult upsample(NodeContext &node) {
  if (!node.needInputs(1, 2)) {
    return failure();
  }
  Floats scales = node.attrFloats("scales");
  if (node.opType() == "Upsample" && node.opset() < 7) {
    scales = {1, 1, node.attrFloat("height_scale", 1), node.attrFloat("width_scale", 1)};
  } else if (node.opset() >= 9) {
    std::optional<Floats> given = node.constFloats(1, "scales");
    if (!given) {
      return failure();
    }
    scales = *given;
  }
  std::optional<ResizeMode> mode = modeOf(node);
  std::optional<Ints> sizes = scaledSizes(node, scales);
  if (!mode || !sizes) {
    return failure();
  }
  graph::ResizeOp::Properties properties;
  properties.mode = graph::ResizeModeAttr::get(node.context(), *mode);
  properties.coordinate_mode = graph::CoordinateModeAttr::get(node.context(), CoordinateMode::Asymmetric);
  properties.nearest_mode = graph::NearestModeAttr::get(node.context(), NearestMode::Floor);
  return node.result(build(node, properties, scales, *sizes));
}

/// The sizes that `keep_aspect_ratio_policy` makes of the wanted ones, and their common scale.
static void keepAspect(NodeContext &node, IntsRef axes, Ints &sizes, Floats &scales) {
  std::string policy = node.attrString("keep_aspect_ratio_policy", "stretch");
  IntsRef dims = node.dimsOf(node.input(0));
  if (policy == "stretch" || axes.empty()) {
    return;
  }
  double chosen = scales[axes[0]];
  for (int64_t axis : axes) {
    chosen = policy == "not_larger" ? std::min(chosen, scales[axis]) : std::max(chosen, scales[axis]);
  }
  for (int64_t axis : axes) {
    scales[axis] = chosen;
    sizes[axis] = static_cast<int64_t>(std::floor(chosen * static_cast<double>(dims[axis]) + 0.5));
  }
}

static LogicalResult resizeTo(NodeContext &node, IntsRef axes, Ints &sizes, Floats &scales) {
  IntsRef dims = node.dimsOf(node.input(0));
  bool bySizes = node.has(3) && node.typeOf(node.input(3)).getNumElements() > 0;
  if (bySizes) {
    std::optional<Ints> given = node.constInts(3, "sizes");
    if (!given || given->size() != axes.size()) {
      return node.fail("sizes must have one entry per resized dim");
    }
    for (size_t i = 0; i < axes.size(); ++i) {
      if ((*given)[i] < 1 || dims[axes[i]] < 1) {
        return node.fail("sizes must be positive");
      }
      sizes[axes[i]] = (*given)[i];
      scales[axes[i]] = static_cast<double>((*given)[i]) / static_cast<double>(dims[axes[i]]);
    }
    keepAspect(node, axes, sizes, scales);
    return success();
  }
  std::optional<Floats> given = node.constFloats(2, "scales");
  if (!given || given->size() != axes.size()) {
    return node.fail("scales must have one entry per resized dim");
  }
  for (size_t i = 0; i < axes.size(); ++i) {
    scales[axes[i]] = (*given)[i];
  }
  std::optional<Ints> scaled = scaledSizes(node, scales);
  if (!scaled) {
    return failure();
  }
  sizes = *scaled;
  return success();
}

static LogicalResult resize(NodeContext &node) {
  if (!node.needInputs(1, 4)) {
    return failure();
  }
  IntsRef dims = node.dimsOf(node.input(0));
  int64_t rank = static_cast<int64_t>(dims.size());
  std::optional<Ints> axes = node.axes(node.attrInts("axes"), rank);
  if (!axes) {
    return failure();
  }
  for (int64_t i = 0; i < rank && !node.hasAttr("axes"); ++i) {
    axes->push_back(i);
  }
  Ints sizes(dims);
  Floats scales(rank, 1.0), roi;
  std::optional<ResizeMode> mode = modeOf(node);
  std::string coordinates = node.attrString("coordinate_transformation_mode", "half_pixel");
  std::optional<CoordinateMode> where = graph::symbolizeCoordinateMode(coordinates);
  std::optional<NearestMode> nearest = graph::symbolizeNearestMode(node.attrString("nearest_mode", "round_prefer_floor"));
  if (!mode || !where || !nearest) {
    return node.fail("coordinate_transformation_mode '" + coordinates + "' or nearest_mode is not supported");
  }
  if (failed(resizeTo(node, *axes, sizes, scales))) {
    return failure();
  }
  if (*where == CoordinateMode::TfCropAndResize) {
    std::optional<Floats> given = node.constFloats(1, "roi");
    if (!given || given->size() != 2 * axes->size()) {
      return node.fail("roi must have two entries per resized dim");
    }
    roi.assign(2 * rank, 0.0);
    std::fill(roi.begin() + rank, roi.end(), 1.0);
    for (size_t i = 0; i < axes->size(); ++i) {
      roi[(*axes)[i]] = (*given)[i];
      roi[(*axes)[i] + rank] = (*given)[i + axes->size()];
    }
  }
  graph::ResizeOp::Properties properties;
  properties.mode = graph::ResizeModeAttr::get(node.context(), *mode);
  properties.coordinate_mode = graph::CoordinateModeAttr::get(node.context(), *where);
  properties.nearest_mode = graph::NearestModeAttr::get(node.context(), *nearest);
  properties.roi = node.floatsAttr(roi);
  properties.cubic_coeff = node.floatAttr(node.attrFloat("cubic_coeff_a", -0.75));
  properties.exclude_outside = node.flag(node.attrInt("exclude_outside", 0) != 0);
  properties.antialias = node.flag(node.attrInt("antialias", 0) != 0);
  properties.extrapolation_value = node.floatAttr(node.attrFloat("extrapolation_value", 0.0));
  return node.result(build(node, properties, scales, sizes));
}

static LogicalResult gridSample(NodeContext &node) {
  std::optional<ResizeMode> mode = node.needInputs(2, 2) ? modeOf(node) : std::nullopt;
  std::optional<graph::GridPadding> padding = graph::symbolizeGridPadding(node.attrString("padding_mode", "zeros"));
  if (!mode || !padding) {
    return node.fail("padding_mode is not supported");
  }
  graph::GridSampleOp::Properties properties;
  properties.mode = graph::ResizeModeAttr::get(node.context(),
                                               node.hasAttr("mode") ? *mode : ResizeMode::Linear);
  properties.padding = graph::GridPaddingAttr::get(node.context(), *padding);
  properties.align_corners = node.flag(node.attrInt("align_corners", 0) != 0);
  return node.result(node.one<graph::GridSampleOp>({node.input(0), node.input(1)}, properties));
}

static LogicalResult reverseSequence(NodeContext &node) {
  if (!node.needInputs(2, 2)) {
    return failure();
  }
  graph::ReverseSequenceOp::Properties properties;
  properties.batch_axis = node.intAttr(node.attrInt("batch_axis", 1));
  properties.time_axis = node.intAttr(node.attrInt("time_axis", 0));
  return node.result(node.one<graph::ReverseSequenceOp>({node.input(0), node.input(1)}, properties));
}

void addResizeHandlers(HandlerTable &table) {
  table.add("Upsample", 1, upsample);
  table.add("Resize", 10, upsample);
  table.add("Resize", 11, resize);
  table.add("GridSample", 16, gridSample);
  table.add("ReverseSequence", 10, reverseSequence);
}

} // namespace ncc::frontend
