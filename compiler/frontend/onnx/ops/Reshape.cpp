// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Ops that change a shape: reshape, squeeze, transpose, expand, tile, depth/space.
#include "compiler/frontend/onnx/Handlers.h"

#include "absl/strings/str_cat.h"

using namespace mlir;

namespace ncc::frontend {

static LogicalResult reshape(NodeContext &node) {
  if (!node.needInputs(1, 2)) {
    return failure();
  }
  Value x = node.input(0);
  Ints shape = node.attrInts("shape");
  if (node.opset() >= 5) {
    std::optional<Ints> given = node.constInts(1, "shape");
    if (!given) {
      return failure();
    }
    shape = *given;
  }
  IntsRef dims = node.dimsOf(x);
  bool allowZero = node.attrInt("allowzero", 0) != 0;
  int64_t known = 1, open = -1, total = node.typeOf(x).getNumElements();
  for (size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0 && !allowZero) {
      if (i >= dims.size()) {
        return node.fail(absl::StrCat("shape entry ", i, " copies a dim the input does not have"));
      }
      shape[i] = dims[i];
    }
    if (shape[i] < -1 || (shape[i] == -1 && open >= 0) || shape[i] > (int64_t(1) << 40)) {
      return node.fail("shape is not valid");
    }
    if (shape[i] == -1) {
      open = static_cast<int64_t>(i);
    } else if (__builtin_mul_overflow(known, shape[i], &known)) {
      return node.fail("shape is not valid");
    }
  }
  if (open >= 0) {
    if (known == 0 || total % known != 0) {
      return node.fail(absl::StrCat(total, " elements do not divide by ", known));
    }
    shape[open] = total / known;
    known = total;
  }
  if (known != total) {
    return node.fail(absl::StrCat("the input has ", total, " elements, the shape needs ", known));
  }
  return node.result(node.reshape(x, shape));
}

static LogicalResult flatten(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  IntsRef dims = node.dimsOf(node.input(0));
  int64_t rank = static_cast<int64_t>(dims.size()), axis = node.attrInt("axis", 1);
  axis = axis < 0 ? axis + rank : axis;
  if (axis < 0 || axis > rank) {
    return node.fail("axis is outside the input's rank");
  }
  int64_t outer = 1, inner = 1;
  for (int64_t i = 0; i < rank; ++i) {
    (i < axis ? outer : inner) *= dims[i];
  }
  return node.result(node.reshape(node.input(0), {outer, inner}));
}

/// Axes from the attribute (before opset 13) or from input 1.
static std::optional<Ints> givenAxes(NodeContext &node) {
  if (node.has(1)) {
    return node.constInts(1, "axes");
  }
  return node.attrInts("axes");
}

static LogicalResult squeeze(NodeContext &node) {
  if (!node.needInputs(1, 2)) {
    return failure();
  }
  IntsRef dims = node.dimsOf(node.input(0));
  std::optional<Ints> given = givenAxes(node);
  std::optional<Ints> axes = given ? node.axes(*given, dims.size()) : std::nullopt;
  if (!axes) {
    return failure();
  }
  bool all = !node.has(1) && !node.hasAttr("axes");
  Ints kept;
  for (size_t i = 0; i < dims.size(); ++i) {
    bool drop = all ? dims[i] == 1 : llvm::is_contained(*axes, static_cast<int64_t>(i));
    if (drop && dims[i] != 1) {
      return node.fail(absl::StrCat("dim ", i, " has size ", dims[i], " and cannot be squeezed"));
    }
    if (!drop) {
      kept.push_back(dims[i]);
    }
  }
  return node.result(node.reshape(node.input(0), kept));
}

static LogicalResult unsqueeze(NodeContext &node) {
  std::optional<Ints> given = node.needInputs(1, 2) ? givenAxes(node) : std::nullopt;
  if (!given) {
    return failure();
  }
  IntsRef dims = node.dimsOf(node.input(0));
  int64_t rank = static_cast<int64_t>(dims.size() + given->size());
  std::optional<Ints> axes = node.axes(*given, rank);
  if (!axes) {
    return failure();
  }
  Ints shape;
  for (int64_t i = 0, next = 0; i < rank; ++i) {
    shape.push_back(llvm::is_contained(*axes, i) ? 1 : dims[next++]);
  }
  return node.result(node.reshape(node.input(0), shape));
}

static LogicalResult transpose(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  Ints perm = node.attrInts("perm");
  if (perm.empty()) {
    for (int64_t i = node.rankOf(node.input(0)) - 1; i >= 0; --i) {
      perm.push_back(i);
    }
  }
  std::optional<Ints> axes = node.axes(perm, node.rankOf(node.input(0)));
  return axes ? node.result(node.transpose(node.input(0), *axes)) : failure();
}

