// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Moving what does not fit the chip, or fits it badly: one transfer a part from DRAM to DRAM, whatever the layout.
#include "passes/layout/FoldedShape.h"
#include "passes/lower/Emitters.h"
#include "dialects/graph/Constants.h"

using namespace mlir;
using namespace ncc;
using namespace ncc::lower;

namespace {

/// Operands on chip of so few elements are no reason to go there.
constexpr int64_t kSmall = 4096;

ArrayRef<int64_t> shapeOf(Value value) { return cast<RankedTensorType>(value.getType()).getShape(); }

/// Collects transfers into one buffer of a shape.
class Assembly {
public:
  Assembly(Lowering &low, Value result) : low(low), result(result), shape(shapeOf(result)), strides(boxStrides(shape)), element(low.state(result).element) {}

  /// The box of the result that starts at `start` is `sizes` elements of `view`. A transfer of too many dims is cut along
  /// the shortest.
  void add(ArrayRef<int64_t> start, ArrayRef<int64_t> sizes, const DramView &view) {
    if (product(sizes) == 0) {
      return;
    }
    int64_t offset = 0;
    for (size_t d = 0; d < start.size(); ++d) {
      offset += start[d] * strides[d];
    }
    auto place = low.t.dramPattern(offset, strides, sizes), source = low.t.dramPattern(view.offset, view.strides, sizes);
    if (place && source) {
      parts.push_back(low.t.dma(low.t.dram(product(sizes), element), {view.buffer, source}));
      places.push_back(place);
      return;
    }
    size_t cut = sizes.size();
    for (size_t d = 0; d < sizes.size(); ++d) {
      cut = sizes[d] > 1 && (cut == sizes.size() || sizes[d] < sizes[cut]) ? d : cut;
    }
    Dims at(start), one(sizes);
    one[cut] = 1;
    DramView part = view;
    for (int64_t i = 0; i < sizes[cut]; ++i) {
      at[cut] = start[cut] + i;
      part.offset = view.offset + i * view.strides[cut];
      add(at, one, part);
    }
  }

  /// What makes a dense buffer of its own writes straight into the place.
  void addWhole(ArrayRef<int64_t> start, ArrayRef<int64_t> sizes, const DramView &view) {
    bool dense = view.offset == 0 && view.strides == boxStrides(sizes) && tile::elementsOf(view.buffer.getType()) == product(sizes) &&
                 tile::elementTypeOf(view.buffer.getType()) == element;
    int64_t offset = 0;
    for (size_t d = 0; d < start.size(); ++d) {
      offset += start[d] * strides[d];
    }
    auto place = low.t.dramPattern(offset, strides, sizes);
    if (!dense || !place) {
      return add(start, sizes, view);
    }
    parts.push_back(view.buffer);
    places.push_back(place);
  }

  void finish() { low.defineRowMajor(result, low.t.join(low.t.dram(product(shape), element), parts, places)); }

private:
  Lowering &low;
  Value result;
  Dims shape, strides;
  Type element;
  SmallVector<Value> parts;
  SmallVector<Attribute> places;
};

} // namespace

bool ncc::lower::movesInDram(Lowering &low, ArrayRef<Value> operands, Value result) {
  bool onChip = llvm::any_of(operands, [&](Value x) {
    const TensorState &state = low.state(x);
    return !state.grids.empty() && !state.dram && product(state.shape) > kSmall;
  });
  if (onChip) {
    return false;
  }
  const TensorState &state = low.state(result);
  int64_t all = product(state.shape), tiles = tilesOf(low.preferredLayout(result), state.shape);
  constexpr int64_t kManyTiles = 64, kSlivers = 4;
  return all > kBeyondChip || (tiles >= kManyTiles && tiles * kPartitions * kChunkElements >= kSlivers * all);
}

void ncc::lower::concatInDram(Lowering &low, ArrayRef<Value> operands, Value result, int64_t axis) {
  Assembly whole(low, result);
  Dims at(shapeOf(result).size(), 0);
  for (Value operand : operands) {
    if (product(shapeOf(operand)) > 0) {
      whole.addWhole(at, shapeOf(operand), low.dram(operand));
    }
    at[axis] += shapeOf(operand)[axis];
  }
  whole.finish();
}

void ncc::lower::padInDram(Lowering &low, Value x, Value result, ArrayRef<int64_t> before, double value) {
  Assembly whole(low, result);
  Tensor filler(*graph::dtypeOf(low.state(result).element), {1});
  filler.setDouble(0, value);
  DramView border{low.constant(filler), 0, Dims(before.size(), 0)};
  // Peeled dim by dim; what remains is x.
  Dims start(before.size(), 0), sizes(shapeOf(result));
  for (size_t d = 0; d < before.size(); ++d) {
    int64_t size = shapeOf(x)[d], after = sizes[d] - before[d] - size;
    sizes[d] = before[d];
    whole.add(start, sizes, border);
    start[d] = before[d] + size;
    sizes[d] = after;
    whole.add(start, sizes, border);
    start[d] = before[d];
    sizes[d] = size;
  }
  whole.add(start, sizes, low.dram(x));
  whole.finish();
}
