// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Convolutions without im2col: channels on partitions, one matmul per kernel tap and channel tile, accumulated in
// PSUM over shifted views of the input. Taps that fall on padding are simply not multiplied. A transposed convolution
// is one ordinary convolution per output phase. Few channels are widened by kernel rows first (RowFold.cpp). Depthwise
// convolutions are in Window.cpp.
#include "passes/lower/ConvShape.h"
#include "passes/lower/Emitters.h"
#include "dialects/graph/Graph.h"

#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir;
using namespace ncc;
using namespace ncc::lower;

namespace {

/// One tap on one output block: which outputs it feeds, and where their inputs are.
struct TapRange {
  Dims outStart, outSize; // in units of the phase grid, spatial only
  Dims inStart;           // first input index
  bool empty = false;
};

ConvShape shapeOf(const Group &group) {
  ConvShape s;
  auto type = [](Value v) { return cast<RankedTensorType>(v.getType()).getShape(); };
  auto fill = [&](auto op) {
    s.x = group.resolve(op.getX());
    s.w = group.resolve(op.getW());
    s.bias = op.getBias() ? group.resolve(op.getBias()) : Value();
    s.in.assign(type(op.getX()).begin(), type(op.getX()).end());
    s.out.assign(type(op.getResult()).begin(), type(op.getResult()).end());
    s.kernel.assign(type(op.getW()).begin() + 2, type(op.getW()).end());
    s.strides.assign(op.getStrides().begin(), op.getStrides().end());
    s.padLow.assign(op.getPads().begin(), op.getPads().begin() + s.kernel.size());
    s.dilations.assign(op.getDilations().begin(), op.getDilations().end());
    s.groups = op.getGroup();
  };
  if (auto conv = dyn_cast<graph::ConvOp>(group.root)) {
    fill(conv);
    s.xZero = conv.getXZeroPoint();
    s.wZero = conv.getWZeroPoint();
  } else {
    fill(cast<graph::ConvTransposeOp>(group.root));
    s.transposed = true;
  }
  return s;
}

bool supports(Lowering &low, const Group &group) {
  ConvShape s = shapeOf(group);
  Type type = low.state(s.x).element;
  return low.state(s.w).constant && isMatmulType(low.spec, type) && s.spatial() >= 1 && s.spatial() <= 3 &&
         product(s.out) > 0 && product(s.in) > 0 && llvm::all_of(group.body, isEngineElementwise);
}

/// Weights as [input channel][tap][output channel], the form the stationary operand is read in. For groups the result
/// covers one range of output channels and the input channels of their groups, zero where groups differ.
/// Only `taps` are kept.
Tensor packWeights(const ConvShape &s, const Tensor &w, int64_t cLow, int64_t cCount, int64_t mLow, int64_t mCount, ArrayRef<int64_t> taps) {
  int64_t allTaps = product(s.kernel), count = static_cast<int64_t>(taps.size()), channels = s.in[1], outputs = s.out[1];
  int64_t cPerGroup = channels / s.groups, mPerGroup = outputs / s.groups;
  Tensor packed(w.dtype(), {cCount, count, mCount});
  size_t bytes = dtypeSize(w.dtype());
  const char *from = static_cast<const char *>(w.data());
  char *to = static_cast<char *>(packed.mutableData());
  if (isInteger(w.dtype()) && s.wZero != 0 && s.groups > 1) { // absent products must count as zero
    std::memset(to, static_cast<int>(s.wZero), packed.byteSize());
  }
  for (int64_t m = mLow; m < mLow + mCount; ++m) {
    int64_t group = m / mPerGroup;
    int64_t low = std::max(cLow, group * cPerGroup), high = std::min(cLow + cCount, (group + 1) * cPerGroup);
    for (int64_t c = low; c < high; ++c) {
      // conv [M][C/g][taps], conv_transpose [C][M/g][taps]
      int64_t source = s.transposed ? (c * mPerGroup + m % mPerGroup) * allTaps : (m * cPerGroup + c % cPerGroup) * allTaps;
      for (int64_t i = 0; i < count; ++i) {
        std::memcpy(to + (((c - cLow) * count + i) * mCount + (m - mLow)) * bytes, from + (source + taps[i]) * bytes, bytes);
      }
    }
  }
  return packed;
}

class ConvEmitter {
public:
  ConvEmitter(Lowering &low, const Group &group)
      : low(low), group(group), s(shapeOf(group)), weights(*low.state(s.w).constant), fold(chooseRowFold(low, s, dtypeSize(weights.dtype()))),
        layout(Lowering::canonical(layoutOf(static_cast<int64_t>(s.out.size()), {1}), s.out)),
        inLayout(Lowering::canonical(layoutOf(static_cast<int64_t>(s.in.size()), {1}), s.in)),
        results(low, group, defaultGrid(s.out, layout, kSpatialChunk)), evaluator(low, group, s.out, layout) {}

