// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Data movement that has no emitter of its own: reflecting and repeating borders as slices, cropping pads, one-dim
// operands of matmul, gathers along inner dims.
#include "passes/legalize/GraphBuilder.h"
#include "dialects/graph/Constants.h"

#include "mlir/IR/PatternMatch.h"

#include <numeric>

using namespace mlir;
using namespace ncc;
using namespace ncc::legalize;

namespace {

struct DecomposePad : OpRewritePattern<graph::PadOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::PadOp op, PatternRewriter &rewriter) const override {
    bool crops = llvm::any_of(op.getLow(), [](int64_t n) { return n < 0; }) ||
                 llvm::any_of(op.getHigh(), [](int64_t n) { return n < 0; });
    if (op.getMode() == graph::PadMode::Constant && !crops) {
      return rewriter.notifyMatchFailure(op, "a plain border has an engine form");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Value x = op.getX();
    for (int64_t dim = 0; dim < typeOf(x).getRank(); ++dim) {
      int64_t low = op.getLow()[dim], high = op.getHigh()[dim], size = shapeOf(x)[dim];
      int64_t start = std::max<int64_t>(0, -low), end = size - std::max<int64_t>(0, -high);
      if (start > 0 || end < size) {
        x = g.sliceDim(x, dim, start, end - start);
        size = end - start;
      }
      if (op.getMode() == graph::PadMode::Constant || (low <= 0 && high <= 0)) {
        continue;
      }
      SmallVector<Value> parts;
      if (!border(g, op.getMode(), x, dim, std::max<int64_t>(low, 0), std::max<int64_t>(high, 0), parts)) {
        return rewriter.notifyMatchFailure(op, "border wider than the tensor");
      }
      x = g.concat(parts, dim);
    }
    if (op.getMode() == graph::PadMode::Constant) {
      Dims low, high;
      for (auto [l, h] : llvm::zip(op.getLow(), op.getHigh())) {
        low.push_back(std::max<int64_t>(l, 0));
        high.push_back(std::max<int64_t>(h, 0));
      }
      x = graph::PadOp::create(rewriter, op.getLoc(), x, low, high, op.getMode(), double(op.getValue()));
    }
    rewriter.replaceOp(op, x);
    return success();
  }

private:
  static bool border(GraphBuilder &g, graph::PadMode mode, Value x, int64_t dim, int64_t low, int64_t high,
                     SmallVectorImpl<Value> &parts) {
    int64_t size = shapeOf(x)[dim];
    auto reversed = [&](int64_t from, int64_t count) { // count elements from `from` downwards
      Dims offsets(shapeOf(x).size(), 0), sizes(shapeOf(x)), strides(shapeOf(x).size(), 1);
      offsets[dim] = from;
      sizes[dim] = count;
      strides[dim] = -1;
      return g.slice(x, offsets, sizes, strides);
    };
    auto edge = [&](int64_t at, int64_t count) {
      Dims wide(shapeOf(x));
      wide[dim] = count;
      return g.expand(g.sliceDim(x, dim, at, 1), wide);
    };
    bool reflect = mode == graph::PadMode::Reflect, repeat = mode == graph::PadMode::Edge;
    if ((reflect && (low >= size || high >= size)) || (!reflect && !repeat && (low > size || high > size)) || size == 0) {
      return false;
    }
    if (low > 0) {
      parts.push_back(reflect ? reversed(low, low) : repeat ? edge(0, low) : g.sliceDim(x, dim, size - low, low));
    }
    parts.push_back(x);
    if (high > 0) {
      parts.push_back(reflect ? reversed(size - 2, high) : repeat ? edge(size - 1, high) : g.sliceDim(x, dim, 0, high));
    }
    return true;
  }
};

/// Operands without elements add nothing (an empty key-value cache).
struct DropEmptyOperands : OpRewritePattern<graph::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::ConcatOp op, PatternRewriter &rewriter) const override {
    SmallVector<Value> parts;
    for (Value part : op.getInputs()) {
      if (typeOf(part).getNumElements() != 0) {
        parts.push_back(part);
      }
    }
    if (parts.empty() || parts.size() == op.getInputs().size()) {
      return rewriter.notifyMatchFailure(op, "no empty operand");
    }
    GraphBuilder g(rewriter, op.getLoc());
    rewriter.replaceOp(op, g.concat(parts, op.getAxis()));
    return success();
  }
};

/// numpy: a one-dim left operand is a row, a one-dim right operand a column.
struct PromoteMatmulVectors : OpRewritePattern<graph::MatmulOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::MatmulOp op, PatternRewriter &rewriter) const override {
    bool row = typeOf(op.getA()).getRank() == 1, column = typeOf(op.getB()).getRank() == 1;
    if (!row && !column) {
      return rewriter.notifyMatchFailure(op, "both operands are matrices");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Value a = row ? g.reshape(op.getA(), {1, shapeOf(op.getA())[0]}) : op.getA();
    Value b = column ? g.reshape(op.getB(), {shapeOf(op.getB())[0], 1}) : op.getB();
    Value y = graph::MatmulOp::create(rewriter, op.getLoc(), a, b, !row && op.getTransposeA(), !column && op.getTransposeB(),
                                      op.getAZeroPoint(), op.getBZeroPoint());
    y.setType(RankedTensorType::get(shapeOf(y), typeOf(op.getResult()).getElementType()));
    rewriter.replaceOp(op, g.reshape(y, shapeOf(op.getResult())));
    return success();
  }
};

