// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// LSTM and GRU unrolled over time: the input projections of all steps are one product, each step adds the product with
// the recurrent weights. Default activations only; others stay whole.
#include "passes/legalize/GraphBuilder.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::legalize;

namespace {

using graph::UnaryKind;

/// What LSTM and GRU share: shapes, the projections of the input and the order of steps.
struct Unrolled {
  GraphBuilder &g;
  int64_t steps, batch, hidden, gates;

  /// [T, B, gates*H] = x W^T + bias, for one direction.
  Value project(Value x, Value w, Value bias, int64_t direction) {
    Value weights = g.reshape(g.sliceDim(w, 0, direction, 1), {gates * hidden, shapeOf(w)[2]});
    Value flat = g.reshape(x, {steps * batch, shapeOf(x)[2]});
    Value y = g.matmul(flat, weights, false, true);
    if (bias) {
      y = g.add(y, bias);
    }
    return g.reshape(y, {steps, batch, gates * hidden});
  }
  Value row(Value tensor, int64_t direction, int64_t offset, int64_t size) {
    return g.reshape(g.slice(tensor, {direction, offset}, {1, size}), {size});
  }
  Value initial(Value tensor, int64_t direction, Type element) {
    if (!tensor) {
      return g.constant(Tensor(DType::F32, {batch, hidden}));
    }
    return g.reshape(g.sliceDim(tensor, 0, direction, 1), {batch, hidden});
  }
  Value step(Value projected, int64_t t) {
    return g.reshape(g.sliceDim(projected, 0, t, 1), {batch, shapeOf(projected)[2]});
  }
  /// [B,1]: is step t inside each sequence? Null when all sequences are whole.
  Value inside(Value lengths, int64_t t) {
    if (!lengths) {
      return Value();
    }
    Type i32 = g.b.getI32Type();
    Value last = g.reshape(g.cast(lengths, i32), {batch, 1});
    return graph::CompareOp::create(g.b, g.loc, graph::CompareKind::Lt, g.scalar(static_cast<double>(t), i32), last);
  }
  Value choose(Value mask, Value inside, Value outside) {
    return mask ? Value(graph::SelectOp::create(g.b, g.loc, mask, inside, outside)) : inside;
  }
  Value gate(Value all, int64_t index) { return g.sliceDim(all, 1, index * hidden, hidden); }
};

/// The defaults, spelled out or not, for every direction.
bool defaultActivations(ArrayAttr names, ArrayRef<StringRef> defaults) {
  for (auto [i, name] : llvm::enumerate(names)) {
    if (!cast<StringAttr>(name).getValue().equals_insensitive(defaults[i % defaults.size()])) {
      return false;
    }
  }
  return true;
}

template <typename Op>
bool plain(Op op, int64_t maxSteps, ArrayRef<StringRef> activations) {
  auto type = cast<RankedTensorType>(op.getX().getType());
  return type.getElementType().isF32() && defaultActivations(op.getActivations(), activations) &&
         op.getClip() == 0.0 && type.getShape()[0] <= maxSteps && type.getShape()[0] > 0;
}

/// Stacks per-step states [B,H] into y [T,D,B,H] and last states into [D,B,H].
Value stackSteps(GraphBuilder &g, ArrayRef<SmallVector<Value>> directions, int64_t batch, int64_t hidden) {
  SmallVector<Value> stacked;
  for (const SmallVector<Value> &steps : directions) {
    SmallVector<Value> parts;
    for (Value h : steps) {
      parts.push_back(g.reshape(h, {1, 1, batch, hidden}));
    }
    stacked.push_back(g.concat(parts, 0));
  }
  return g.concat(stacked, 1);
}

Value stackStates(GraphBuilder &g, ArrayRef<Value> states, int64_t batch, int64_t hidden) {
  SmallVector<Value> parts;
  for (Value state : states) {
    parts.push_back(g.reshape(state, {1, batch, hidden}));
  }
  return g.concat(parts, 0);
}

struct UnrollLstm : OpRewritePattern<graph::LstmOp> {
  UnrollLstm(MLIRContext *context, int64_t maxSteps) : OpRewritePattern(context), maxSteps(maxSteps) {}
  LogicalResult matchAndRewrite(graph::LstmOp op, PatternRewriter &rewriter) const override {
    if (!plain(op, maxSteps, {"sigmoid", "tanh", "tanh"}) || op.getInputForget()) {
      return rewriter.notifyMatchFailure(op, "not the plain form");
    }
    GraphBuilder g(rewriter, op.getLoc());
    ArrayRef<int64_t> in = shapeOf(op.getX());
    Unrolled u{g, in[0], in[1], int64_t(op.getHiddenSize()), 4};
    int64_t h4 = 4 * u.hidden;
    Value zero = g.scalar(0.0, rewriter.getF32Type());
    bool reverseOnly = op.getDirection() == graph::Direction::Reverse;
    int64_t directions = op.getDirection() == graph::Direction::Bidirectional ? 2 : 1;
    SmallVector<SmallVector<Value>> all;
    SmallVector<Value> lastH, lastC;
    for (int64_t d = 0; d < directions; ++d) {
      Value bias;
      if (op.getBias()) {
        bias = g.add(u.row(op.getBias(), d, 0, h4), u.row(op.getBias(), d, h4, h4));
      }
      Value projected = u.project(op.getX(), op.getW(), bias, d);
      Value r = g.reshape(g.sliceDim(op.getR(), 0, d, 1), {h4, u.hidden});
      Value h = u.initial(op.getInitialH(), d, rewriter.getF32Type()), c = u.initial(op.getInitialC(), d, rewriter.getF32Type());
      SmallVector<Value> steps(u.steps);
      for (int64_t i = 0; i < u.steps; ++i) {
        int64_t t = (reverseOnly || d == 1) ? u.steps - 1 - i : i;
        Value gates = g.add(u.step(projected, t), g.matmul(h, r, false, true));
        // Peepholes, in the order i, o, f: the output gate looks at the new cell.
        auto look = [&](Value gate, int64_t which, Value at) {
          return op.getPeepholes() ? g.add(gate, g.mul(u.row(op.getPeepholes(), d, which * u.hidden, u.hidden), at)) : gate;
        };
        Value input = g.unary(UnaryKind::Sigmoid, look(u.gate(gates, 0), 0, c));
        Value forget = g.unary(UnaryKind::Sigmoid, look(u.gate(gates, 2), 2, c)), cell = g.unary(UnaryKind::Tanh, u.gate(gates, 3));
        // Beyond a sequence's end the state stands still and the output is zero.
        Value mask = u.inside(op.getLengths(), t);
        c = u.choose(mask, g.add(g.mul(forget, c), g.mul(input, cell)), c);
        Value output = g.unary(UnaryKind::Sigmoid, look(u.gate(gates, 1), 1, c));
        Value next = g.mul(output, g.unary(UnaryKind::Tanh, c));
        steps[t] = u.choose(mask, next, zero);
        h = u.choose(mask, next, h);
      }
      all.push_back(steps);
      lastH.push_back(h);
      lastC.push_back(c);
    }
    rewriter.replaceOp(op, {stackSteps(g, all, u.batch, u.hidden), stackStates(g, lastH, u.batch, u.hidden),
                            stackStates(g, lastC, u.batch, u.hidden)});
    return success();
  }
  int64_t maxSteps;
};

struct UnrollGru : OpRewritePattern<graph::GruOp> {
  UnrollGru(MLIRContext *context, int64_t maxSteps) : OpRewritePattern(context), maxSteps(maxSteps) {}
  LogicalResult matchAndRewrite(graph::GruOp op, PatternRewriter &rewriter) const override {
    if (!plain(op, maxSteps, {"sigmoid", "tanh"})) {
      return rewriter.notifyMatchFailure(op, "not the plain form");
    }
    GraphBuilder g(rewriter, op.getLoc());
    ArrayRef<int64_t> in = shapeOf(op.getX());
    Unrolled u{g, in[0], in[1], int64_t(op.getHiddenSize()), 3};
    int64_t hidden = u.hidden, h2 = 2 * hidden, h3 = 3 * hidden;
    bool reverseOnly = op.getDirection() == graph::Direction::Reverse, linear = op.getLinearBeforeReset();
    int64_t directions = op.getDirection() == graph::Direction::Bidirectional ? 2 : 1;
    Value one = g.scalar(1.0, rewriter.getF32Type()), zero = g.scalar(0.0, rewriter.getF32Type());
    SmallVector<SmallVector<Value>> all;
    SmallVector<Value> lastH;
    for (int64_t d = 0; d < directions; ++d) {
      Value wBias, rBias;
      if (op.getBias()) {
        wBias = u.row(op.getBias(), d, 0, h3);
        rBias = u.row(op.getBias(), d, h3, h3);
      }
      Value projected = u.project(op.getX(), op.getW(), wBias, d);
      Value r = g.reshape(g.sliceDim(op.getR(), 0, d, 1), {h3, hidden});
      Value rZr = g.sliceDim(r, 0, 0, h2), rH = g.sliceDim(r, 0, h2, hidden);
      Value h = u.initial(op.getInitialH(), d, rewriter.getF32Type());
      SmallVector<Value> steps(u.steps);
      for (int64_t i = 0; i < u.steps; ++i) {
        int64_t t = (reverseOnly || d == 1) ? u.steps - 1 - i : i;
        Value x = u.step(projected, t);
        Value zr = g.add(g.sliceDim(x, 1, 0, h2), g.matmul(h, rZr, false, true));
        if (rBias) {
          zr = g.add(zr, g.sliceDim(rBias, 0, 0, h2));
        }
        zr = g.unary(UnaryKind::Sigmoid, zr);
        Value z = u.gate(zr, 0), reset = u.gate(zr, 1);
        Value candidate = g.matmul(linear ? h : g.mul(reset, h), rH, false, true);
        if (rBias) {
          candidate = g.add(candidate, g.sliceDim(rBias, 0, h2, hidden));
        }
        candidate = linear ? g.mul(reset, candidate) : candidate;
        candidate = g.unary(UnaryKind::Tanh, g.add(g.sliceDim(x, 1, h2, hidden), candidate));
        Value mask = u.inside(op.getLengths(), t);
        Value next = g.add(g.mul(g.sub(one, z), candidate), g.mul(z, h));
        steps[t] = u.choose(mask, next, zero);
        h = u.choose(mask, next, h);
      }
      all.push_back(steps);
      lastH.push_back(h);
    }
    rewriter.replaceOp(op, {stackSteps(g, all, u.batch, hidden), stackStates(g, lastH, u.batch, hidden)});
    return success();
  }
  int64_t maxSteps;
};

struct UnrollRnn : OpRewritePattern<graph::RnnOp> {
  UnrollRnn(MLIRContext *context, int64_t maxSteps) : OpRewritePattern(context), maxSteps(maxSteps) {}
  LogicalResult matchAndRewrite(graph::RnnOp op, PatternRewriter &rewriter) const override {
    if (!plain(op, maxSteps, {"tanh"})) {
      return rewriter.notifyMatchFailure(op, "not the plain form");
    }
    GraphBuilder g(rewriter, op.getLoc());
    ArrayRef<int64_t> in = shapeOf(op.getX());
    Unrolled u{g, in[0], in[1], int64_t(op.getHiddenSize()), 1};
    int64_t hidden = u.hidden, directions = op.getDirection() == graph::Direction::Bidirectional ? 2 : 1;
    bool reverseOnly = op.getDirection() == graph::Direction::Reverse;
    Value zero = g.scalar(0.0, rewriter.getF32Type());
    SmallVector<SmallVector<Value>> all;
    SmallVector<Value> lastH;
    for (int64_t d = 0; d < directions; ++d) {
      Value bias = op.getBias() ? g.add(u.row(op.getBias(), d, 0, hidden), u.row(op.getBias(), d, hidden, hidden)) : Value();
      Value projected = u.project(op.getX(), op.getW(), bias, d);
      Value r = g.reshape(g.sliceDim(op.getR(), 0, d, 1), {hidden, hidden});
      Value h = u.initial(op.getInitialH(), d, rewriter.getF32Type());
      SmallVector<Value> steps(u.steps);
      for (int64_t i = 0; i < u.steps; ++i) {
        int64_t t = (reverseOnly || d == 1) ? u.steps - 1 - i : i;
        Value next = g.unary(UnaryKind::Tanh, g.add(u.step(projected, t), g.matmul(h, r, false, true)));
        Value mask = u.inside(op.getLengths(), t);
        steps[t] = u.choose(mask, next, zero);
        h = u.choose(mask, next, h);
      }
      all.push_back(steps);
      lastH.push_back(h);
    }
    rewriter.replaceOp(op, {stackSteps(g, all, u.batch, hidden), stackStates(g, lastH, u.batch, hidden)});
    return success();
  }
  int64_t maxSteps;
};

} // namespace

void ncc::legalize::populateRecurrent(RewritePatternSet &patterns, int64_t maxSteps) {
  patterns.add<UnrollLstm, UnrollGru, UnrollRnn>(patterns.getContext(), maxSteps);
}
