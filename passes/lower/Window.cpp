// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Windows that stay inside a channel: pooling and depthwise convolution. Channels lie on partitions, and each kernel
// tap is one or two vector instructions on a shifted view of the input, into the part of the result it feeds.
#include "dialects/graph/Constants.h"
#include "dialects/graph/Graph.h"
#include "passes/lower/Emitters.h"

#include "llvm/Support/MathExtras.h"

#include <limits>

using namespace mlir;
using namespace ncc;
using namespace ncc::lower;

namespace {

struct Window {
  Value x;
  Dims in, out, kernel, strides, padLow, dilations;
};

Window poolWindow(const Group &group) {
  auto op = cast<graph::PoolOp>(group.root);
  auto shape = [](Value v) { return cast<RankedTensorType>(v.getType()).getShape(); };
  auto copy = [](ArrayRef<int64_t> v) { return Dims(v.begin(), v.end()); };
  size_t rank = op.getKernel().size();
  return {group.resolve(op.getX()), copy(shape(op.getX())), copy(shape(op.getResult())), copy(op.getKernel()),
          copy(op.getStrides()), copy(op.getPads().take_front(rank)), copy(op.getDilations())};
}

Window convWindow(const Group &group) {
  auto op = cast<graph::ConvOp>(group.root);
  auto shape = [](Value v) { return cast<RankedTensorType>(v.getType()).getShape(); };
  auto copy = [](ArrayRef<int64_t> v) { return Dims(v.begin(), v.end()); };
  ArrayRef<int64_t> w = shape(op.getW());
  return {group.resolve(op.getX()), copy(shape(op.getX())), copy(shape(op.getResult())), copy(w.drop_front(2)),
          copy(op.getStrides()), copy(op.getPads().take_front(w.size() - 2)), copy(op.getDilations())};
}

/// Visits, for one output block, every (tap, input cell) that meets it; taps that feed the whole block come first.
class TapWalker {
public:
  TapWalker(Lowering &low, const Window &w, const Grid &input, const Layout &layout)
      : low(low), w(w), input(input), index(input), layout(layout) {}

  /// `visit(tap, input pattern, region)`; region is null when it is the whole block.
  void walk(const Rows &rows, const Box &box,
            llvm::function_ref<void(int64_t, Read, tile::AccessPatternAttr)> visit) {
    int64_t taps = product(w.kernel);
    for (bool wholeFirst : {true, false}) {
      for (int64_t tap = 0; tap < taps; ++tap) {
        bool whole = coversBlock(tap, box);
        if (whole == wholeFirst) {
          visitTap(tap, rows, box, visit);
        }
      }
    }
  }

private:
  size_t freeIndex(int64_t dim) const { return llvm::find(layout.free, dim) - layout.free.begin(); }

  int64_t shiftOf(int64_t tap, size_t d) const {
    int64_t unit = 1;
    for (size_t i = w.kernel.size() - 1; i > d; --i) {
      unit *= w.kernel[i];
    }
    return tap / unit % w.kernel[d] * w.dilations[d] - w.padLow[d];
  }

  bool coversBlock(int64_t tap, const Box &box) const {
    for (size_t d = 0; d < w.kernel.size(); ++d) {
      size_t f = freeIndex(static_cast<int64_t>(d) + 2);
      int64_t first = box.start[f] * w.strides[d] + shiftOf(tap, d);
      int64_t last = (box.start[f] + box.size[f] - 1) * w.strides[d] + shiftOf(tap, d);
      if (first < 0 || last >= w.in[d + 2]) {
        return false;
      }
    }
    return true;
  }