/// The step between constant indices that are evenly spaced and in range; none otherwise.
std::optional<int64_t> evenStep(const Tensor &indices, int64_t size) {
  int64_t step = indices.size() > 1 ? indices.asInt(1) - indices.asInt(0) : 1;
  for (int64_t i = 0; i < indices.size(); ++i) {
    int64_t index = indices.asInt(i);
    if (index < 0 || index >= size || index != indices.asInt(0) + i * step) {
      return std::nullopt;
    }
  }
  return step == 0 ? std::nullopt : std::optional(step);
}

/// A gather along an inner axis moves that axis to the front; evenly spaced constant indices are a slice.
struct LegalizeGather : OpRewritePattern<graph::GatherOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::GatherOp op, PatternRewriter &rewriter) const override {
    GraphBuilder g(rewriter, op.getLoc());
    ArrayRef<int64_t> data = shapeOf(op.getData()), indices = shapeOf(op.getIndices());
    int64_t axis = op.getAxis(), size = data[axis];
    auto constant = graph::constantTensor(op.getIndices());
    if (constant && constant->size() == 1) {
      int64_t index = constant->asInt(0);
      index += index < 0 ? size : 0;
      if (index < 0 || index >= size) {
        return rewriter.notifyMatchFailure(op, "index out of range");
      }
      rewriter.replaceOp(op, g.reshape(g.sliceDim(op.getData(), axis, index, 1), shapeOf(op.getResult())));
      return success();
    }
    if (auto step = constant && constant->size() > 0 ? evenStep(*constant, size) : std::nullopt) {
      Dims offsets(data.size(), 0), sizes(data), strides(data.size(), 1);
      offsets[axis] = constant->asInt(0);
      sizes[axis] = constant->size();
      strides[axis] = *step;
      rewriter.replaceOp(op, g.reshape(g.slice(op.getData(), offsets, sizes, strides), shapeOf(op.getResult())));
      return success();
    }
    if (axis == 0 || size == 0) {
      return rewriter.notifyMatchFailure(op, "already along the first dim");
    }
    int64_t rank = static_cast<int64_t>(data.size()), indexRank = static_cast<int64_t>(indices.size());
    Dims front{axis}, back;
    for (int64_t d = 0; d < rank; ++d) {
      if (d != axis) {
        front.push_back(d);
      }
    }
    Value y = graph::GatherOp::create(rewriter, op.getLoc(), g.transpose(op.getData(), front), op.getIndices(), int64_t(0));
    // [indices..., before..., after...] -> [before..., indices..., after...]
    for (int64_t d = 0; d < axis; ++d) {
      back.push_back(indexRank + d);
    }
    for (int64_t d = 0; d < indexRank; ++d) {
      back.push_back(d);
    }
    for (int64_t d = axis; d < rank - 1; ++d) {
      back.push_back(indexRank + d);
    }
    rewriter.replaceOp(op, g.transpose(y, back));
    return success();
  }
};

/// values[index == position], compared as floats with the positions 0, 1, 2 ...: f32 holds each of them, and an index it
/// does not hold is rounded to another one far outside.
struct DecomposeOneHot : OpRewritePattern<graph::OneHotOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(graph::OneHotOp op, PatternRewriter &rewriter) const override {
    constexpr int64_t kMostExact = int64_t(1) << 24;
    Type index = typeOf(op.getIndices()).getElementType(), type = typeOf(op.getResult()).getElementType(), f32 = rewriter.getF32Type();
    int64_t axis = op.getAxis(), rank = typeOf(op.getResult()).getRank(), depth = shapeOf(op.getResult())[axis];
    if (!index.isInteger() || depth >= kMostExact || !(type.isF32() || type.isBF16() || type.isF16() || type.isInteger(8) || type.isInteger(32))) {
      return rewriter.notifyMatchFailure(op, "needs integer indices and an engine type");
    }
    GraphBuilder g(rewriter, op.getLoc());
    Dims wide(shapeOf(op.getIndices())), line(rank, 1);
    wide.insert(wide.begin() + axis, 1);
    line[axis] = depth;
    Value indices = g.reshape(g.cast(op.getIndices(), f32), wide);
    Tensor positions(DType::F32, Shape(line.begin(), line.end()));
    for (int64_t i = 0; i < depth; ++i) {
      positions.setInt(i, i);
    }
    // A negative index counts from the end.
    Value negative = graph::CompareOp::create(rewriter, op.getLoc(), graph::CompareKind::Lt, indices, g.scalar(0, f32));
    Value wrapped = g.add(indices, g.scalar(static_cast<double>(depth), f32));
    indices = graph::SelectOp::create(rewriter, op.getLoc(), negative, wrapped, indices);
    Value hit = graph::CompareOp::create(rewriter, op.getLoc(), graph::CompareKind::Eq, indices, g.constant(positions));
    Value off = g.reshape(g.sliceDim(op.getValues(), 0, 0, 1), {}), on = g.reshape(g.sliceDim(op.getValues(), 0, 1, 1), {});
    rewriter.replaceOpWithNewOp<graph::SelectOp>(op, op.getResult().getType(), hit, on, off);
    return success();
  }
};

} // namespace

void ncc::legalize::populateLayoutOps(RewritePatternSet &patterns) {
  patterns.add<DecomposePad, PromoteMatmulVectors, LegalizeGather, DecomposeOneHot, DropEmptyOperands>(patterns.getContext());
}