static LogicalResult expand(NodeContext &node) {
  std::optional<Ints> shape = node.needInputs(2, 2) ? node.constInts(1, "shape") : std::nullopt;
  if (!shape) {
    return failure();
  }
  IntsRef dims = node.dimsOf(node.input(0));
  size_t rank = std::max(dims.size(), shape->size());
  Ints result(rank);
  for (size_t i = 0; i < rank; ++i) {
    int64_t own = i + dims.size() >= rank ? dims[i + dims.size() - rank] : 1;
    int64_t want = i + shape->size() >= rank ? (*shape)[i + shape->size() - rank] : 1;
    if (want < 0 || (own != want && own != 1 && want != 1)) {
      return node.fail("the input does not broadcast to the shape");
    }
    result[i] = own == 1 ? want : own;
  }
  return node.result(node.expand(node.input(0), result));
}

/// Repeats by way of an expand between two reshapes.
static LogicalResult tile(NodeContext &node) {
  if (!node.needInputs(2, 3)) {
    return failure();
  }
  Value x = node.input(0);
  IntsRef dims = node.dimsOf(x);
  std::optional<Ints> repeats = node.constInts(1, "repeats");
  if (!repeats) {
    return failure();
  }
  if (node.opset() < 6) { // one count for one axis
    std::optional<Ints> axis = node.constInts(2, "axis");
    if (!axis || axis->size() != 1 || repeats->size() != 1 || (*axis)[0] < 0 ||
        (*axis)[0] >= static_cast<int64_t>(dims.size())) {
      return node.fail("tiles and axis must be single numbers");
    }
    Ints spread(dims.size(), 1);
    spread[(*axis)[0]] = (*repeats)[0];
    repeats = spread;
  }
  if (repeats->size() != dims.size()) {
    return node.fail("repeats does not have one entry per dim");
  }
  Ints split, wide, joined;
  for (size_t i = 0; i < dims.size(); ++i) {
    int64_t count = (*repeats)[i];
    if (count < 0) {
      return node.fail("repeats holds a negative count");
    }
    if (count != 1) {
      split.push_back(1);
      wide.push_back(count);
    }
    split.push_back(dims[i]);
    wide.push_back(dims[i]);
    joined.push_back(count * dims[i]);
  }
  return node.result(node.reshape(node.expand(node.reshape(x, split), wide), joined));
}

constexpr int64_t kLargestBlock = 1 << 15; // its square is far from overflowing

static LogicalResult depthToSpace(NodeContext &node) {
  Value x = node.input(0);
  int64_t b = node.attrInt("blocksize", 0);
  if (!node.needInputs(1, 1) || node.rankOf(x) != 4 || b < 1 || b > kLargestBlock || node.dimsOf(x)[1] % (b * b) != 0) {
    return node.fail("needs [N,C,H,W] with C a multiple of blocksize squared");
  }
  Ints d(node.dimsOf(x));
  int64_t c = d[1] / (b * b);
  std::string mode = node.attrString("mode", "DCR");
  Value y = mode == "CRD" ? node.transpose(node.reshape(x, {d[0], c, b, b, d[2], d[3]}), {0, 1, 4, 2, 5, 3})
                          : node.transpose(node.reshape(x, {d[0], b, b, c, d[2], d[3]}), {0, 3, 4, 1, 5, 2});
  return node.result(node.reshape(y, {d[0], c, d[2] * b, d[3] * b}));
}

static LogicalResult spaceToDepth(NodeContext &node) {
  Value x = node.input(0);
  int64_t b = node.attrInt("blocksize", 0);
  if (!node.needInputs(1, 1) || node.rankOf(x) != 4 || b < 1 || b > kLargestBlock || node.dimsOf(x)[2] % b || node.dimsOf(x)[3] % b) {
    return node.fail("needs [N,C,H,W] with H and W multiples of blocksize");
  }
  Ints d(node.dimsOf(x));
  Value y = node.reshape(x, {d[0], d[1], d[2] / b, b, d[3] / b, b});
  y = node.transpose(y, {0, 3, 5, 1, 2, 4});
  return node.result(node.reshape(y, {d[0], d[1] * b * b, d[2] / b, d[3] / b}));
}

void addReshapeHandlers(HandlerTable &table) {
  table.add("Reshape", 1, reshape);
  table.add("Flatten", 1, flatten);
  table.add("Squeeze", 1, squeeze);
  table.add("Unsqueeze", 1, unsqueeze);
  table.add("Transpose", 1, transpose);
  table.add("Expand", 8, expand);
  table.add("Tile", 1, tile);
  table.add("DepthToSpace", 1, depthToSpace);
  table.add("SpaceToDepth", 1, spaceToDepth);
}

} // namespace ncc::frontend