  void visitTap(int64_t tap, const Rows &rows, const Box &box,
                llvm::function_ref<void(int64_t, Read, tile::AccessPatternAttr)> visit) {
    Dims blockStrides = boxStrides(box.size);
    const std::optional<Box> reached = reach(tap, box);
    if (!reached) {
      return;
    }
    index.forEachRow(rows, [&](size_t r) {
      if (!input.rows[r].contains(rows)) {
        return;
      }
      index.forEachBox(*reached, [&](size_t b) {
        const Box &cell = input.boxes[b];
        View view = input.cell(r, b);
        view.partition += rows.start - input.rows[r].start;
        Dims sizes(box.size.size(), 1), strides(box.size.size(), 0);
        int64_t region = 0;
        bool empty = false;
        size_t fN = freeIndex(0);
        int64_t nLow = std::max(box.start[fN], cell.start[fN]);
        int64_t nHigh = std::min(box.start[fN] + box.size[fN], cell.start[fN] + cell.size[fN]);
        empty |= nHigh <= nLow;
        sizes[fN] = nHigh - nLow;
        strides[fN] = view.strides[fN];
        view.offset += (nLow - cell.start[fN]) * view.strides[fN];
        region += (nLow - box.start[fN]) * blockStrides[fN];
        for (size_t d = 0; d < w.kernel.size() && !empty; ++d) {
          size_t f = freeIndex(static_cast<int64_t>(d) + 2);
          int64_t step = w.strides[d], shift = shiftOf(tap, d);
          int64_t lowIn = std::max<int64_t>(0, cell.start[f]), highIn = std::min(w.in[d + 2], cell.start[f] + cell.size[f]) - 1;
          int64_t low = std::max(box.start[f], llvm::divideCeilSigned(lowIn - shift, step));
          int64_t high = std::min(box.start[f] + box.size[f] - 1, llvm::divideFloorSigned(highIn - shift, step));
          empty = high < low;
          sizes[f] = high - low + 1;
          strides[f] = view.strides[f] * step;
          view.offset += (low * step + shift - cell.start[f]) * view.strides[f];
          region += (low - box.start[f]) * blockStrides[f];
        }
        if (empty) {
          return;
        }
        view.strides = strides;
        bool whole = sizes == box.size;
        auto place = whole ? tile::AccessPatternAttr() : low.t.pattern(0, rows.count, region, blockStrides, sizes);
        visit(tap, low.read(view, rows.count, sizes), place);
      });
    });
  }

  /// The part of the input that a tap reads for a block of the result; none when it reads borders only.
  std::optional<Box> reach(int64_t tap, const Box &box) const {
    Box reached = box;
    for (size_t d = 0; d < w.kernel.size(); ++d) {
      size_t f = freeIndex(static_cast<int64_t>(d) + 2);
      int64_t first = box.start[f] * w.strides[d] + shiftOf(tap, d), last = first + (box.size[f] - 1) * w.strides[d];
      first = std::max<int64_t>(first, 0);
      last = std::min(last, w.in[d + 2] - 1);
      if (last < first) {
        return std::nullopt;
      }
      reached.start[f] = first;
      reached.size[f] = last - first + 1;
    }
    return reached;
  }

  Lowering &low;
  const Window &w;
  const Grid &input;
  GridIndex index;
  const Layout &layout;
};

/// acc[region] = op(acc[region], x): reads the accumulator it updates, so the destination is tied.
Value accumulate(Lowering &low, StringRef op, Type type, Read current, Read x, tile::AccessPatternAttr region) {
  return low.t.tensorTensor(type, op, current, x, Into{current.tile, region});
}

using BlockFn = llvm::function_ref<Read(TapWalker &, const Rows &, const Box &)>;

/// Runs `compute` for every cell of the result, in the row cut of the input.
void emitWindow(Lowering &low, const Group &group, const Window &w, BlockFn compute) {
  Layout layout = Lowering::canonical(layoutOf(static_cast<int64_t>(w.out.size()), {1}), w.out);
  Layout inLayout = Lowering::canonical(layoutOf(static_cast<int64_t>(w.in.size()), {1}), w.in);
  Grid input = low.grid(w.x, inLayout);
  Layout common = layout; // index spaces agree: [N, C, spatial]
  input = reorderFree(input, common);
  Grid grid = defaultGrid(w.out, layout, kSpatialChunk);
  grid.rows.clear();
  for (size_t r = 0; r < input.rows.size(); ++r) {
    grid.rows.push_back(input.rows[r]);
  }
  // Cells that start on an odd partition (a slice) are used as they lie: rows follow the input.
  ResultGrids results(low, group, grid);
  BlockEvaluator evaluator(low, group, w.out, layout);
  TapWalker walker(low, w, input, layout);
  for (size_t r = 0; r < grid.rows.size(); ++r) {
    for (size_t b = 0; b < grid.boxes.size(); ++b) {
      Read acc = compute(walker, grid.rows[r], grid.boxes[b]);
      results.add(grid.rows[r], grid.boxes[b], evaluator.run(grid.rows[r], grid.boxes[b], acc));
      results.finishCell(r, b);
    }
  }
  results.finish();
}

//===--- pooling ---===//

bool supportsPool(Lowering &low, const Group &group) {
  auto op = cast<graph::PoolOp>(group.root);
  Type type = cast<RankedTensorType>(op.getX().getType()).getElementType();
  bool byte = type.isInteger(8);
  return op.getKernel().size() <= 3 && llvm::all_of(group.body, isEngineElementwise) &&
         cast<RankedTensorType>(op.getResult().getType()).getNumElements() > 0 &&
         (op.getKind() == graph::PoolKind::Max ? isEngineFloat(type) || byte
                                               : op.getKind() == graph::PoolKind::Average && isEngineFloat(type));
}

double lowest(Type type) {
  if (type.isUnsignedInteger(8)) {
    return 0;
  }
  return type.isInteger(8) ? -128 : -std::numeric_limits<double>::infinity();
}

/// Elements that count along each spatial dim, for every output position there.
SmallVector<std::vector<int64_t>> averageCounts(graph::PoolOp op, const Window &w) {
  size_t rank = w.kernel.size();
  SmallVector<std::vector<int64_t>> counts(rank);
  for (size_t d = 0; d < rank; ++d) {
    int64_t extra = op.getExtra().empty() ? 0 : op.getExtra()[d], padHigh = op.getPads()[rank + d] - extra;
    for (int64_t o = 0; o < w.out[d + 2]; ++o) {
      int64_t inside = 0;
      for (int64_t k = 0; k < w.kernel[d]; ++k) {
        int64_t at = o * w.strides[d] + k * w.dilations[d] - w.padLow[d];
        inside += op.getCountIncludePad() ? at < w.in[d + 2] + padHigh : at >= 0 && at < w.in[d + 2];
      }
      counts[d].push_back(std::max<int64_t>(inside, 1));
    }
  }
  return counts;
}

/// 1 / (elements an output averages over) at the positions of a block; one number if they are all equal. Blocks alike,
/// and most are, share a map.
class AverageFactors {
public:
  using Factor = std::variant<double, Tensor>;
  AverageFactors(graph::PoolOp op, const Window &w, const Layout &layout) : counts(averageCounts(op, w)), layout(layout) {}

