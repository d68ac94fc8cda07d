// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// A convolution over C channels uses C of the array's 128 rows. When that is few, the transfers that bring the input in
// also lay shifted copies of its rows on further partitions: a 7x7 convolution over 3 channels becomes a 1x7
// convolution over 21. Rows stay whole, so every transfer has long runs.
#include "dialects/graph/Constants.h"
#include "passes/lower/ConvShape.h"
#include "runtime/hw/CostModel.h"

#include "llvm/Support/MathExtras.h"

#include <cstring>
#include <numeric>

using namespace mlir;
using namespace ncc;
using namespace ncc::lower;

namespace {

/// One place the old input can be read from: a cell of its grid, or the whole tensor in DRAM.
struct Source {
  Box box;      // the part of the tensor it holds, dims in the order N, spatial
  Value tile;
  bool onChip;
  int64_t partition, offset;
  int64_t channelStride; // DRAM
  Dims strides;          // of N, spatial
};

Dims dropChannels(ArrayRef<int64_t> dims) {
  Dims result{dims[0]};
  result.append(dims.begin() + 2, dims.end());
  return result;
}

/// Entries given in the order of the layout's free dims, in the order N, spatial.
Dims inTensorOrder(ArrayRef<int64_t> entries, const Layout &layout, size_t rank) {
  Dims result;
  for (size_t dim = 0; dim < rank; ++dim) {
    if (dim != 1) {
      result.push_back(entries[llvm::find(layout.free, static_cast<int64_t>(dim)) - layout.free.begin()]);
    }
  }
  return result;
}

SmallVector<Source> sourcesOf(Lowering &low, const ConvShape &conv) {
  TensorState &state = low.state(conv.x);
  SmallVector<Source> sources;
  for (const Grid &grid : state.grids) {
    if (grid.replicated || grid.rows.size() != 1 || grid.rows[0].count != conv.in[1] ||
        !(conv.in[1] == 1 || grid.layout.partition == Dims{1})) {
      continue;
    }
    for (size_t b = 0; b < grid.boxes.size(); ++b) {
      const View &view = grid.cell(0, b);
      auto ordered = [&](const Dims &entries) { return inTensorOrder(entries, grid.layout, conv.in.size()); };
      sources.push_back({{ordered(grid.boxes[b].start), ordered(grid.boxes[b].size)}, view.tile, true, view.partition, view.offset, 0, ordered(view.strides)});
    }
    return sources;
  }
  DramView view = low.dram(conv.x);
  Dims sizes = dropChannels(conv.in);
  sources.push_back({{Dims(sizes.size(), 0), sizes}, view.buffer, false, 0, view.offset, view.strides[1], dropChannels(view.strides)});
  return sources;
}

/// Fills one tile of the new input.
class TileFiller {
public:
  TileFiller(Lowering &low, const RowFold &fold, const ConvShape &conv, const Box &box)
      : low(low), fold(fold), conv(conv), element(low.state(conv.x).element), box(box), strides(boxStrides(box.size)) {}

  Value fill(ArrayRef<Source> sources) {
    for (int64_t f = 0; f < fold.rows; ++f) {
      // Position j of the box reads row j * step + shift of x.
      int64_t shift = f * conv.dilations[0] - conv.padLow[0];
      int64_t first = box.start[1], last = box.start[1] + box.size[1] - 1;
      int64_t low0 = std::clamp(llvm::divideCeilSigned(-shift, fold.step), first, last + 1);
      int64_t high0 = std::clamp(llvm::divideFloorSigned(conv.in[2] - 1 - shift, fold.step), low0 - 1, last);
      zero(f, first, low0 - 1);
      zero(f, high0 + 1, last);
      for (const Source &source : sources) {
        copy(f, low0, high0, shift, source);
      }
    }
    return low.t.join(low.t.sbuf(fold.rows * conv.in[1], box.elements(), element), parts, places);
  }

private:
  /// Rows `first` to `last` of kernel row `f` lie outside of x.
  void zero(int64_t f, int64_t first, int64_t last) {
    if (first > last) {
      return;
    }
    Dims size = box.size;
    size[1] = last - first + 1;
    Dims inner(ArrayRef<int64_t>(size).drop_front(2));
    Tensor border(*graph::dtypeOf(element), {std::max<int64_t>(1, product(inner))});
    if (conv.xZero != 0) {
      std::memset(border.mutableData(), static_cast<int>(conv.xZero), border.byteSize());
    }
    Dims sizes{conv.in[1], size[0], size[1]}, from{0, 0, 0};
    sizes.append(inner);
    from.append(boxStrides(inner));
    Dims start(box.start.size(), 0);
    start[1] = first - box.start[1];
    add(f, start, size, {low.constant(border), low.t.dramPattern(0, from, sizes)});
  }

