// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Resampling of one spatial dim. Channels lie on partitions; outputs whose inputs and weights repeat at even steps are
// computed together: twice as many pixels are two such progressions, each a few vector instructions over strided views.
// Only what an output samples reaches it, so infinities do not spread as they would through a product with a matrix.
#include "dialects/graph/Evaluate.h"
#include "dialects/graph/Graph.h"
#include "passes/lower/Emitters.h"
#include "runtime/ops/ResizeTaps.h"

#include <cmath>

using namespace mlir;
using namespace ncc;
using namespace ncc::lower;

namespace {

/// Beyond this many pieces per channel tile the firmware's loop is no worse.
constexpr int64_t kMostPieces = 1 << 14;
/// Longer dims are not looked at position by position.
constexpr int64_t kMostOutputs = 1 << 20;
/// Phases tried: the numerator of a scale such as 3/2, or a whole factor.
constexpr int64_t kMostPhases = 16;
/// Weights that differ by less are the same number rounded differently.
constexpr double kSameWeight = 0x1p-24;

/// Outputs first, first + step, ... take inputs index[t], index[t] + inStep, ... times weight[t].
struct Progression {
  int64_t first = 0, step = 1, count = 0, inStep = 0;
  const ops::Taps *taps = nullptr; // of the first output
};

bool sameWeights(const ops::Taps &a, const ops::Taps &b) {
  if (a.outside != b.outside || a.index.size() != b.index.size()) {
    return false;
  }
  for (size_t t = 0; t < a.index.size(); ++t) {
    if (std::fabs(a.weight[t] - b.weight[t]) > kSameWeight) {
      return false;
    }
  }
  return true;
}

/// Outputs `first`, `first + step`, ... below `end` as maximal progressions.
void progressionsOf(ArrayRef<ops::Taps> taps, int64_t first, int64_t step, int64_t end, SmallVectorImpl<Progression> &out) {
  for (int64_t j = first; j < end;) {
    Progression run{j, step, 1, 0, &taps[static_cast<size_t>(j)]};
    for (int64_t next = j + step; next < end; next += step, ++run.count) {
      const ops::Taps &a = *run.taps, &b = taps[static_cast<size_t>(next)];
      if (!sameWeights(a, b)) {
        break;
      }
      const int64_t move = a.index.empty() ? 0 : b.index[0] - a.index[0];
      run.inStep = run.count == 1 ? move : run.inStep;
      bool even = true;
      for (size_t t = 0; t < a.index.size(); ++t) {
        even &= b.index[t] - a.index[t] == run.inStep * run.count;
      }
      if (!even) {
        break;
      }
    }
    out.push_back(run);
    j += run.count * step;
  }
}

/// The outputs [begin, end) as few progressions as one of the phase counts gives.
SmallVector<Progression> cutOutputs(ArrayRef<ops::Taps> taps, int64_t begin, int64_t end) {
  SmallVector<Progression> best;
  for (int64_t phases = 1; phases <= std::min(kMostPhases, end - begin); ++phases) {
    SmallVector<Progression> runs;
    for (int64_t phase = 0; phase < phases; ++phase) {
      progressionsOf(taps, begin + phase, phases, end, runs);
    }
    if (best.empty() || runs.size() < best.size()) {
      best = runs;
    }
  }
  return best;
}

struct Resample {
  graph::ResizeOp op;
  Value x;
  Dims in, out;
  int64_t dim = -1;

  explicit Resample(const Group &group) : op(cast<graph::ResizeOp>(group.root)), x(group.resolve(op.getX())) {
    ArrayRef<int64_t> from = cast<RankedTensorType>(op.getX().getType()).getShape();
    ArrayRef<int64_t> to = cast<RankedTensorType>(op.getResult().getType()).getShape();
    in.assign(from.begin(), from.end());
    out.assign(to.begin(), to.end());
    const ops::Attributes attributes = graph::attributesOf(op);
    const auto rank = static_cast<int64_t>(in.size());
    for (int64_t d = 0; d < rank; ++d) {
      if (ops::resizesDim(attributes, d, rank, in[d], out[d])) {
        dim = dim < 0 ? d : rank; // several: none
      }
    }
  }
  bool fits() const { return dim >= 2 && dim < static_cast<int64_t>(in.size()) && in.size() <= 5; }
  std::vector<ops::Taps> taps() const {
    return ops::resizeTaps(graph::attributesOf(op), dim, static_cast<int64_t>(in.size()), in[dim], out[dim]);
  }
};

Layout imageLayout(ArrayRef<int64_t> shape) { return Lowering::canonical(layoutOf(static_cast<int64_t>(shape.size()), {1}), shape); }

bool supports(Lowering &low, const Group &group) {
  Resample r(group);
  if (!r.fits() || r.out[r.dim] > kMostOutputs || product(r.in) == 0 || product(r.out) == 0 || !isEngineFloat(low.state(r.x).element) ||
      !llvm::all_of(group.body, isEngineElementwise)) {
    return false;
  }
  const Grid grid = defaultGrid(r.out, imageLayout(r.out), kSpatialChunk);
  const std::vector<ops::Taps> taps = r.taps();
  const auto pieces = static_cast<int64_t>(cutOutputs(taps, 0, r.out[r.dim]).size() * taps[0].index.size());
  return pieces + static_cast<int64_t>(grid.boxes.size()) <= kMostPieces;
}

class Emit {
public:
  Emit(Lowering &low, const Group &group) : low(low), group(group), r(group), taps(r.taps()), layout(imageLayout(r.out)), inLayout(imageLayout(r.in)) {}

