// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference kernels of matmul and attention.
#include "runtime/ops/Gemm.h"
#include "runtime/ops/Support.h"

#include <cmath>
#include <limits>

namespace ncc::ops {

namespace {

/// Shapes of a matmul with vectors made matrices and transposes applied.
struct MatmulShape {
  int64_t m, n, k;
  Shape batchA, batchB, batch;
  bool transposeA, transposeB;
};

MatmulShape shapeOf(const KernelContext &context) {
  MatmulShape s{};
  Shape a = context.inputs[0].shape(), b = context.inputs[1].shape();
  s.transposeA = a.size() > 1 && context.attrs.getInt("transpose_a", 0) != 0;
  s.transposeB = b.size() > 1 && context.attrs.getInt("transpose_b", 0) != 0;
  if (a.size() == 1) {
    a.insert(a.begin(), 1);
  }
  if (b.size() == 1) {
    b.push_back(1);
  }
  size_t ra = a.size(), rb = b.size();
  s.m = s.transposeA ? a[ra - 1] : a[ra - 2];
  s.k = s.transposeA ? a[ra - 2] : a[ra - 1];
  s.n = s.transposeB ? b[rb - 2] : b[rb - 1];
  s.batchA.assign(a.begin(), a.end() - 2);
  s.batchB.assign(b.begin(), b.end() - 2);
  size_t rank = std::max(s.batchA.size(), s.batchB.size());
  for (size_t i = 0; i < rank; ++i) {
    int64_t da = i + s.batchA.size() >= rank ? s.batchA[i + s.batchA.size() - rank] : 1;
    int64_t db = i + s.batchB.size() >= rank ? s.batchB[i + s.batchB.size() - rank] : 1;
    s.batch.push_back(da == 1 ? db : da);
  }
  return s;
}

/// One batch element at a time; operands of 8-bit integers have their zero points taken off first.
template <typename TA, typename TB, typename Acc>
void multiply(const KernelContext &context, const MatmulShape &s) {
  const TA *a = context.inputs[0].as<TA>().data();
  const TB *b = context.inputs[1].as<TB>().data();
  Acc *c = const_cast<Acc *>(context.outputs[0].as<Acc>().data());
  int64_t zeroA = context.attrs.getInt("a_zero_point", 0), zeroB = context.attrs.getInt("b_zero_point", 0);
  Shape stridesA = broadcastStrides(s.batchA, s.batch), stridesB = broadcastStrides(s.batchB, s.batch);
  Shape padded = s.batch; // forEachRow walks all but the last dim
  padded.push_back(1);
  stridesA.push_back(0);
  stridesB.push_back(0);
  std::vector<Acc> bufferA, bufferB;
  int64_t lastB = -1;
  forEachRow<2>(padded, {stridesA, stridesB}, [&](int64_t index, const std::array<int64_t, 2> &at) {
    const TA *pa = a + at[0] * s.m * s.k;
    const TB *pb = b + at[1] * s.k * s.n;
    if (s.transposeA) {
      bufferA = transposed<Acc>(pa, s.k, s.m);
    } else {
      bufferA.assign(pa, pa + s.m * s.k);
    }
    if (at[1] != lastB) {
      lastB = at[1];
      if (s.transposeB) {
        bufferB = transposed<Acc>(pb, s.n, s.k);
      } else {
        bufferB.assign(pb, pb + s.k * s.n);
      }
      for (Acc &value : bufferB) {
        value -= static_cast<Acc>(zeroB);
      }
    }
    if (zeroA != 0) {
      for (Acc &value : bufferA) {
        value -= static_cast<Acc>(zeroA);
      }
    }
    gemm(s.m, s.n, s.k, bufferA.data(), s.k, bufferB.data(), s.n, c + index * s.m * s.n, s.n);
  });
}

} // namespace

absl::Status matmul(KernelContext &context) {
  MatmulShape shape = shapeOf(context);
  return runWidened(context, [&](KernelContext &wide) -> absl::Status {
    DType a = wide.inputs[0].dtype(), b = wide.inputs[1].dtype();
    if (wide.outputs[0].dtype() == DType::I32 && dtypeSize(a) == 1) {
      bool ua = a == DType::U8, ub = b == DType::U8;
      ua ? (ub ? multiply<uint8_t, uint8_t, int32_t>(wide, shape) : multiply<uint8_t, int8_t, int32_t>(wide, shape))
         : (ub ? multiply<int8_t, uint8_t, int32_t>(wide, shape) : multiply<int8_t, int8_t, int32_t>(wide, shape));
      return absl::OkStatus();
    }
    return dispatch(a, [&](auto tag) {
      using T = typename decltype(tag)::type;
      if constexpr (sizeof(T) >= 4) {
        multiply<T, T, T>(wide, shape);
        return absl::OkStatus();
      } else {
        return absl::Status(absl::UnimplementedError("matmul of 16-bit integers"));
      }
    });
  });
}

absl::Status attention(KernelContext &context) {
  double scale = context.attrs.getFloat("scale", 1), softcap = context.attrs.getFloat("softcap", 0);
  bool causal = context.attrs.getInt("causal", 0) != 0;
  return runWidened(context, [&](KernelContext &wide) {
    return dispatchFloat(wide.inputs[0].dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const Tensor &q = wide.inputs[0], &k = wide.inputs[1], &v = wide.inputs[2];
      int64_t batch = q.shape()[0], heads = q.shape()[1], rows = q.shape()[2], depth = q.shape()[3];
      int64_t groups = k.shape()[1], keys = k.shape()[2], width = v.shape()[3];
      bool masked = present(wide, 3);
      Shape full{batch, heads, rows, keys};
      Shape maskStrides = masked ? broadcastStrides(wide.inputs[3].shape(), full) : Shape(4, 0);
      const T *mask = masked ? wide.inputs[3].template as<T>().data() : nullptr;
      for (int64_t bh = 0; bh < batch * heads; ++bh) {
        int64_t b = bh / heads, h = bh % heads, kv = b * groups + h / (heads / groups);
        std::vector<T> kt = transposed<T>(k.as<T>().data() + kv * keys * depth, keys, depth);
        std::vector<T> scores(static_cast<size_t>(rows * keys));
        gemm(rows, keys, depth, q.as<T>().data() + bh * rows * depth, depth, kt.data(), keys, scores.data(), keys);
        for (int64_t i = 0; i < rows; ++i) {
          T *row = scores.data() + i * keys;
          T top = -std::numeric_limits<T>::infinity(), sum = 0;
          for (int64_t j = 0; j < keys; ++j) {
            T value = row[j] * static_cast<T>(scale);
            value = softcap != 0 ? static_cast<T>(softcap * std::tanh(value / softcap)) : value;
            if (masked) {
              value += mask[b * maskStrides[0] + h * maskStrides[1] + i * maskStrides[2] + j * maskStrides[3]];
            }
            row[j] = causal && j > i + keys - rows ? -std::numeric_limits<T>::infinity() : value;
            top = std::max(top, row[j]);
          }
          // A query before all keys sees none: its row is zero. Of a row that a mask of -inf hides softmax is NaN.
          const bool seesNone = causal && i + keys - rows < 0;
          for (int64_t j = 0; j < keys; ++j) {
            row[j] = seesNone ? T(0) : std::exp(row[j] - top);
            sum += row[j];
          }
          for (int64_t j = 0; j < keys; ++j) {
            row[j] = seesNone ? T(0) : row[j] / sum;
          }
        }
        T *out = wide.outputs[0].template mutableAs<T>().data() + bh * rows * width;
        gemm(rows, width, keys, scores.data(), keys, v.as<T>().data() + kv * keys * width, width, out, width);
      }
      return absl::OkStatus();
    });
  });
}

} // namespace ncc::ops
