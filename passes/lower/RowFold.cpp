// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// A convolution over C channels uses C of the array's 128 rows. When that is few, the transfers that bring the input in
// also lay shifted copies of its rows on further partitions: a 7x7 convolution over 3 channels becomes a 1x7
// convolution over 21. Rows stay whole, so every transfer has long runs. Where that fills
// the array better, columns of the kernel take the part of rows.
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

/// The last row of x that the last kernel row reads, which may lie behind x.
int64_t lastRow(const RowFold &fold, const ConvShape &conv) {
  return (fold.shape.in[fold.dim + 2] - 1) * fold.step + (fold.rows - 1) * conv.dilations[fold.dim] - conv.padLow[fold.dim];
}

/// A read of `sizes` elements outside of x: a constant row of what follows dim `row`, again and again.
Read borderOf(Lowering &low, const ConvShape &conv, ArrayRef<int64_t> sizes, size_t row) {
  ArrayRef<int64_t> inner = sizes.drop_front(row + 1);
  Tensor border(*graph::dtypeOf(low.state(conv.x).element), {std::max<int64_t>(1, product(inner))});
  if (conv.xZero != 0) {
    std::memset(border.mutableData(), static_cast<int>(conv.xZero), border.byteSize());
  }
  Dims strides(row + 1, 0);
  strides.append(boxStrides(inner));
  return {low.constant(border), low.t.dramPattern(0, strides, sizes)};
}

/// Do fewer transfers, one a tile and not one a kernel row, make up for storing x and for copying it with its borders?
bool paysInDram(Lowering &low, const RowFold &fold, const ConvShape &conv, int64_t tiles) {
  const TensorState &x = low.state(conv.x);
  bool onChip = !x.grids.empty() && !x.dram;
  bool borders = conv.padLow[fold.dim] != 0 || lastRow(fold, conv) >= conv.in[fold.dim + 2];
  auto bytes = static_cast<int64_t>(dtypeSize(*graph::dtypeOf(x.element)));
  int64_t run = product(ArrayRef<int64_t>(conv.in).drop_front(2)) * bytes;
  double paid = (int(onChip) + int(borders)) * hw::CostModel(low.spec).dmaNs(product(conv.in) * bytes, run);
  int64_t each = fold.rows * (1 + int(borders)) - 1; // a row's border is a transfer of its own
  double spared = static_cast<double>(each * tiles) * low.spec.dmaStartNs / low.spec.dmaQueues;
  return spared > paid;
}

/// x in DRAM with its borders in the folded dim, from the first row that kernel row 0 reads to the last one that the
/// last reads. Nothing if no row of x itself is read, or a transfer has too few dims for the copy.
std::optional<DramView> borderedInDram(Lowering &low, const RowFold &fold, const ConvShape &conv) {
  DramView view = low.dram(conv.x);
  size_t dim = fold.dim + 2;
  int64_t before = conv.padLow[fold.dim], rows = before + lastRow(fold, conv) + 1;
  int64_t kept = std::min(conv.in[dim], rows - before), after = rows - before - kept;
  if (before == 0 && after == 0) {
    return view;
  }
  Dims shape = conv.in;
  shape[dim] = rows;
  Dims strides = boxStrides(shape);
  Type element = low.state(conv.x).element;
  SmallVector<Value> parts;
  SmallVector<Attribute> places;
  bool fits = kept > 0;
  auto add = [&](int64_t start, int64_t count, llvm::function_ref<Read(ArrayRef<int64_t>)> from) {
    Dims sizes = conv.in;
    sizes[dim] = count;
    if (count == 0 || !fits) {
      return;
    }
    Read source = from(sizes);
    tile::AccessPatternAttr place = low.t.dramPattern(start * strides[dim], strides, sizes);
    if (!source.ap || !place) {
      fits = false;
      return;
    }
    parts.push_back(low.t.dma(low.t.dram(product(sizes), element), source));
    places.push_back(place);
  };
  auto border = [&](ArrayRef<int64_t> sizes) { return borderOf(low, conv, sizes, dim); };
  add(0, before, border);
  add(before, kept, [&](ArrayRef<int64_t> sizes) { return Read{view.buffer, low.t.dramPattern(view.offset, view.strides, sizes)}; });
  add(before + kept, after, border);
  if (!fits) {
    return std::nullopt;
  }
  return DramView{low.t.join(low.t.dram(product(shape), element), parts, places), 0, strides};
}

/// Fills one tile of the new input.
class TileFiller {
public:
  TileFiller(Lowering &low, const RowFold &fold, const ConvShape &conv, const Box &box)
      : low(low), fold(fold), conv(conv), element(low.state(conv.x).element), box(box),
        row(fold.dim + 1), strides(boxStrides(box.size)) {}

