// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Short-time Fourier transforms whose step or frame length the model computes. With an open step cores transform at every
// sample and the host keeps what is wanted; with an open length even the matrix of waves is made at run time.
#include "compiler/frontend/onnx/Handlers.h"
#include "compiler/frontend/onnx/ops/RunTimeShapes.h"

#include <cmath>

using namespace mlir;

namespace ncc::frontend {

namespace {

using graph::BinaryKind;
using graph::UnaryKind;
using ops::Attributes;

Value asNumber(NodeContext &node, Value x) { return node.reshape(node.cast(x, node.attrs().getI64Type()), {}); }

/// A size-1 dim at `axis`.
Value withDim(NodeContext &node, Value x, int64_t axis) {
  Attributes attributes;
  attributes.set("axes", std::vector<int64_t>{axis});
  return x ? node.hostOne("unsqueeze", {x}, attributes) : Value();
}

Value along(NodeContext &node, Value begin, Value end, Value step) { return begin && end && step ? node.hostOne("range", {begin, end, step}) : Value(); }

/// Frames at every sample, of which every step-th one stays.
LogicalResult openStep(NodeContext &node) {
  SmallVector<Value> operands(node.inputs());
  operands[1] = scalarOf(node, 1);
  SmallVector<Value> all = node.standard("STFT", node.opset(), operands);
  Value step = all.empty() ? Value() : node.reshape(node.input(1), {1});
  if (!step) {
    return failure();
  }
  Value first = node.constantInts({0}), end = node.constantInts({node.dimsOf(all.front())[1]}), axis = node.constantInts({1});
  return node.result(node.hostOne("slice_by", {all.front(), first, end, axis, step}));
}

/// frames[batch, frame, sample, 1|2] times waves[sample, bin], real before imaginary in the last dim.
Value transformed(NodeContext &node, Value frames, int64_t parts, Value cosine, Value sine) {
  Attributes last;
  last.set("axis", int64_t{3});
  auto product = [&](int64_t part, Value waves) {
    Value x = node.hostOne("gather", {frames, scalarOf(node, part)}, last);
    return x && waves ? node.hostOne("matmul", {x, waves}) : Value();
  };
  Value real = product(0, cosine), imaginary = real ? node.unary(UnaryKind::Neg, product(0, sine)) : Value();
  if (parts == 2 && imaginary) {
    real = node.add(real, product(1, sine));
    imaginary = node.add(imaginary, product(1, cosine));
  }
  real = withDim(node, real, 3);
  imaginary = withDim(node, imaginary, 3);
  return real && imaginary ? node.hostOne("concat", {real, imaginary}, last) : Value();
}

LogicalResult openLength(NodeContext &node) {
  Value x = node.input(0), zero = scalarOf(node, 0), one = scalarOf(node, 1), length = asNumber(node, node.input(3)), step = asNumber(node, node.input(1));
  int64_t rank = node.rankOf(x), parts = rank == 3 ? node.dimsOf(x)[2] : 1;
  if (rank < 2 || rank > 3 || parts < 1 || parts > 2 || node.has(2)) {
    return node.fail("needs a signal [batch, samples] or [batch, samples, 1 or 2], and a window or a frame length");
  }
  Type type = node.elementOf(x), wide = type.isF64() ? type : Type(Float32Type::get(node.context()));
  Value signal = node.cast(node.reshape(x, {node.dimsOf(x)[0], node.dimsOf(x)[1], parts}), wide);
  Value samples = along(node, zero, length, one);
  Value ends = node.sub(scalarOf(node, node.dimsOf(x)[1] + 1), length), starts = along(node, zero, ends, step);
  Value places = node.add(withDim(node, starts, 1), withDim(node, samples, 0));
  Attributes time;
  time.set("axis", int64_t{1});
  Value frames = places && signal ? node.hostOne("gather", {signal, places}, time) : Value();
  // Whole turns are taken off as integers, exactly.
  Value bins = node.attrInt("onesided", 1) != 0 ? node.add(node.div(length, scalarOf(node, 2)), one) : length;
  Value turns = node.mul(withDim(node, samples, 1), withDim(node, along(node, zero, bins, one), 0));
  turns = node.cast(node.binary(BinaryKind::Mod, turns, length), wide);
  Value angles = node.div(node.mul(turns, node.scalarLike(signal, 2 * M_PI)), node.cast(length, wide));
  if (!frames || !angles) {
    return failure();
  }
  Value y = transformed(node, frames, parts, node.unary(UnaryKind::Cos, angles), node.unary(UnaryKind::Sin, angles));
  return y ? node.result(node.cast(y, type)) : failure();
}

LogicalResult stft(NodeContext &node) {
  if (!node.needInputs(2, 4)) {
    return failure();
  }
  bool open = node.has(3) && !node.has(2) && !graph::constantTensor(node.input(3));
  return open ? openLength(node) : openStep(node);
}

} // namespace

void addRunTimeFourierHandlers(HandlerTable &table) { table.add("STFT", 17, stft); }

} // namespace ncc::frontend
