// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Run-time forms of operators that rearrange or mark elements: blocks of pixels, diagonals, largest entries.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/ops/RunTimeShapes.h"

using namespace mlir;

namespace ncc::frontend {

namespace {

using ops::Attributes;

Value scaled(NodeContext &node, Value size, int64_t factor) { return size ? node.mul(size, node.scalarLike(size, static_cast<double>(factor))) : Value(); }

/// [N, C, H, W] as [N, C / b^2, H b, W b].
LogicalResult depthToSpace(NodeContext &node) {
  Value x = node.input(0);
  int64_t block = node.attrInt("blocksize", 0);
  if (!node.needInputs(1, 1) || node.rankOf(x) != 4 || block < 1 || block > 4096) {
    return node.fail("needs four dims and a blocksize");
  }
  bool columns = node.attrString("mode", "DCR") == "CRD";
  Value side = node.constantInts({block}), rest = node.constantInts({-1});
  Value n = dimOf(node, x, 0), h = dimOf(node, x, 2), w = dimOf(node, x, 3);
  Value split = columns ? reshapeTo(node, x, {n, rest, side, side, h, w}) : reshapeTo(node, x, {n, side, side, rest, h, w});
  Value turned = permuted(node, split, columns ? Ints{0, 1, 4, 2, 5, 3} : Ints{0, 3, 4, 1, 5, 2});
  return node.result(reshapeTo(node, turned, {n, rest, scaled(node, h, block), scaled(node, w, block)}));
}

/// [N, C, H, W] as [N, C b^2, H / b, W / b].
LogicalResult spaceToDepth(NodeContext &node) {
  Value x = node.input(0);
  int64_t block = node.attrInt("blocksize", 0);
  if (!node.needInputs(1, 1) || node.rankOf(x) != 4 || block < 1 || block > 4096) {
    return node.fail("needs four dims and a blocksize");
  }
  Value side = node.constantInts({block});
  auto divided = [&](Value size) { return size ? node.div(size, node.scalarLike(size, static_cast<double>(block))) : size; };
  Value n = dimOf(node, x, 0), c = dimOf(node, x, 1), h = divided(dimOf(node, x, 2)), w = divided(dimOf(node, x, 3));
  Value turned = permuted(node, reshapeTo(node, x, {n, c, h, side, w, side}), {0, 3, 5, 1, 2, 4});
  return node.result(reshapeTo(node, turned, {n, scaled(node, c, block * block), h, w}));
}

/// One at the first largest entry. Before opset 13 the dims from `axis` on are one.
LogicalResult hardmax(NodeContext &node) {
  Value x = node.input(0);
  int64_t axis = node.attrInt("axis", node.opset() >= 13 ? -1 : 1);
  Attributes flat;
  flat.set("axis", axis);
  Value rows = node.opset() >= 13 ? x : node.hostOne("flatten", {x}, flat);
  axis = node.opset() >= 13 ? axis : 1;
  Attributes largest, along;
  largest.set("kind", std::string("max"));
  largest.set("axis", axis);
  largest.set("keepdims", int64_t{0});
  along.set("axis", axis);
  Value at = rows ? node.hostOne("arg_reduce", {rows}, largest) : Value(), depth = at ? dimOf(node, rows, axis) : Value();
  Type type = node.elementOf(x);
  Value values = depth ? node.cast(node.constantInts({0, 1}), type) : Value();
  Value y = values ? node.hostOne("one_hot_by", {at, depth, values}, along) : Value();
  return node.result(node.opset() >= 13 || !y ? y : reshapeTo(node, y, {node.hostOne("shape_of", {x})}));
}

/// Ones on a diagonal of zeros.
LogicalResult eyeLike(NodeContext &node) {
  Value x = node.input(0);
  if (!node.needInputs(1, 1) || node.rankOf(x) != 2) {
    return node.fail("needs a matrix");
  }
  int64_t given = node.attrInt("dtype", 0);
  Type type = given ? node.element(given) : node.elementOf(x);
  Tensor yes(DType::Bool, {1});
  yes.setInt(0, 1);
  Value whole = type ? filled(node, {node.hostOne("shape_of", {x})}, yes) : Value();
  auto triangle = [&](int64_t upper) {
    Attributes side;
    side.set("upper", upper);
    return whole ? node.hostOne("triangle", {whole, scalarOf(node, node.attrInt("k", 0))}, side) : Value();
  };
  Value above = triangle(1), below = triangle(0);
  Value both = above && below ? node.binary(graph::BinaryKind::LogicalAnd, above, below) : Value();
  return node.result(both ? node.cast(both, type) : both);
}

} // namespace

void addRunTimeMoveHandlers(HandlerTable &table) {
  table.add("DepthToSpace", 1, depthToSpace);
  table.add("SpaceToDepth", 1, spaceToDepth);
  table.add("Hardmax", 1, hardmax);
  table.add("EyeLike", 9, eyeLike);
}

} // namespace ncc::frontend
