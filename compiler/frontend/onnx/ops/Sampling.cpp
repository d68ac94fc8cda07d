// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Regions of interest, deformable convolution, and columns put back into an image.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/ops/Window.h"

#include "absl/strings/str_cat.h"

using namespace mlir;

namespace ncc::frontend {

static LogicalResult roiAlign(NodeContext &node) {
  std::string mode = node.attrString("mode", "avg"), form = node.attrString("coordinate_transformation_mode", "half_pixel");
  form = node.opset() < 16 ? "output_half_pixel" : form;
  if (!node.needInputs(3, 3) || (mode != "avg" && mode != "max") || (form != "half_pixel" && form != "output_half_pixel")) {
    return node.fail("mode must be avg or max, coordinate_transformation_mode half_pixel or output_half_pixel");
  }
  graph::RoiAlignOp::Properties properties;
  properties.height = node.intAttr(node.attrInt("output_height", 1));
  properties.width = node.intAttr(node.attrInt("output_width", 1));
  properties.spatial_scale = node.floatAttr(node.attrFloat("spatial_scale", 1.0));
  properties.sampling_ratio = node.intAttr(node.attrInt("sampling_ratio", 0));
  properties.maximum = node.flag(mode == "max");
  properties.half_pixel = node.flag(form == "half_pixel");
  return node.result(node.one<graph::RoiAlignOp>({node.input(0), node.input(1), node.input(2)}, properties));
}

static LogicalResult maxRoiPool(NodeContext &node) {
  Ints shape = node.attrInts("pooled_shape");
  if (!node.needInputs(2, 2) || shape.size() != 2) {
    return node.fail("pooled_shape must be two sizes");
  }
  graph::MaxRoiPoolOp::Properties properties;
  properties.height = node.intAttr(shape[0]);
  properties.width = node.intAttr(shape[1]);
  properties.spatial_scale = node.floatAttr(node.attrFloat("spatial_scale", 1.0));
  return node.result(node.one<graph::MaxRoiPoolOp>({node.input(0), node.input(1)}, properties));
}

/// The deformed windows as columns, then a product per group.
static LogicalResult deformConv(NodeContext &node) {
  if (!node.needInputs(3, 5) || node.rankOf(node.input(0)) != 4 || node.rankOf(node.input(1)) != 4 || node.rankOf(node.input(2)) != 4) {
    return node.fail("only two spatial dims are supported");
  }
  Value x = node.input(0), w = node.input(1);
  IntsRef dims = node.dimsOf(x), filter = node.dimsOf(w);
  int64_t group = node.attrInt("group", 1);
  Ints kernel = node.attrInts("kernel_shape"), pads = node.attrInts("pads");
  kernel = kernel.empty() ? Ints(filter.drop_front(2)) : kernel;
  pads = pads.empty() ? Ints(4, 0) : pads;
  std::optional<Ints> strides = windowInts(node, "strides", 2, 1), dilations = windowInts(node, "dilations", 2, 1);
  if (!strides || !dilations || group < 1 || dims[1] != filter[1] * group || filter[0] % group != 0 || IntsRef(kernel) != filter.drop_front(2)) {
    return node.fail("group and kernel_shape do not fit the image and the weights");
  }
  graph::DeformColumnsOp::Properties properties;
  properties.kernel = node.intsAttr(kernel);
  properties.strides = node.intsAttr(*strides);
  properties.pads = node.intsAttr(pads);
  properties.dilations = node.intsAttr(*dilations);
  properties.offset_group = node.intAttr(node.attrInt("offset_group", 1));
  SmallVector<Value> operands{x, node.input(2)};
  if (node.has(4)) {
    operands.push_back(node.input(4));
  }
  Value columns = node.one<graph::DeformColumnsOp>(operands, properties);
  if (!columns) {
    return failure();
  }
  int64_t inner = filter[1] * kernel[0] * kernel[1], outer = filter[0] / group, points = node.dimsOf(columns)[2];
  Value y = node.matmul(node.reshape(w, {1, group, outer, inner}), node.reshape(columns, {dims[0], group, inner, points}));
  IntsRef offset = node.dimsOf(node.input(2));
  y = node.reshape(y, {dims[0], filter[0], offset[2], offset[3]});
  return node.result(node.has(3) ? node.add(y, node.channelVector(node.input(3), 4)) : y);
}

/// Each column entry is added at its place: a transposed convolution with one-hot filters.
static LogicalResult col2im(NodeContext &node) {
  std::optional<Ints> image = node.needInputs(3, 3) ? node.constInts(1, "image_shape") : std::nullopt;
  std::optional<Ints> block = image ? node.constInts(2, "block_shape") : std::nullopt;
  if (!block || image->size() != block->size() || block->empty() || block->size() > 3 || node.rankOf(node.input(0)) != 3) {
    return node.fail("needs columns [N, C*block, L] and constant image and block shapes of 1 to 3 dims");
  }
  size_t rank = block->size();
  std::optional<Ints> strides = windowInts(node, "strides", rank, 1), dilations = windowInts(node, "dilations", rank, 1);
  Ints pads = node.attrInts("pads"), spatial, extra;
  pads = pads.empty() ? Ints(2 * rank, 0) : pads;
  int64_t points = 1, positions = 1;
  for (size_t i = 0; i < rank && strides && dilations && pads.size() == 2 * rank; ++i) {
    int64_t span = ((*block)[i] - 1) * (*dilations)[i] + 1, room = (*image)[i] + pads[i] + pads[i + rank] - span;
    if ((*block)[i] < 1 || (*block)[i] > (1 << 12) || room < 0) {
      return node.fail("the block does not fit the padded image");
    }
    spatial.push_back(room / (*strides)[i] + 1);
    extra.push_back(room % (*strides)[i]);
    points *= (*block)[i];
    positions *= spatial.back();
  }
  IntsRef dims = node.dimsOf(node.input(0));
  if (spatial.size() != rank || dims[1] % points != 0 || dims[2] != positions) {
    return node.fail(absl::StrCat("the columns do not have ", positions, " positions of ", points, " points"));
  }
  int64_t channels = dims[1] / points;
  std::optional<DType> dtype = graph::dtypeOf(node.elementOf(node.input(0)));
  Shape shape{dims[1], 1};
  shape.insert(shape.end(), block->begin(), block->end());
  if (!dtype || !isFloat(*dtype) || dims[1] * points > (1 << 24)) {
    return node.fail("needs float columns and blocks of moderate size");
  }
  Tensor filters(*dtype, shape);
  for (int64_t i = 0; i < dims[1]; ++i) {
    filters.setDouble(i * points + i % points, 1);
  }
  Ints wide{dims[0], dims[1]};
  wide.append(spatial);
  graph::ConvTransposeOp::Properties properties;
  properties.strides = node.intsAttr(*strides);
  properties.pads = node.intsAttr(Ints(2 * rank, 0));
  properties.output_padding = node.intsAttr(Ints(rank, 0));
  properties.dilations = node.intsAttr(*dilations);
  properties.group = node.intAttr(channels);
  Value y = node.one<graph::ConvTransposeOp>({node.reshape(node.input(0), wide), node.constant(filters, "one-hot")}, properties);
  // What strides never reach is zero; then the border goes.
  Ints low(rank + 2, 0), high(rank + 2, 0), offsets(rank + 2, 0), sizes{dims[0], channels}, ones(rank + 2, 1);
  for (size_t i = 0; i < rank; ++i) {
    high[i + 2] = extra[i];
    offsets[i + 2] = pads[i];
    sizes.push_back((*image)[i]);
  }
  return node.result(node.slice(node.pad(y, low, high), offsets, sizes, ones));
}

static LogicalResult det(NodeContext &node) {
  return node.needInputs(1, 1) ? node.result(node.one<graph::DetOp>(node.input(0), {})) : failure();
}

static LogicalResult bitcast(NodeContext &node) {
  Type element = node.needInputs(1, 1) ? node.element(node.attrInt("to", 0)) : Type();
  if (!element) {
    return failure();
  }
  Value x = node.input(0);
  return node.result(element == node.elementOf(x) ? x : node.one<graph::BitcastOp>(x, {}, RankedTensorType::get(node.dimsOf(x), element)));
}

static LogicalResult imageDecoder(NodeContext &node) {
  const std::string pixels = node.attrString("pixel_format", "RGB");
  if (pixels != "RGB" && pixels != "BGR" && pixels != "Grayscale") {
    return node.fail("pixel_format must be RGB, BGR or Grayscale, not '" + pixels + "'");
  }
  ops::Attributes attributes;
  attributes.set("pixels", pixels);
  return node.needInputs(1, 1) ? node.result(node.hostOne("image_decode", node.input(0), attributes)) : failure();
}

void addSamplingHandlers(HandlerTable &table) {
  table.add("RoiAlign", 10, roiAlign);
  table.add("MaxRoiPool", 1, maxRoiPool);
  table.add("DeformConv", 19, deformConv);
  table.add("Col2Im", 18, col2im);
  table.add("ImageDecoder", 20, imageDecoder);
  table.add("Det", 11, det);
  table.add("BitCast", 26, bitcast);
}

} // namespace ncc::frontend
