// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Convolutions, and the window attributes they share with pooling.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/ops/Window.h"

#include "absl/strings/str_cat.h"

using namespace mlir;

namespace ncc::frontend {

std::optional<Ints> windowInts(NodeContext &node, StringRef name, size_t count, int64_t fallback) {
  Ints values = node.attrInts(name);
  if (values.empty()) {
    values.assign(count, fallback);
  }
  if (values.size() != count) {
    node.OpBuilding::fail(absl::StrCat(name.str(), " has ", values.size(), " entries for ", count, " spatial dims"));
    return std::nullopt;
  }
  for (int64_t value : values) {
    if (value < fallback || value > (int64_t(1) << 31)) {
      node.OpBuilding::fail(absl::StrCat(name.str(), " holds ", value, ", which is out of range"));
      return std::nullopt;
    }
  }
  return values;
}

std::optional<Window> resolveWindow(NodeContext &node, IntsRef spatial, IntsRef kernel) {
  size_t count = spatial.size();
  std::optional<Ints> strides = windowInts(node, "strides", count, 1);
  std::optional<Ints> dilations = windowInts(node, "dilations", count, 1);
  if (!strides || !dilations) {
    return std::nullopt;
  }
  Window window{Ints(kernel), *strides, node.attrInts("pads"), *dilations, {}};
  std::string autoPad = node.attrString("auto_pad", "NOTSET");
  if (window.pads.empty() || autoPad != "NOTSET") {
    window.pads.assign(2 * count, 0);
  }
  if (window.pads.size() != 2 * count) {
    node.OpBuilding::fail(absl::StrCat("pads has ", window.pads.size(), " entries for ", count, " spatial dims"));
    return std::nullopt;
  }
  bool ceilMode = node.attrInt("ceil_mode", 0) != 0;
  for (size_t i = 0; i < count; ++i) {
    int64_t span = (kernel[i] - 1) * window.dilations[i] + 1, stride = window.strides[i];
    if (autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER") {
      int64_t out = (spatial[i] + stride - 1) / stride;
      int64_t total = std::max<int64_t>((out - 1) * stride + span - spatial[i], 0);
      window.pads[i] = autoPad == "SAME_UPPER" ? total / 2 : total - total / 2;
      window.pads[i + count] = total - window.pads[i];
    } else if (autoPad != "NOTSET" && autoPad != "VALID") {
      node.OpBuilding::fail("auto_pad '" + autoPad + "' is not a form of padding");
      return std::nullopt;
    }
    if (ceilMode) {
      int64_t padded = spatial[i] + window.pads[i] + window.pads[i + count];
      int64_t out = (padded - span + stride - 1) / stride + 1;
      if ((out - 1) * stride >= spatial[i] + window.pads[i]) {
        --out; // no window may start in the end padding
      }
      int64_t extra = std::max<int64_t>((out - 1) * stride + span - padded, 0);
      window.pads[i + count] += extra;
      window.extra.push_back(extra);
    }
  }
  return window;
}

static std::optional<Ints> kernelOf(NodeContext &node, Value w) {
  Ints kernel(node.dimsOf(w).drop_front(2)), given = node.attrInts("kernel_shape");
  if (!given.empty() && given != kernel) {
    node.OpBuilding::fail("kernel_shape differs from the shape of the weights");
    return std::nullopt;
  }
  return kernel;
}

static LogicalResult conv(NodeContext &node) {
  if (!node.needInputs(2, 4)) {
    return failure();
  }
  Value x = node.input(0), w = node.input(1);
  if (node.rankOf(x) < 3 || node.rankOf(w) != node.rankOf(x)) {
    return node.fail("input and weights need one rank of at least 3");
  }
  std::optional<Ints> kernel = kernelOf(node, w);
  std::optional<Window> window = kernel ? resolveWindow(node, node.dimsOf(x).drop_front(2), *kernel) : std::nullopt;
  if (!window) {
    return failure();
  }
  graph::ConvOp::Properties properties;
  properties.strides = node.intsAttr(window->strides);
  properties.pads = node.intsAttr(window->pads);
  properties.dilations = node.intsAttr(window->dilations);
  properties.group = node.intAttr(node.attrInt("group", 1));
  SmallVector<Value> operands{x, w};
  if (node.has(2)) {
    operands.push_back(node.input(2));
  }
  return node.result(node.one<graph::ConvOp>(operands, properties));
}

/// com.microsoft: a convolution, an optional addend Z, and an activation.
static LogicalResult fusedConv(NodeContext &node) {
  using graph::UnaryKind;
  SmallVector<double> parameters = node.attrFloats("activation_params");
  std::string activation = node.attrString("activation", "");
  Value addend = node.input(3);
  if (failed(conv(node))) {
    return failure();
  }
  Value y = node.outputs().front();
  y = addend ? node.add(y, addend) : y;
  auto parameter = [&](size_t i, double fallback) { return i < parameters.size() ? parameters[i] : fallback; };
  if (activation == "Relu") {
    return node.result(node.unary(UnaryKind::Relu, y));
  }
  if (activation == "Sigmoid" || activation == "Tanh") {
    return node.result(node.unary(activation == "Tanh" ? UnaryKind::Tanh : UnaryKind::Sigmoid, y));
  }
  if (activation == "LeakyRelu") {
    return node.result(node.unary(UnaryKind::LeakyRelu, y, parameter(0, 0.01)));
  }
  if (activation == "Clip") {
    return node.result(node.unary(UnaryKind::Clip, y, parameter(0, -3.4e38), parameter(1, 3.4e38)));
  }
  if (activation == "HardSigmoid") {
    return node.result(node.unary(UnaryKind::HardSigmoid, y, parameter(0, 0.2), parameter(1, 0.5)));
  }
  return activation.empty() ? node.result(y) : node.fail("activation '" + activation + "' is not supported");
}

static LogicalResult convTranspose(NodeContext &node) {
  if (!node.needInputs(2, 3)) {
    return failure();
  }
  Value x = node.input(0), w = node.input(1);
  if (node.rankOf(x) < 3 || node.rankOf(w) != node.rankOf(x)) {
    return node.fail("input and weights need one rank of at least 3");
  }
  IntsRef spatial = node.dimsOf(x).drop_front(2);
  size_t count = spatial.size();
  std::optional<Ints> kernel = kernelOf(node, w), strides = windowInts(node, "strides", count, 1);
  std::optional<Ints> dilations = windowInts(node, "dilations", count, 1);
  std::optional<Ints> padding = windowInts(node, "output_padding", count, 0);
  if (!kernel || !strides || !dilations || !padding) {
    return failure();
  }
  Ints pads = node.attrInts("pads"), shape = node.attrInts("output_shape");
  std::string autoPad = node.attrString("auto_pad", "NOTSET");
  bool same = autoPad == "SAME_UPPER" || autoPad == "SAME_LOWER";
  if (pads.empty() || autoPad != "NOTSET") {
    pads.assign(2 * count, 0);
  }
  if (shape.size() == count + 2) {
    shape.erase(shape.begin(), shape.begin() + 2);
  }
  if (pads.size() != 2 * count || (!shape.empty() && shape.size() != count)) {
    return node.fail("pads or output_shape do not have one entry per spatial dim");
  }
  for (size_t i = 0; i < count && (same || !shape.empty()); ++i) {
    int64_t full = (*strides)[i] * (spatial[i] - 1) + (*padding)[i] + ((*kernel)[i] - 1) * (*dilations)[i] + 1;
    int64_t total = full - (shape.empty() ? spatial[i] * (*strides)[i] : shape[i]);
    if (total < 0) {
      (*padding)[i] -= total;
      total = 0;
    }
    pads[i] = autoPad == "SAME_UPPER" ? total / 2 : total - total / 2;
    pads[i + count] = total - pads[i];
  }
  graph::ConvTransposeOp::Properties properties;
  properties.strides = node.intsAttr(*strides);
  properties.pads = node.intsAttr(pads);
  properties.output_padding = node.intsAttr(*padding);
  properties.dilations = node.intsAttr(*dilations);
  properties.group = node.intAttr(node.attrInt("group", 1));
  SmallVector<Value> operands{x, w};
  if (node.has(2)) {
    operands.push_back(node.input(2));
  }
  return node.result(node.one<graph::ConvTransposeOp>(operands, properties));
}

void addConvHandlers(HandlerTable &table) {
  table.add("Conv", 1, conv);
  table.add("FusedConv", 1, fusedConv, kMicrosoft);
  table.add("ConvTranspose", 1, convTranspose);
}

} // namespace ncc::frontend