  const Factor &of(const Box &box) {
    SmallVector<std::vector<int64_t>> own;
    for (size_t d = 0; d < counts.size(); ++d) {
      size_t place = llvm::find(layout.free, static_cast<int64_t>(d) + 2) - layout.free.begin();
      auto begin = counts[d].begin() + box.start[place];
      own.emplace_back(begin, begin + box.size[place]);
    }
    auto [it, added] = known.try_emplace(std::vector<std::vector<int64_t>>(own.begin(), own.end()));
    if (added) {
      it->second = make(own);
    }
    return it->second;
  }

private:
  static Factor make(ArrayRef<std::vector<int64_t>> own) {
    Shape shape;
    bool same = true;
    int64_t first = 1;
    for (const std::vector<int64_t> &dim : own) {
      shape.push_back(static_cast<int64_t>(dim.size()));
      same &= llvm::all_of(dim, [&](int64_t count) { return count == dim[0]; });
      first *= dim[0];
    }
    if (same) {
      return static_cast<double>(1.0f / static_cast<float>(first));
    }
    Tensor factors(DType::F32, shape);
    for (int64_t i = 0; i < factors.size(); ++i) {
      int64_t rest = i, elements = 1;
      for (size_t d = own.size(); d-- > 0;) {
        elements *= own[d][rest % shape[d]];
        rest /= shape[d];
      }
      factors.mutableAs<float>()[i] = 1.0f / static_cast<float>(elements);
    }
    return factors;
  }