  /// What of rows `first` to `last` the source holds.
  void copy(int64_t f, int64_t first, int64_t last, int64_t shift, const Source &source) {
    Dims start, size;
    int64_t offset = source.offset;
    Dims steps;
    for (size_t i = 0; i < box.size.size(); ++i) {
      bool row = i == 1;
      int64_t step = row ? fold.step : 1, move = row ? shift : 0;
      int64_t low0 = std::max(row ? first : box.start[i], llvm::divideCeilSigned(source.box.start[i] - move, step));
      int64_t high0 = std::min(row ? last : box.start[i] + box.size[i] - 1,
                               llvm::divideFloorSigned(source.box.start[i] + source.box.size[i] - 1 - move, step));
      if (high0 < low0) {
        return;
      }
      start.push_back(low0 - box.start[i]);
      size.push_back(high0 - low0 + 1);
      steps.push_back(source.strides[i] * step);
      offset += (low0 * step + move - source.box.start[i]) * source.strides[i];
    }
    // Too many dims for one transfer: one image after the other.
    auto read = [&](int64_t at, ArrayRef<int64_t> sizes) -> tile::AccessPatternAttr {
      if (source.onChip) {
        return low.t.pattern(source.partition, conv.in[1], at, steps, sizes);
      }
      Dims all{conv.in[1]}, allSteps{source.channelStride};
      all.append(sizes.begin(), sizes.end());
      allSteps.append(steps);
      return low.t.dramPattern(at, allSteps, all);
    };
    if (tile::AccessPatternAttr whole = read(offset, size); whole && low.t.pattern(0, 1, 0, strides, size)) {
      add(f, start, size, {source.tile, whole});
      return;
    }
    Dims one(size), at(start);
    one[0] = 1;
    for (int64_t n = 0; n < size[0]; ++n) {
      at[0] = start[0] + n;
      add(f, at, one, {source.tile, read(offset + n * steps[0], one)});
    }
  }

  void add(int64_t f, ArrayRef<int64_t> start, ArrayRef<int64_t> size, Read from) {
    int64_t offset = 0;
    for (size_t i = 0; i < start.size(); ++i) {
      offset += start[i] * strides[i];
    }
    parts.push_back(low.t.dma(low.t.sbuf(conv.in[1], product(size), element), from));
    places.push_back(low.t.pattern(f * conv.in[1], conv.in[1], offset, strides, size));
  }

  Lowering &low;
  const RowFold &fold;
  const ConvShape &conv;
  Type element;
  const Box &box; // dims N, spatial of the new input
  Dims strides;
  SmallVector<Value> parts;
  SmallVector<Attribute> places;
};

} // namespace

