// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Fourier transforms as products with constant matrices of cosines and sines, and mel filter banks.
#include "compiler/frontend/onnx/Handlers.h"
#include "runtime/ops/host/Tables.h"

#include "absl/strings/str_cat.h"

#include <cmath>

using namespace mlir;

namespace ncc::frontend {

/// Largest transform matrix, in elements: 256 MB of f32.
static constexpr int64_t kMatrixElements = int64_t(1) << 26;

/// Type the transform is computed in.
static Type wideType(NodeContext &node, Type type) {
  return type.isF64() ? type : Type(Float32Type::get(node.context()));
}

namespace {

struct Transform {
  int64_t samples = 0;                // read along the axis
  int64_t length = 0;                 // of the transform
  int64_t bins = 0;                   // written
  bool complexIn = false, complexOut = true, inverse = false, halfIn = false;
};

} // namespace

/// The matrix [samples * (1|2), bins * (1|2)] of a transform; rows and columns have real before imaginary.
static Tensor transformMatrix(const Transform &t, DType dtype) {
  int64_t in = t.complexIn ? 2 : 1, out = t.complexOut ? 2 : 1;
  Tensor matrix(dtype, {t.samples * in, t.bins * out});
  for (int64_t s = 0; s < t.samples; ++s) {
    // The missing half of a one-sided spectrum mirrors the given one.
    double weight = t.inverse ? 1.0 / static_cast<double>(t.length) : 1.0;
    weight *= t.halfIn && s != 0 && 2 * s != t.length ? 2 : 1;
    for (int64_t k = 0; k < t.bins; ++k) {
      auto turns = static_cast<double>((s * k) % t.length) / static_cast<double>(t.length);
      double angle = 2 * M_PI * turns * (t.inverse ? 1 : -1);
      double c = std::cos(angle) * weight, d = std::sin(angle) * weight;
      int64_t row = s * in, column = k * out, width = t.bins * out;
      matrix.setDouble(row * width + column, c);
      if (t.complexOut) {
        matrix.setDouble(row * width + column + 1, d);
      }
      if (t.complexIn) {
        matrix.setDouble((row + 1) * width + column, -d);
      }
      if (t.complexIn && t.complexOut) {
        matrix.setDouble((row + 1) * width + column + 1, c);
      }
    }
  }
  return matrix;
}

/// x[..., n, ..., 1|2] transformed along `axis`; null after an error.
static Value transformAlong(NodeContext &node, Value x, int64_t axis, int64_t length, bool inverse, bool onesided) {
  int64_t rank = node.rankOf(x), parts = node.dimsOf(x)[rank - 1], size = node.dimsOf(x)[axis];
  Transform t;
  t.inverse = inverse;
  t.complexIn = parts == 2;
  t.halfIn = t.inverse && onesided;
  t.complexOut = !t.halfIn;
  t.length = length > 0 ? length : t.halfIn ? 2 * (size - 1) : size;
  if (t.length < 1 || t.length > (1 << 24)) {
    node.OpBuilding::fail(absl::StrCat("a transform of length ", t.length, " is not possible"));
    return {};
  }
  int64_t half = t.length / 2 + 1;
  t.samples = std::min(size, t.halfIn ? half : t.length); // what lacks is zero
  t.bins = onesided && !t.inverse ? half : t.length;
  if (t.samples * t.bins * 4 > kMatrixElements) {
    node.OpBuilding::fail(absl::StrCat("a transform of length ", t.length, " needs too large a matrix"));
    return {};
  }
  Type type = node.elementOf(x), wide = wideType(node, type);
  Ints perm, back(rank);
  for (int64_t i = 0; i < rank - 1; ++i) {
    if (i != axis) {
      perm.push_back(i);
    }
  }
  perm.push_back(axis);
  perm.push_back(rank - 1);
  Value y = node.transpose(node.sliceAxis(node.cast(x, wide), axis, 0, t.samples), perm);
  if (!y) {
    return {};
  }
  Ints dims(node.dimsOf(y).drop_back(2));
  dims.push_back(t.samples * parts);
  Tensor matrix = transformMatrix(t, wide.isF64() ? DType::F64 : DType::F32);
  y = node.matmul(node.reshape(y, dims), node.constant(matrix, "dft"));
  dims.back() = t.bins;
  dims.push_back(t.complexOut ? 2 : 1);
  for (int64_t i = 0; i < rank; ++i) {
    back[perm[i]] = i;
  }
  return node.cast(node.transpose(node.reshape(y, dims), back), type);
}

static LogicalResult dft(NodeContext &node) {
  bool axisInput = node.opset() >= 20;
  if (!node.needInputs(1, axisInput ? 3 : 2)) {
    return failure();
  }
  Value x = node.input(0);
  int64_t rank = node.rankOf(x), length = 0, axis = axisInput ? -2 : node.attrInt("axis", 1);
  if (node.has(1)) {
    std::optional<Ints> given = node.constInts(1, "dft_length");
    if (!given || given->size() != 1) {
      return node.fail("its dft_length must be one constant integer");
    }
    length = given->front();
  }
  if (node.has(2)) {
    std::optional<Ints> given = node.constInts(2, "axis");
    if (!given || given->size() != 1) {
      return node.fail("its axis must be one constant integer");
    }
    axis = given->front();
  }
  std::optional<int64_t> at = node.axis(axis, rank);
  if (!at || rank < 2 || *at == rank - 1 || node.dimsOf(x)[rank - 1] < 1 || node.dimsOf(x)[rank - 1] > 2) {
    return node.fail("needs a last dim of 1 (real) or 2 (complex) behind the transformed axis");
  }
  return node.result(transformAlong(node, x, *at, length, node.attrInt("inverse", 0) != 0, node.attrInt("onesided", 0) != 0));
}

/// ONNX Runtime's transforms of the last `signal_ndim` dims; the one of the last dim keeps, or is given, half of its spectrum.
template <bool inverse>
static LogicalResult halfTransform(NodeContext &node) {
  if (!node.needInputs(1, 1)) {
    return failure();
  }
  Value x = node.input(0);
  int64_t rank = node.rankOf(x), count = node.attrInt("signal_ndim", 1), last = rank - (inverse ? 2 : 1);
  if (node.attrInt("normalized", 0) != 0 || node.attrInt("onesided", 1) != 1) {
    return node.fail("normalized must be 0 and onesided 1");
  }
  if (count < 1 || count > 3 || count > last + 1 || (inverse && node.dimsOf(x)[rank - 1] != 2)) {
    return node.fail(absl::StrCat("needs a signal of 1 to 3 dims", inverse ? " and a last dim of 2" : "", ", has signal_ndim ", count, " and rank ", rank));
  }
  if (!inverse) {
    Ints dims(node.dimsOf(x));
    dims.push_back(1);
    x = transformAlong(node, node.reshape(x, dims), last, 0, false, true);
  }
  for (int64_t axis = last - 1; x && axis > last - count; --axis) {
    x = transformAlong(node, x, axis, 0, inverse, false);
  }
  if (inverse && x) {
    x = transformAlong(node, x, last, 0, true, true);
    x = x ? node.reshape(x, node.dimsOf(x).drop_back()) : x;
  }
  return x ? node.result(x) : failure();
}

/// One convolution whose filters are windowed waves: [B, samples, 1|2] -> [B, frames, bins, 2].
static LogicalResult stft(NodeContext &node) {
  std::optional<Ints> step = node.needInputs(2, 4) ? node.constInts(1, "frame_step") : std::nullopt;
  if (!step || step->size() != 1 || step->front() < 1) {
    return node.fail("its frame_step must be one positive constant");
  }
  Value x = node.input(0), window = node.input(2);
  int64_t rank = node.rankOf(x), parts = rank == 3 ? node.dimsOf(x)[2] : 1;
  if (rank < 2 || rank > 3 || parts < 1 || parts > 2) {
    return node.fail("needs a signal [batch, samples] or [batch, samples, 1 or 2]");
  }
  int64_t frame = window ? node.typeOf(window).getNumElements() : 0;
  if (node.has(3) && (!window || graph::constantTensor(node.input(3)))) { // a window's length says as much
    std::optional<Ints> given = node.constInts(3, "frame_length");
    if (!given || given->size() != 1) {
      return node.fail("its frame_length must be one constant integer");
    }
    frame = given->front();
  }
  int64_t samples = node.dimsOf(x)[1];
  if (frame < 1 || frame > samples || (window && node.dimsOf(window) != IntsRef({frame}))) {
    return node.fail(absl::StrCat("frames of ", frame, " do not fit ", samples, " samples or the window"));
  }
  Transform t;
  t.samples = t.length = frame;
  t.complexIn = parts == 2;
  t.bins = node.attrInt("onesided", 1) != 0 ? frame / 2 + 1 : frame;
  if (frame * t.bins * 4 > kMatrixElements) {
    return node.fail(absl::StrCat("frames of ", frame, " need too large a matrix"));
  }
  Type type = node.elementOf(x), wide = wideType(node, type);
  Value filters = node.constant(transformMatrix(t, wide.isF64() ? DType::F64 : DType::F32), "dft");
  filters = node.reshape(filters, {frame, parts, t.bins * 2});
  if (window) {
    filters = node.mul(filters, node.reshape(node.cast(window, wide), {frame, 1, 1}));
  }
  filters = node.transpose(filters, {2, 1, 0}); // [bins * 2, parts, frame]
  Value signal = node.transpose(node.reshape(node.cast(x, wide), {node.dimsOf(x)[0], samples, parts}), {0, 2, 1});
  graph::ConvOp::Properties properties;
  properties.strides = node.intsAttr({step->front()});
  properties.pads = node.intsAttr({0, 0});
  properties.dilations = node.intsAttr({1});
  Value y = signal && filters ? node.one<graph::ConvOp>({signal, filters}, properties) : Value();
  if (!y) {
    return failure();
  }
  y = node.transpose(y, {0, 2, 1});
  return node.result(node.cast(node.reshape(y, {node.dimsOf(y)[0], node.dimsOf(y)[1], t.bins, 2}), type));
}

static LogicalResult melWeights(NodeContext &node) {
  if (!node.needInputs(5, 5)) {
    return failure();
  }
  std::optional<double> count = node.constFloat(0, "num_mel_bins"), length = node.constFloat(1, "dft_length");
  std::optional<double> rate = node.constFloat(2, "sample_rate"), low = node.constFloat(3, "lower_edge_hertz");
  std::optional<double> high = node.constFloat(4, "upper_edge_hertz");
  if (!count || !length || !rate || !low || !high) {
    return failure();
  }
  Type element = node.element(node.attrInt("output_datatype", 1));
  std::optional<DType> dtype = element ? graph::dtypeOf(element) : std::nullopt;
  if (!dtype) {
    return failure();
  }
  absl::StatusOr<Tensor> weights = ops::melWeights(*dtype, {static_cast<int64_t>(*count), static_cast<int64_t>(*length), *rate, *low, *high});
  return weights.ok() ? node.result(node.constant(*weights, "mel")) : node.fail(std::string(weights.status().message()));
}

void addFourierHandlers(HandlerTable &table) {
  table.add("DFT", 17, dft);
  table.add("STFT", 17, stft);
  table.add("MelWeightMatrix", 17, melWeights);
  table.add("Rfft", 1, halfTransform<false>, kMicrosoft);
  table.add("Irfft", 1, halfTransform<true>, kMicrosoft);
}

} // namespace ncc::frontend