  void run() {
    if (fold) {
      inLayout = Lowering::canonical(layoutOf(static_cast<int64_t>(s.in.size()), {1}), fold->shape.in);
      input = foldInput(low, *fold, s, inLayout);
      weights = low.packed.get(weights, {'f', static_cast<int64_t>(fold->dim), fold->rows, fold->quotient, s.wZero}, [&] { return foldWeights(*fold, s, weights); });
      s = fold->shape;
    } else {
      input = low.grid(s.x, inLayout);
    }
    for (size_t r = 0; r < results.shape().rows.size(); ++r) {
      for (size_t b = 0; b < results.shape().boxes.size(); ++b) {
        emitCell(results.shape().rows[r], results.shape().boxes[b]);
        results.finishCell(r, b);
      }
    }
    results.finish();
  }

private:
  size_t freeIndex(const Layout &in, int64_t dim) const { return llvm::find(in.free, dim) - in.free.begin(); }

  void emitCell(const Rows &rows, const Box &box) {
    int64_t bank = std::min<int64_t>(low.spec.psumBankBytes / 4, low.spec.maxMovingFree);
    Dims phases(s.spatial(), 1);
    if (s.transposed) {
      phases = s.strides;
    }
    for (const Box &sub : cutBox(box, s.transposed ? bank * product(phases) : bank)) {
      for (int64_t m = rows.start; m < rows.start + rows.count; m += low.spec.maxStationaryColumns) {
        Rows part{m, std::min<int64_t>(low.spec.maxStationaryColumns, rows.start + rows.count - m)};
        emitPhases(part, sub, phases);
      }
    }
  }

  /// A transposed convolution computes each phase of the output grid apart; an ordinary one has a single phase.
  void emitPhases(const Rows &rows, const Box &box, ArrayRef<int64_t> phases) {
    if (product(phases) == 1) {
      emitBlock(rows, box, Dims(s.spatial(), 0), phases);
      return;
    }
    // Phase results are strided parts of the block: join them here, then run the body once on the whole block.
    Type accumulator = accumulatorType(low.state(s.x).element);
    SmallVector<Value> parts;
    SmallVector<Attribute> places;
    Dims strides = boxStrides(box.size);
    for (int64_t index = 0; index < product(phases); ++index) {
      Dims phase(s.spatial(), 0);
      int64_t rest = index;
      for (size_t d = s.spatial(); d-- > 0;) {
        phase[d] = rest % phases[d];
        rest /= phases[d];
      }
      Dims sizes(box.size), partStrides(strides);
      int64_t offset = 0;
      bool empty = false;
      for (size_t d = 0; d < s.spatial(); ++d) {
        size_t f = freeIndex(layout, static_cast<int64_t>(d) + 2);
        int64_t first = llvm::divideCeilSigned(box.start[f] - phase[d], phases[d]);
        int64_t last = llvm::divideFloorSigned(box.start[f] + box.size[f] - 1 - phase[d], phases[d]);
        empty |= last < first;
        sizes[f] = last - first + 1;
        offset += (first * phases[d] + phase[d] - box.start[f]) * strides[f];
        partStrides[f] = strides[f] * phases[d];
      }
      if (empty) {
        continue;
      }
      Value acc = accumulate(rows, box, phase, phases);
      parts.push_back(low.t.copy(low.t.sbuf(rows.count, product(sizes), accumulator), low.t.whole(acc),
                                 index % 2 ? "scalar" : "vector"));
      places.push_back(low.t.pattern(0, rows.count, offset, partStrides, sizes));
    }
    Value whole = low.t.join(low.t.sbuf(rows.count, box.elements(), accumulator), parts, places);
    finishBlock(rows, box, low.t.whole(whole));
  }