std::optional<RowFold> ncc::lower::chooseRowFold(const Lowering &low, const ConvShape &conv, size_t elementBytes) {
  int64_t channels = conv.in[1], kernelRows = conv.kernel[0];
  int64_t most = std::min(kernelRows, kPartitions / std::max<int64_t>(channels, 1));
  if (conv.transposed || conv.groups != 1 || most < 2 || elementBytes == 0) {
    return std::nullopt;
  }
  RowFold fold;
  fold.quotient = llvm::divideCeil(kernelRows, most);
  fold.rows = llvm::divideCeil(kernelRows, fold.quotient);
  int64_t stride = conv.strides[0], spread = fold.rows * conv.dilations[0];
  fold.step = fold.quotient == 1 ? stride : std::gcd(stride, spread);
  fold.shape = conv;
  fold.shape.kernel[0] = fold.quotient;
  fold.shape.strides[0] = stride / fold.step;
  fold.shape.dilations[0] = fold.quotient == 1 ? 1 : spread / fold.step;
  fold.shape.padLow[0] = 0;
  fold.shape.in[1] = fold.rows * channels;
  fold.shape.in[2] = (conv.out[2] - 1) * fold.shape.strides[0] + (fold.quotient - 1) * fold.shape.dilations[0] + 1;

  hw::CostModel cost(low.spec);
  int64_t outTiles = llvm::divideCeil(conv.out[1], low.spec.maxStationaryColumns);
  int64_t restTaps = product(ArrayRef<int64_t>(conv.kernel).drop_front());
  int64_t saved = (kernelRows - fold.quotient) * restTaps * outTiles;
  double gain = static_cast<double>(saved) * cost.matmulNs(channels, conv.out[1], product(conv.out) / conv.out[1], elementBytes == 1 ? DType::I8 : elementBytes == 2 ? DType::BF16 : DType::F32);
  int64_t innerBytes = product(ArrayRef<int64_t>(conv.in).drop_front(3)) * static_cast<int64_t>(elementBytes);
  int64_t run = fold.step == 1 ? innerBytes * fold.shape.in[2] : innerBytes;
  double paid = cost.dmaNs(product(fold.shape.in) * static_cast<int64_t>(elementBytes), run);
  return gain > paid ? std::optional<RowFold>(fold) : std::nullopt;
}

Tensor ncc::lower::foldWeights(const RowFold &fold, const ConvShape &conv, const Tensor &weights) {
  int64_t channels = conv.in[1], kernelRows = conv.kernel[0], outputs = conv.out[1];
  auto rowBytes = static_cast<size_t>(product(ArrayRef<int64_t>(conv.kernel).drop_front())) * dtypeSize(weights.dtype());
  Shape shape{outputs, fold.rows * channels, fold.quotient};
  shape.insert(shape.end(), conv.kernel.begin() + 1, conv.kernel.end());
  Tensor folded(weights.dtype(), shape);
  if (conv.wZero != 0) {
    std::memset(folded.mutableData(), static_cast<int>(conv.wZero), folded.byteSize());
  }
  const char *from = static_cast<const char *>(weights.data());
  char *to = static_cast<char *>(folded.mutableData());
  for (int64_t m = 0; m < outputs; ++m) {
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t row = 0; row < kernelRows; ++row) {
        int64_t q = row / fold.rows, f = row % fold.rows;
        int64_t target = ((m * fold.rows + f) * channels + c) * fold.quotient + q;
        std::memcpy(to + static_cast<size_t>(target) * rowBytes, from + static_cast<size_t>((m * channels + c) * kernelRows + row) * rowBytes, rowBytes);
      }
    }
  }
  return folded;
}

Grid ncc::lower::foldInput(Lowering &low, const RowFold &fold, const ConvShape &conv, const Layout &layout) {
  SmallVector<Source> sources = sourcesOf(low, conv);
  Grid grid = defaultGrid(fold.shape.in, layout, kSpatialChunk);
  for (size_t b = 0; b < grid.boxes.size(); ++b) {
    const Box &cell = grid.boxes[b];
    Box box{inTensorOrder(cell.start, layout, conv.in.size()), inTensorOrder(cell.size, layout, conv.in.size())};
    Value tile = TileFiller(low, fold, conv, box).fill(sources);
    View view{tile, 0, 0, boxStrides(box.size)};
    Dims strides;
    for (int64_t dim : layout.free) { // back to the layout's order
      strides.push_back(view.strides[dim == 0 ? 0 : dim - 1]);
    }
    view.strides = strides;
    grid.cell(0, b) = view;
  }
  return grid;
}
