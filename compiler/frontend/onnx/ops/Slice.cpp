// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Ops that cut and join: Slice, Split, Concat, Pad, Trilu.
#include "compiler/frontend/onnx/Handlers.h"

#include "absl/strings/str_cat.h"

#include <algorithm>
#include <cstring>

using namespace mlir;

namespace ncc::frontend {

static LogicalResult sliceBy(NodeContext &node, IntsRef starts, IntsRef ends, Ints axes, Ints steps) {
  Value x = node.input(0);
  IntsRef dims = node.dimsOf(x);
  if (axes.empty()) {
    for (size_t i = 0; i < starts.size(); ++i) {
      axes.push_back(static_cast<int64_t>(i));
    }
  }
  if (steps.empty()) {
    steps.assign(starts.size(), 1);
  }
  if (ends.size() != starts.size() || axes.size() != starts.size() || steps.size() != starts.size()) {
    return node.fail("starts, ends, axes and steps differ in length");
  }
  std::optional<Ints> where = node.axes(axes, dims.size());
  if (!where) {
    return failure();
  }
  Ints offsets(dims.size(), 0), sizes(dims), strides(dims.size(), 1);
  for (size_t i = 0; i < starts.size(); ++i) {
    int64_t axis = (*where)[i], dim = dims[axis], step = steps[i];
    if (step == 0 || step == INT64_MIN) {
      return node.fail("a step must not be zero");
    }
    auto clamp = [&](int64_t at, int64_t low, int64_t high) {
      at = at < 0 ? at + dim : at;
      return std::min(std::max(at, low), high);
    };
    int64_t first = step > 0 ? clamp(starts[i], 0, dim) : clamp(starts[i], 0, dim - 1);
    int64_t last = step > 0 ? clamp(ends[i], 0, dim) : clamp(ends[i], -1, dim - 1);
    if (step < 0 && ends[i] < -dim) {
      last = -1;
    }
    int64_t size = step > 0 ? (last - first + step - 1) / step : (first - last - step - 1) / -step;
    sizes[axis] = dim == 0 ? 0 : std::max<int64_t>(size, 0);
    offsets[axis] = sizes[axis] > 0 ? first : 0;
    strides[axis] = sizes[axis] > 1 ? step : 1;
  }
  return node.result(node.slice(x, offsets, sizes, strides));
}

static LogicalResult sliceAttributes(NodeContext &node) {
  return node.needInputs(1, 1)
             ? sliceBy(node, node.attrInts("starts"), node.attrInts("ends"), node.attrInts("axes"), {})
             : failure();
}

static LogicalResult sliceInputs(NodeContext &node) {
  if (!node.needInputs(3, 5)) {
    return failure();
  }
  std::optional<Ints> starts = node.constInts(1, "starts"), ends = node.constInts(2, "ends");
  std::optional<Ints> axes = node.has(3) ? node.constInts(3, "axes") : Ints();
  std::optional<Ints> steps = node.has(4) ? node.constInts(4, "steps") : Ints();
  return starts && ends && axes && steps ? sliceBy(node, *starts, *ends, *axes, *steps) : failure();
}

static LogicalResult split(NodeContext &node) {
  if (!node.needInputs(1, 2)) {
    return failure();
  }
  Value x = node.input(0);
  std::optional<int64_t> axis = node.axis(node.attrInt("axis", 0), node.rankOf(x));
  if (!axis) {
    return failure();
  }
  int64_t dim = node.dimsOf(x)[*axis], parts = static_cast<int64_t>(node.numOutputs());
  Ints sizes = node.attrInts("split");
  if (node.has(1)) {
    std::optional<Ints> given = node.constInts(1, "split");
    if (!given) {
      return failure();
    }
    sizes = *given;
  }
  if (sizes.empty()) { // equal parts, the last one smaller
    int64_t each = parts ? (dim + parts - 1) / parts : 0;
    for (int64_t i = 0; i < parts; ++i) {
      sizes.push_back(std::clamp<int64_t>(dim - i * each, 0, each));
    }
  }
  SmallVector<Value> results;
  int64_t at = 0;
  for (int64_t size : sizes) {
    if (size < 0 || size > dim - at) {
      return node.fail(absl::StrCat("the parts exceed an axis of size ", dim));
    }
    results.push_back(node.sliceAxis(x, *axis, size ? at : 0, size));
    at += size;
  }
  if (at != dim || static_cast<int64_t>(sizes.size()) < parts) {
    return node.fail("the parts do not cover the axis");
  }
  return node.results(results);
}

static LogicalResult concat(NodeContext &node) {
  if (!node.needInputs(1) || !node.needInputs(node.numInputs())) {
    return failure();
  }
  if (node.opset() >= 4 && !node.hasAttr("axis")) {
    return node.fail("the axis attribute is missing");
  }
  std::optional<int64_t> axis = node.axis(node.attrInt("axis", 1), node.rankOf(node.input(0)));
  return axis ? node.result(node.concat(node.inputs(), *axis)) : failure();
}

/// The border's value as the attribute of a pad: a constant that a double holds.
static std::optional<double> plainBorder(NodeContext &node) {
  std::optional<Tensor> tensor = node.has(2) ? graph::constantTensor(node.input(2)) : std::nullopt;
  if (!tensor || tensor->size() != 1 || tensor->dtype() == DType::String) {
    return node.has(2) ? std::nullopt : std::optional(0.0);
  }
  double value = tensor->asDouble(0);
  if (isComplex(tensor->dtype())) {
    return tensor->imaginary(0) == 0 ? std::optional(value) : std::nullopt;
  }
  bool held = isFloat(tensor->dtype()) || (std::abs(value) < 0x1p53 && static_cast<int64_t>(value) == tensor->asInt(0));
  return held ? std::optional(value) : std::nullopt;
}

/// A border of any other value: chosen where a mask, padded the same way, says so.
static Value padWith(NodeContext &node, Value x, IntsRef low, IntsRef high, Value border) {
  Value inside = node.splat(RankedTensorType::get(node.dimsOf(x), node.attrs().getI1Type()), 1);
  inside = inside ? node.pad(inside, low, high) : inside;
  return node.select(inside, node.pad(x, low, high), border ? node.reshape(border, {}) : border);
}

static LogicalResult pad(NodeContext &node) {
  Value x = node.input(0);
  if (!node.needInputs(1, 4)) {
    return failure();
  }
  int64_t rank = node.rankOf(x);
  Ints pads = node.attrInts(node.opset() < 2 ? "paddings" : "pads");
  std::optional<double> border = node.attrFloat("value", 0.0);
  Ints axes;
  for (int64_t i = 0; i < rank; ++i) {
    axes.push_back(i);
  }
  if (node.opset() >= 11) {
    std::optional<Ints> given = node.constInts(1, "pads");
    if (!given || (node.has(2) && node.typeOf(node.input(2)).getNumElements() != 1)) {
      return node.fail("its constant value (input 2) must be one number");
    }
    pads = *given;
    border = plainBorder(node);
    if (node.has(3)) {
      std::optional<Ints> list = node.constInts(3, "axes");
      std::optional<Ints> checked = list ? node.axes(*list, rank) : std::nullopt;
      if (!checked) {
        return failure();
      }
      axes = *checked;
    }
  }
  if (pads.size() != 2 * axes.size()) {
    return node.fail(absl::StrCat("pads has ", pads.size(), " entries for ", axes.size(), " axes"));
  }
  Ints low(rank, 0), high(rank, 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    low[axes[i]] = pads[i];
    high[axes[i]] = pads[i + axes.size()];
  }
  std::optional<graph::PadMode> mode = graph::symbolizePadMode(node.attrString("mode", "constant"));
  if (!mode) {
    return node.fail("mode '" + node.attrString("mode", "") + "' is not supported");
  }
  if (!border && *mode == graph::PadMode::Constant) {
    return node.result(padWith(node, x, low, high, node.input(2)));
  }
  return node.result(node.pad(x, low, high, *mode, border.value_or(0)));
}

/// Keeps the upper or lower triangle: a select with a constant mask.
static LogicalResult trilu(NodeContext &node) {
  Value x = node.input(0);
  if (!node.needInputs(1, 2) || node.rankOf(x) < 2) {
    return node.fail("needs at least a matrix");
  }
  int64_t k = 0;
  if (node.has(1)) {
    std::optional<Ints> given = node.constInts(1, "k");
    if (!given || given->size() != 1) {
      return node.fail("its k must be one constant integer");
    }
    k = given->front();
  }
  bool upper = node.attrInt("upper", 1) != 0;
  int64_t rows = node.dimsOf(x)[node.rankOf(x) - 2], columns = node.dimsOf(x)[node.rankOf(x) - 1];
  if (!node.canMake(DType::Bool, {rows, columns})) {
    return failure();
  }
  Tensor mask(DType::Bool, {rows, columns});
  // Row i is `!upper` up to column i + shift. Rows before `first` have no such column, rows from `last` on no other.
  k = std::clamp(k, -rows, columns);
  int64_t shift = upper ? k : k + 1, first = std::clamp<int64_t>(-shift, 0, rows), last = std::clamp(columns - shift, first, rows);
  uint8_t *at = mask.mutableAs<uint8_t>().data();
  auto put = [&](int64_t count, bool inside) {
    std::memset(at, inside, static_cast<size_t>(count));
    at += count;
  };
  put(first * columns, upper);
  for (int64_t i = first; i < last; ++i) {
    put(i + shift, !upper);
    put(columns - i - shift, upper);
  }
  put((rows - last) * columns, !upper);
  return node.result(node.select(node.constant(mask, "triangle"), x, node.scalarLike(x, 0)));
}

void addSliceHandlers(HandlerTable &table) {
  table.add("Slice", 1, sliceAttributes);
  table.add("Slice", 10, sliceInputs);
  table.add("DynamicSlice", 1, sliceInputs); // its experimental name
  table.add("Split", 1, split);
  table.add("Concat", 1, concat);
  table.add("Pad", 1, pad);
  table.add("Trilu", 14, trilu);
}

} // namespace ncc::frontend