  SmallVector<std::vector<int64_t>> counts;
  const Layout &layout;
  std::map<std::vector<std::vector<int64_t>>, Factor> known;
};

void emitPool(Lowering &low, const Group &group) {
  auto op = cast<graph::PoolOp>(group.root);
  Window w = poolWindow(group);
  bool isMax = op.getKind() == graph::PoolKind::Max;
  Type element = isMax ? low.state(w.x).element : low.t.b.getF32Type();
  Layout layout = Lowering::canonical(layoutOf(static_cast<int64_t>(w.out.size()), {1}), w.out);
  AverageFactors factors(op, w, layout);
  emitWindow(low, group, w, [&](TapWalker &walker, const Rows &rows, const Box &box) {
    Type type = low.t.sbuf(rows.count, box.elements(), element);
    Value acc;
    walker.walk(rows, box, [&](int64_t, Read x, tile::AccessPatternAttr region) {
      if (!acc && !region) {
        acc = low.t.copy(type, x);
        return;
      }
      if (!acc) {
        acc = low.t.memset(type, isMax ? lowest(element) : 0.0);
      }
      Read current{acc, region ? region : tile::wholePattern(type)};
      acc = accumulate(low, isMax ? "max" : "add", type, current, x, region);
    });
    acc = acc ? acc : low.t.memset(type, isMax ? lowest(element) : 0.0);
    if (isMax) {
      return low.t.whole(acc);
    }
    const AverageFactors::Factor &factor = factors.of(box);
    if (const double *number = std::get_if<double>(&factor)) {
      acc = *number == 1.0 ? acc : low.t.tensorScalar(type, low.t.whole(acc), "mul", *number);
    } else {
      const Tensor &map = std::get<Tensor>(factor);
      Dims shape(w.out), own(boxStrides(map.shape())), strides{0, 0};
      strides.append(own);
      for (size_t d = 0; d < own.size(); ++d) {
        shape[d + 2] = map.shape()[d];
      }
      Box whole = box; // of the map, which starts where the block does
      for (auto [f, dim] : llvm::enumerate(layout.free)) {
        whole.start[f] = dim >= 2 ? 0 : box.start[f];
      }
      Value tile = low.load({low.constant(map), 0, strides}, shape, low.t.b.getF32Type(), layout, rows, whole);
      acc = low.t.tensorTensor(type, "mul", low.t.whole(acc), low.t.whole(tile));
    }
    return low.t.whole(acc);
  });
}

//===--- depthwise convolution ---===//

bool supportsDepthwise(Lowering &low, const Group &group) {
  auto op = cast<graph::ConvOp>(group.root);
  auto in = cast<RankedTensorType>(op.getX().getType()), out = cast<RankedTensorType>(op.getResult().getType());
  return op.getGroup() > 1 && op.getGroup() == in.getShape()[1] && out.getShape()[1] == in.getShape()[1] &&
         isEngineFloat(in.getElementType()) && in.getRank() <= 5 && out.getNumElements() > 0 &&
         llvm::all_of(group.body, isEngineElementwise);
}

void emitDepthwise(Lowering &low, const Group &group) {
  auto op = cast<graph::ConvOp>(group.root);
  Window w = convWindow(group);
  Value weights = group.resolve(op.getW());
  Type element = low.t.b.getF32Type();
  // Weights as [channels][taps]: one column is one scalar per partition.
  Layout weightLayout = layoutOf(static_cast<int64_t>(w.kernel.size()) + 2, {0});
  Dims weightShape = low.state(weights).shape;
  weightLayout = Lowering::canonical(weightLayout, weightShape);
  Value biasValue = op.getBias() ? group.resolve(op.getBias()) : Value();
  emitWindow(low, group, w, [&](TapWalker &walker, const Rows &rows, const Box &box) {
    Type type = low.t.sbuf(rows.count, box.elements(), element);
    Box all{Dims(weightLayout.free.size(), 0), weightLayout.freeSizes(weightShape)};
    View column = low.block(weights, weightLayout, rows, all);
    auto scalar = [&](int64_t tap) -> Scalar {
      // Taps are the row-major index of the last dims of the weights.
      int64_t rest = tap, offset = column.offset;
      for (size_t d = w.kernel.size(); d-- > 0;) {
        size_t f = llvm::find(weightLayout.free, static_cast<int64_t>(d) + 2) - weightLayout.free.begin();
        offset += rest % w.kernel[d] * column.strides[f];
        rest /= w.kernel[d];
      }
      return Read{column.tile, low.t.pattern(column.partition, rows.count, offset, {1}, {1})};
    };
    Value acc;
    walker.walk(rows, box, [&](int64_t tap, Read x, tile::AccessPatternAttr region) {
      if (!acc && !region) {
        acc = low.t.tensorScalar(type, x, "mul", scalar(tap));
        return;
      }
      if (!acc) {
        acc = low.t.memset(type, 0.0);
      }
      Value term = low.t.tensorScalar(low.t.sbuf(rows.count, x.ap.getFreeSize(), element), x, "mul", scalar(tap));
      Read current{acc, region ? region : tile::wholePattern(type)};
      acc = accumulate(low, "add", type, current, low.t.whole(term), region);
    });
    acc = acc ? acc : low.t.memset(type, 0.0);
    if (biasValue) {
      acc = addChannelBias(low, type, low.t.whole(acc), biasValue, rows);
    }
    return low.t.whole(acc);
  });
}

const Emitter kEmitters[] = {{"graph.pool", supportsPool, emitPool}, {"graph.conv", supportsDepthwise, emitDepthwise}};

} // namespace

ArrayRef<Emitter> ncc::lower::windowEmitters() { return kEmitters; }