  void emitBlock(const Rows &rows, const Box &box, ArrayRef<int64_t> phase, ArrayRef<int64_t> phases) {
    finishBlock(rows, box, low.t.whole(accumulate(rows, box, phase, phases)));
  }

  void finishBlock(const Rows &rows, const Box &box, Read acc) {
    if (s.bias) {
      Type type = low.t.sbuf(rows.count, box.elements(), cast<RankedTensorType>(group.rootValue().getType()).getElementType());
      acc = low.t.whole(addChannelBias(low, type, acc, s.bias, rows));
    }
    results.add(rows, box, evaluator.run(rows, box, acc));
  }

  /// The outputs of one spatial dim (phase units, absolute) that a tap feeds from [0, in), and the first input.
  void tapRange(size_t d, int64_t tap, int64_t phase, int64_t first, int64_t last, TapRange &range) const {
    int64_t size = s.in[d + 2], step = s.transposed ? 1 : s.strides[d];
    // input = out * step + shift
    int64_t shift;
    if (s.transposed) {
      int64_t numerator = phase + s.padLow[d] - tap * s.dilations[d];
      if (llvm::divideFloorSigned(numerator, s.strides[d]) * s.strides[d] != numerator) {
        range.empty = true;
        return;
      }
      shift = numerator / s.strides[d];
    } else {
      shift = tap * s.dilations[d] - s.padLow[d];
    }
    int64_t low = std::max(first, llvm::divideCeilSigned(-shift, step)), high = std::min(last, llvm::divideFloorSigned(size - 1 - shift, step));
    range.empty |= high < low;
    range.outStart.push_back(low);
    range.outSize.push_back(high - low + 1);
    range.inStart.push_back(low * step + shift);
  }

  Value accumulate(const Rows &rows, const Box &box, ArrayRef<int64_t> phase, ArrayRef<int64_t> phases) {
    // The block in phase units: batch dim first, then spatial.
    size_t fN = freeIndex(layout, 0);
    int64_t n0 = box.start[fN], nCount = box.size[fN];
    Dims first, last, sizes{nCount};
    for (size_t d = 0; d < s.spatial(); ++d) {
      size_t f = freeIndex(layout, static_cast<int64_t>(d) + 2);
      first.push_back(llvm::divideCeilSigned(box.start[f] - phase[d], phases[d]));
      last.push_back(llvm::divideFloorSigned(box.start[f] + box.size[f] - 1 - phase[d], phases[d]));
      sizes.push_back(last[d] - first[d] + 1);
    }
    Dims blockStrides = boxStrides(sizes);
    Type type = low.t.psum(rows.count, product(sizes), accumulatorType(low.state(s.x).element));
    // Taps that feed the whole block go first, so that the accumulator is complete before anything adds to a part.
    int64_t taps = product(s.kernel);
    SmallVector<std::pair<int64_t, TapRange>> order;
    bool covered = false;
    for (int64_t tap = 0; tap < taps; ++tap) {
      TapRange range;
      int64_t rest = tap;
      Dims index(s.spatial(), 0);
      for (size_t d = s.spatial(); d-- > 0;) {
        index[d] = rest % s.kernel[d];
        rest /= s.kernel[d];
      }
      for (size_t d = 0; d < s.spatial() && !range.empty; ++d) {
        tapRange(d, index[d], phase[d], first[d], last[d], range);
      }
      if (range.empty || llvm::all_of(input.rows, [&](const Rows &channels) { return isZero(channels, tap, rows); })) {
        continue;
      }
      bool whole = true;
      for (size_t d = 0; d < s.spatial(); ++d) {
        whole &= range.outSize[d] == sizes[d + 1];
      }
      if (whole && !covered) {
        order.insert(order.begin(), {tap, range});
        covered = true;
      } else {
        order.push_back({tap, range});
      }
    }
    Value acc;
    for (auto &[tap, range] : order) {
      emitTap(tap, range, rows, n0, nCount, first, sizes, blockStrides, type, acc);
    }
    return acc ? acc : low.t.memset(type, 0.0);
  }