  void run() {
    Grid input = low.grid(r.x, inLayout), grid = defaultGrid(r.out, layout, kSpatialChunk);
    grid.rows = input.rows; // cells that start on an odd partition (a slice) are used as they lie
    grid.cells.assign(grid.rows.size() * grid.boxes.size(), View());
    ResultGrids results(low, group, grid);
    BlockEvaluator evaluator(low, group, r.out, layout);
    for (size_t row = 0; row < grid.rows.size(); ++row) {
      for (size_t b = 0; b < grid.boxes.size(); ++b) {
        results.add(grid.rows[row], grid.boxes[b], evaluator.run(grid.rows[row], grid.boxes[b], block(grid.rows[row], grid.boxes[b])));
        results.finishCell(row, b);
      }
    }
    results.finish();
  }

private:
  size_t freeIndex(const Layout &in, int64_t d) const { return llvm::find(in.free, d) - in.free.begin(); }

  /// The box of the input that an output box samples, in the input's free order.
  Box sampled(const Box &box) const {
    const size_t f = freeIndex(layout, r.dim);
    int64_t low = r.in[r.dim], high = -1;
    for (int64_t j = box.start[f]; j < box.start[f] + box.size[f]; ++j) {
      for (int64_t index : taps[static_cast<size_t>(j)].index) {
        low = std::min(low, index);
        high = std::max(high, index);
      }
    }
    Box source{Dims(inLayout.free.size(), 0), Dims(inLayout.free.size(), 1)};
    for (auto [g, d] : llvm::enumerate(inLayout.free)) {
      const auto at = llvm::find(layout.free, d);
      const bool found = at != layout.free.end();
      source.start[g] = d == r.dim ? std::min(low, high) : found ? box.start[at - layout.free.begin()] : 0;
      source.size[g] = d == r.dim ? high - low + 1 : found ? box.size[at - layout.free.begin()] : 1;
    }
    return source;
  }

  Read block(const Rows &rows, const Box &box) {
    const size_t f = freeIndex(layout, r.dim);
    Type type = low.t.sbuf(rows.count, box.elements(), low.t.b.getF32Type());
    const Box source = sampled(box);
    const bool some = source.size[freeIndex(inLayout, r.dim)] > 0;
    const View from = some ? low.block(r.x, inLayout, rows, source) : View();
    SmallVector<Value> parts;
    SmallVector<Attribute> places;
    const Dims strides = boxStrides(box.size);
    for (const Progression &run : cutOutputs(taps, box.start[f], box.start[f] + box.size[f])) {
      Dims sizes(box.size), partStrides(strides);
      sizes[f] = run.count;
      partStrides[f] = strides[f] * run.step;
      parts.push_back(progression(rows, sizes, run, from, source));
      places.push_back(low.t.pattern(0, rows.count, (run.first - box.start[f]) * strides[f], partStrides, sizes));
    }
    return low.t.whole(parts.size() == 1 ? parts[0] : low.t.join(type, parts, places));
  }

  /// One progression as a tile of its own, row-major over `sizes`.
  Value progression(const Rows &rows, ArrayRef<int64_t> sizes, const Progression &run, const View &from, const Box &source) {
    Type type = low.t.sbuf(rows.count, product(sizes), low.t.b.getF32Type());
    if (run.taps->outside || run.taps->index.empty()) {
      return low.t.memset(type, run.taps->outside ? double(r.op.getExtrapolationValue()) : 0.0);
    }
    Value sum;
    for (size_t t = 0; t < run.taps->index.size(); ++t) {
      Read x = read(rows, sizes, run, run.taps->index[t], from, source);
      const double weight = run.taps->weight[t];
      Value term = weight == 1 ? low.t.copy(type, x) : low.t.tensorScalar(type, x, "mul", weight);
      sum = sum ? low.t.tensorTensor(type, "add", low.t.whole(sum), low.t.whole(term)) : term;
    }
    return sum;
  }

  Read read(const Rows &rows, ArrayRef<int64_t> sizes, const Progression &run, int64_t index, const View &from, const Box &source) {
    View view = from;
    Dims strides;
    for (int64_t d : layout.free) {
      const size_t g = freeIndex(inLayout, d);
      int64_t stride = g < inLayout.free.size() ? from.strides[g] : 0;
      if (d == r.dim) {
        view.offset += (index - source.start[g]) * stride;
        stride *= run.inStep;
      }
      strides.push_back(stride);
    }
    view.strides = strides;
    return low.read(view, rows.count, sizes);
  }

  Lowering &low;
  const Group &group;
  Resample r;
  std::vector<ops::Taps> taps;
  Layout layout, inLayout;
};

void emit(Lowering &low, const Group &group) { Emit(low, group).run(); }

const Emitter kEmitters[] = {{"graph.resize", supports, emit}};

} // namespace

ArrayRef<Emitter> ncc::lower::resampleEmitters() { return kEmitters; }