  Value fill(ArrayRef<Source> sources, const GridIndex &index) {
    for (int64_t f = 0; f < fold.rows; ++f) {
      // Position j of the box reads row j * step + shift of x.
      int64_t shift = f * conv.dilations[fold.dim] - conv.padLow[fold.dim];
      int64_t first = box.start[row], last = box.start[row] + box.size[row] - 1;
      int64_t low0 = std::clamp(llvm::divideCeilSigned(-shift, fold.step), first, last + 1);
      int64_t high0 = std::clamp(llvm::divideFloorSigned(conv.in[row + 1] - 1 - shift, fold.step), low0 - 1, last);
      zero(f, first, low0 - 1);
      zero(f, high0 + 1, last);
      if (high0 < low0) {
        continue;
      }
      Box reached = box;
      reached.start[row] = low0 * fold.step + shift;
      reached.size[row] = (high0 - low0) * fold.step + 1;
      index.forEachBox(reached, [&](size_t b) { copy(f, low0, high0, shift, sources[b]); });
    }
    return low.t.join(low.t.sbuf(fold.rows * conv.in[1], box.elements(), element), parts, places);
  }

  /// All kernel rows by one transfer an image, out of a tensor in DRAM that holds the borders too.
  Value fillAtOnce(const DramView &source) {
    Dims steps = dropChannels(source.strides);
    steps[row] *= fold.step;
    int64_t offset = source.offset;
    for (size_t i = 0; i < steps.size(); ++i) {
      offset += box.start[i] * steps[i];
    }
    auto read = [&](int64_t at, ArrayRef<int64_t> size) {
      Dims sizes{fold.rows, conv.in[1]}, strides{conv.dilations[fold.dim] * source.strides[row + 1], source.strides[1]};
      sizes.append(size.begin(), size.end());
      strides.append(steps);
      return low.t.dramPattern(at, strides, sizes);
    };
    int64_t channels = fold.rows * conv.in[1];
    if (tile::AccessPatternAttr whole = read(offset, box.size)) {
      return low.t.dma(low.t.sbuf(channels, box.elements(), element), {source.buffer, whole});
    }
    Dims one(box.size);
    one[0] = 1;
    for (int64_t n = 0; n < box.size[0]; ++n) {
      parts.push_back(low.t.dma(low.t.sbuf(channels, product(one), element), {source.buffer, read(offset + n * steps[0], one)}));
      places.push_back(low.t.pattern(0, channels, n * strides[0], strides, one));
    }
    return low.t.join(low.t.sbuf(channels, box.elements(), element), parts, places);
  }

private:
  /// Rows `first` to `last` of kernel row `f` lie outside of x.
  void zero(int64_t f, int64_t first, int64_t last) {
    if (first > last) {
      return;
    }
    Dims size = box.size;
    size[row] = last - first + 1;
    Dims sizes{conv.in[1]}, start(box.start.size(), 0);
    sizes.append(size);
    start[row] = first - box.start[row];
    add(f, start, size, borderOf(low, conv, sizes, row + 1));
  }