  /// One tap over all input channels, cut where the input block lies in several cells.
  void emitTap(int64_t tap, const TapRange &range, const Rows &rows, int64_t n0, int64_t nCount, ArrayRef<int64_t> first,
               ArrayRef<int64_t> sizes, ArrayRef<int64_t> blockStrides, Type type, Value &acc) {
    if (!index) {
      index.emplace(input);
    }
    Box reached{Dims(inLayout.free.size(), 0), Dims(inLayout.free.size(), 1)};
    size_t fN = freeIndex(inLayout, 0);
    reached.start[fN] = n0;
    reached.size[fN] = nCount;
    for (size_t d = 0; d < s.spatial(); ++d) {
      size_t f = freeIndex(inLayout, static_cast<int64_t>(d) + 2);
      reached.start[f] = range.inStart[d];
      reached.size[f] = (range.outSize[d] - 1) * (s.transposed ? 1 : s.strides[d]) + 1;
    }
    for (size_t r = 0; r < input.rows.size(); ++r) {
      std::optional<Read> weights = stationary(input.rows[r], tap, rows);
      if (!weights) {
        continue;
      }
      index->forEachBox(reached, [&](size_t b) {
        const Box &cell = input.boxes[b];
        View view = input.cell(r, b);
        Dims outStart, outSize, strides;
        int64_t offset = view.offset;
        int64_t nLow = std::max(n0, cell.start[fN]), nHigh = std::min(n0 + nCount, cell.start[fN] + cell.size[fN]);
        if (nHigh <= nLow) {
          return;
        }
        outStart.push_back(nLow - n0);
        outSize.push_back(nHigh - nLow);
        strides.push_back(view.strides[fN]);
        offset += (nLow - cell.start[fN]) * view.strides[fN];
        bool empty = false;
        for (size_t d = 0; d < s.spatial() && !empty; ++d) {
          size_t f = freeIndex(inLayout, static_cast<int64_t>(d) + 2);
          int64_t step = s.transposed ? 1 : s.strides[d];
          // outputs o in the tap's range whose input inStart + (o - outStart) * step lies in the cell
          int64_t base = range.inStart[d];
          int64_t low = std::max<int64_t>(0, llvm::divideCeilSigned(cell.start[f] - base, step));
          int64_t high = std::min(range.outSize[d] - 1, llvm::divideFloorSigned(cell.start[f] + cell.size[f] - 1 - base, step));
          empty = high < low;
          outStart.push_back(range.outStart[d] - first[d] + low);
          outSize.push_back(high - low + 1);
          strides.push_back(view.strides[f] * step);
          offset += (base + low * step - cell.start[f]) * view.strides[f];
        }
        if (!empty) {
          multiply(*weights, {view.tile, view.partition, offset, strides}, liveChannels(tap, input.rows[r].count), outStart, outSize, sizes, blockStrides, type, acc);
        }
      });
    }
  }

  void multiply(const Read &weights, const View &view, int64_t channels, ArrayRef<int64_t> outStart, ArrayRef<int64_t> outSize,
                ArrayRef<int64_t> sizes, ArrayRef<int64_t> blockStrides, Type type, Value &acc) {
    int64_t offset = 0;
    for (size_t i = 0; i < sizes.size(); ++i) {
      offset += outStart[i] * blockStrides[i];
    }
    bool whole = outSize == sizes;
    if (!acc && !whole) {
      acc = low.t.memset(type, 0.0);
    }
    std::optional<Into> into;
    if (acc) {
      auto region = low.t.pattern(0, tile::partitionsOf(type), offset, blockStrides, outSize);
      into = Into{acc, whole ? tile::AccessPatternAttr() : region};
    }
    acc = low.t.matmul(type, weights, low.read(view, channels, outSize), into, bool(acc), s.wZero, s.xZero);
  }

  /// The channels a tap multiplies. Folded ones behind the end of the kernel have no weights: not multiplied by zero,
  /// they keep what is infinite there out of the sum.
  int64_t liveChannels(int64_t tap, int64_t channels) const {
    if (!fold) {
      return channels;
    }
    const int64_t row = tap / product(ArrayRef<int64_t>(s.kernel).drop_front(fold->dim + 1)) % s.kernel[fold->dim];
    return std::min(fold->rows, fold->kernelRows - row * fold->rows) * (s.in[1] / fold->rows);
  }

  /// The weights of one tap between a row of input channels and output channels `rows`; none if all zero.
  std::optional<Read> stationary(const Rows &channels, int64_t tap, const Rows &rows) {
    if (isZero(channels, tap, rows)) {
      return std::nullopt;
    }
    auto key = std::make_pair(channels.start, s.groups > 1 ? rows.start : outTile(rows).start);
    Rows wide = s.groups > 1 ? rows : outTile(rows);
    auto it = weightTiles.find(key);
    if (it == weightTiles.end()) {
      it = weightTiles.insert({key, WeightTile()}).first;
      WeightTile &tile = it->second;
      for (int64_t t = 0; t < product(s.kernel); ++t) {
        if (!isZero(channels, t, wide)) {
          tile.taps.push_back(t);
        }
      }
      if (s.groups == 1 || groupsMeet(channels, rows)) {
        const Tensor &packed = low.packed.get(weights, {'c', channels.start, channels.count, wide.start, wide.count, s.groups, s.transposed, s.in[1], s.out[1], product(s.kernel), s.wZero, low.skipZeros},
                                              [&] { return packWeights(s, weights, channels.start, channels.count, wide.start, wide.count, tile.taps); });
        tile.value = low.constantTile(packed, channels.count, static_cast<int64_t>(tile.taps.size()) * wide.count);
      }
    }
    if (!it->second.value) {
      return std::nullopt;
    }
    int64_t place = llvm::find(it->second.taps, tap) - it->second.taps.begin();
    return Read{it->second.value, low.t.pattern(0, liveChannels(tap, channels.count), place * wide.count + rows.start - wide.start, {1}, {rows.count})};
  }

  /// Whether the weights of one tap between channels and outputs are all zero, and zeros are to be skipped.
  bool isZero(const Rows &channels, int64_t tap, const Rows &rows) const {
    if (!low.skipZeros) {
      return false;
    }
    int64_t taps = product(s.kernel), cPerGroup = s.in[1] / s.groups, mPerGroup = s.out[1] / s.groups;
    for (int64_t m = rows.start; m < rows.start + rows.count; ++m) {
      int64_t first = std::max(channels.start, m / mPerGroup * cPerGroup);
      int64_t last = std::min(channels.start + channels.count, (m / mPerGroup + 1) * cPerGroup);
      for (int64_t c = first; c < last; ++c) {
        int64_t source = s.transposed ? (c * mPerGroup + m % mPerGroup) * taps : (m * cPerGroup + c % cPerGroup) * taps;
        if (weights.asDouble(source + tap) != static_cast<double>(s.wZero)) {
          return false;
        }
      }
    }
    return true;
  }

  /// Weights are loaded for up to 512 output channels at a time: long runs for the DMA.
  Rows outTile(const Rows &rows) const {
    int64_t width = std::max<int64_t>(128, 2048 / product(s.kernel) / 128 * 128);
    int64_t start = rows.start / width * width;
    return {start, std::min(width, s.out[1] - start)};
  }

  bool groupsMeet(const Rows &channels, const Rows &rows) const {
    int64_t cPerGroup = s.in[1] / s.groups, mPerGroup = s.out[1] / s.groups;
    int64_t low = rows.start / mPerGroup * cPerGroup, high = ((rows.start + rows.count - 1) / mPerGroup + 1) * cPerGroup;
    return channels.start < high && low < channels.start + channels.count;
  }

  Lowering &low;
  const Group &group;
  ConvShape s;
  Tensor weights;
  std::optional<RowFold> fold;
  Layout layout, inLayout;
  ResultGrids results;
  BlockEvaluator evaluator;
  Grid input;
  std::optional<GridIndex> index; // of the input, once it is known
  struct WeightTile {
    Value value;
    SmallVector<int64_t> taps; // the ones it holds
  };
  std::map<std::pair<int64_t, int64_t>, WeightTile> weightTiles;
};

void emit(Lowering &low, const Group &group) { ConvEmitter(low, group).run(); }

const Emitter kEmitters[] = {{"graph.conv", supports, emit}, {"graph.conv_transpose", supports, emit}};

} // namespace

ArrayRef<Emitter> ncc::lower::convEmitters() { return kEmitters; }