  /// What of rows `first` to `last` the source holds.
  void copy(int64_t f, int64_t first, int64_t last, int64_t shift, const Source &source) {
    Dims start, size;
    int64_t offset = source.offset;
    Dims steps;
    for (size_t i = 0; i < box.size.size(); ++i) {
      bool folded = i == row;
      int64_t step = folded ? fold.step : 1, move = folded ? shift : 0;
      int64_t low0 = std::max(folded ? first : box.start[i], llvm::divideCeilSigned(source.box.start[i] - move, step));
      int64_t high0 = std::min(folded ? last : box.start[i] + box.size[i] - 1,
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
  size_t row;     // the folded one among them
  Dims strides;
  SmallVector<Value> parts;
  SmallVector<Attribute> places;
};

/// At most `most` kernel rows become channels; `step` rows of x lie between positions, as many as strides allow if 0.
RowFold foldBy(const ConvShape &conv, size_t dim, int64_t most, int64_t step) {
  RowFold fold;
  fold.dim = dim;
  fold.kernelRows = conv.kernel[dim];
  fold.quotient = llvm::divideCeil(conv.kernel[dim], most);
  fold.rows = llvm::divideCeil(conv.kernel[dim], fold.quotient);
  int64_t stride = conv.strides[dim], spread = fold.rows * conv.dilations[dim];
  fold.step = step ? step : fold.quotient == 1 ? stride : std::gcd(stride, spread);
  fold.shape = conv;
  fold.shape.kernel[dim] = fold.quotient;
  fold.shape.strides[dim] = stride / fold.step;
  fold.shape.dilations[dim] = fold.quotient == 1 ? 1 : spread / fold.step;
  fold.shape.padLow[dim] = 0;
  fold.shape.in[1] = fold.rows * conv.in[1];
  fold.shape.in[dim + 2] = (conv.out[dim + 2] - 1) * fold.shape.strides[dim] + (fold.quotient - 1) * fold.shape.dilations[dim] + 1;
  return fold;
}

} // namespace

std::optional<RowFold> ncc::lower::chooseRowFold(const Lowering &low, const ConvShape &conv, size_t elementBytes) {
  int64_t channels = conv.in[1], room = kPartitions / std::max<int64_t>(channels, 1);
  if (conv.transposed || conv.groups != 1 || room < 2 || elementBytes == 0) {
    return std::nullopt;
  }
  hw::CostModel cost(low.spec);
  auto bytes = static_cast<int64_t>(elementBytes);
  DType type = elementBytes == 1 ? DType::I8 : elementBytes == 2 ? DType::BF16 : DType::F32;
  double tapNs = cost.matmulNs(channels, conv.out[1], product(conv.out) / conv.out[1], type) *
                 static_cast<double>(llvm::divideCeil(conv.out[1], low.spec.maxStationaryColumns));
  std::optional<RowFold> best;
  double most = 0;
  for (size_t dim = 0; dim < conv.spatial(); ++dim) {
    int64_t kernelRows = conv.kernel[dim];
    // Only the positions the strides reach, or every one: more bytes, but in long runs.
    for (int64_t step : {0, 1}) {
      RowFold fold = foldBy(conv, dim, std::min(kernelRows, room), step);
      int64_t run = product(ArrayRef<int64_t>(conv.in).drop_front(dim + 3)) * bytes * (fold.step == 1 ? fold.shape.in[dim + 2] : 1);
      double gain = static_cast<double>((kernelRows - fold.quotient) * (product(conv.kernel) / kernelRows)) * tapNs -
                    cost.dmaNs(product(fold.shape.in) * bytes, run);
      if (kernelRows > 1 && gain > most) {
        most = gain;
        best = fold;
      }
    }
  }
  return best;
}

Tensor ncc::lower::foldWeights(const RowFold &fold, const ConvShape &conv, const Tensor &weights) {
  ArrayRef<int64_t> kernel = conv.kernel;
  int64_t channels = conv.in[1], kernelRows = kernel[fold.dim], outputs = conv.out[1], outer = product(kernel.take_front(fold.dim));
  auto rowBytes = static_cast<size_t>(product(kernel.drop_front(fold.dim + 1))) * dtypeSize(weights.dtype());
  Shape shape{outputs, fold.rows * channels};
  shape.insert(shape.end(), fold.shape.kernel.begin(), fold.shape.kernel.end());
  Tensor folded(weights.dtype(), shape);
  if (conv.wZero != 0) {
    std::memset(folded.mutableData(), static_cast<int>(conv.wZero), folded.byteSize());
  }
  const char *from = static_cast<const char *>(weights.data());
  char *to = static_cast<char *>(folded.mutableData());
  for (int64_t m = 0; m < outputs; ++m) {
    for (int64_t c = 0; c < channels; ++c) {
      for (int64_t o = 0; o < outer; ++o) {
        for (int64_t row = 0; row < kernelRows; ++row) {
          int64_t q = row / fold.rows, f = row % fold.rows;
          int64_t source = ((m * channels + c) * outer + o) * kernelRows + row;
          int64_t target = (((m * fold.rows + f) * channels + c) * outer + o) * fold.quotient + q;
          std::memcpy(to + static_cast<size_t>(target) * rowBytes, from + static_cast<size_t>(source) * rowBytes, rowBytes);
        }
      }
    }
  }
  return folded;
}

Grid ncc::lower::foldInput(Lowering &low, const RowFold &fold, const ConvShape &conv, const Layout &layout) {
  Grid grid = defaultGrid(fold.shape.in, layout, kSpatialChunk);
  std::optional<DramView> bordered;
  SmallVector<Source> sources;
  if (paysInDram(low, fold, conv, static_cast<int64_t>(grid.boxes.size()))) {
    bordered = borderedInDram(low, fold, conv);
  }
  if (!bordered) {
    sources = sourcesOf(low, conv);
  }
  SmallVector<Box> held;
  for (const Source &source : sources) {
    held.push_back(source.box);
  }
  const GridIndex index({}, held);
  for (size_t b = 0; b < grid.boxes.size(); ++b) {
    const Box &cell = grid.boxes[b];
    Box box{inTensorOrder(cell.start, layout, conv.in.size()), inTensorOrder(cell.size, layout, conv.in.size())};
    TileFiller filler(low, fold, conv, box);
    Value tile = bordered ? filler.fillAtOnce(*bordered) : filler.fill(sources, index);
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
