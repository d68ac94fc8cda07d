// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Reference kernels that combine elements along axes. Sums of floats are taken in double and rounded once, to the
// element type or, of half precision, to f32: what overflows there is infinite before anything else happens to it, as on
// an engine.
#include "runtime/ops/Support.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace ncc::ops {

namespace {

/// For each output element, the sequence of its inputs: fn(output index, first input offset); the reduced offsets
/// are the same for every output element.
struct ReductionPlan {
  std::vector<int64_t> outer;   // input offset of each output element
  std::vector<int64_t> reduced; // offsets inside, in order
};

std::vector<int64_t> offsetsOf(absl::Span<const int64_t> sizes, absl::Span<const int64_t> strides) {
  std::vector<int64_t> offsets{0};
  for (size_t d = 0; d < sizes.size(); ++d) {
    std::vector<int64_t> next;
    next.reserve(offsets.size() * static_cast<size_t>(sizes[d]));
    for (int64_t base : offsets) {
      for (int64_t i = 0; i < sizes[d]; ++i) {
        next.push_back(base + i * strides[d]);
      }
    }
    offsets = std::move(next);
  }
  return offsets;
}

ReductionPlan planReduction(absl::Span<const int64_t> shape, absl::Span<const int64_t> axes) {
  Shape strides = stridesOf(shape), keptSizes, keptStrides, sizes, reducedStrides;
  for (size_t d = 0; d < shape.size(); ++d) {
    bool reduced = std::find(axes.begin(), axes.end(), static_cast<int64_t>(d)) != axes.end();
    (reduced ? sizes : keptSizes).push_back(shape[d]);
    (reduced ? reducedStrides : keptStrides).push_back(strides[d]);
  }
  return {offsetsOf(keptSizes, keptStrides), offsetsOf(sizes, reducedStrides)};
}

/// log(sum(exp(x))) without overflow; an infinite or NaN maximum is the result.
template <typename T>
double logSumExp(const T *x, const std::vector<int64_t> &offsets) {
  double top = -std::numeric_limits<double>::infinity(), sum = 0;
  for (int64_t at : offsets) {
    const auto value = static_cast<double>(x[at]);
    top = value != value || value > top ? value : top;
    if (top != top) {
      break;
    }
  }
  if (!std::isfinite(top)) {
    return top;
  }
  for (int64_t at : offsets) {
    sum += std::exp(static_cast<double>(x[at]) - top);
  }
  return top + std::log(sum);
}

template <typename T, typename Acc>
Acc reduceOne(const T *x, const std::vector<int64_t> &offsets, std::string_view kind) {
  Acc result = 0;
  if (kind == "max" || kind == "min") {
    bool largest = kind == "max";
    using Limits = std::numeric_limits<T>;
    T best = largest ? (Limits::has_infinity ? -Limits::infinity() : Limits::lowest())
                     : (Limits::has_infinity ? Limits::infinity() : Limits::max());
    for (int64_t at : offsets) {
      T value = x[at];
      best = value != value || (largest ? value > best : value < best) ? value : best;
      if (best != best) {
        break;
      }
    }
    return static_cast<Acc>(best);
  }
  if (kind == "prod") {
    T product = 1;
    for (int64_t at : offsets) {
      product = static_cast<T>(static_cast<Acc>(product) * static_cast<Acc>(x[at]));
    }
    return static_cast<Acc>(product);
  }
  // A term is rounded as the elementwise op it stands for would round it.
  auto sum = [&](auto term) -> Acc {
    for (int64_t at : offsets) {
      result += static_cast<Acc>(static_cast<T>(term(static_cast<Acc>(x[at]))));
    }
    return static_cast<Acc>(static_cast<T>(result));
  };
  if (kind == "sum_square") {
    return sum([](Acc value) { return value * value; });
  }
  if (kind == "l2") {
    return static_cast<Acc>(std::sqrt(static_cast<double>(sum([](Acc value) { return value * value; }))));
  }
  if (kind == "l1") {
    return sum([](Acc value) { return value < 0 ? -value : value; });
  }
  if (kind == "log_sum_exp") {
    return static_cast<Acc>(logSumExp(x, offsets));
  }
  Acc total = sum([](Acc value) { return value; });
  if (kind == "mean") {
    return static_cast<Acc>(total / static_cast<Acc>(std::max<size_t>(offsets.size(), 1)));
  }
  return kind == "log_sum" ? static_cast<Acc>(std::log(static_cast<double>(total))) : total;
}

} // namespace

absl::Status reduce(KernelContext &context) {
  std::string kind = context.attrs.getString("kind", "");
  ReductionPlan plan = planReduction(context.inputs[0].shape(), context.attrs.getInts("axes"));
  return runWidened(context, [&](KernelContext &wide) {
    return dispatch(wide.inputs[0].dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      using Acc = std::conditional_t<std::is_floating_point_v<T>, double, std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>;
      const T *x = wide.inputs[0].template as<T>().data();
      T *out = wide.outputs[0].template mutableAs<T>().data();
      if (plan.reduced.empty() && kind == "mean") {
        return absl::Status(absl::InvalidArgumentError("mean of nothing"));
      }
      std::vector<int64_t> relative = plan.reduced;
      for (size_t i = 0; i < plan.outer.size(); ++i) {
        out[i] = static_cast<T>(reduceOne<T, Acc>(x + plan.outer[i], relative, kind));
      }
      return absl::OkStatus();
    });
  });
}

/// Strictly before `b` in descending (`largest`) or ascending order, NaN being the largest of all.
template <typename T>
static bool precedes(T a, T b, bool largest) {
  const bool nanA = a != a, nanB = b != b;
  if (nanA || nanB) {
    return largest ? nanA && !nanB : nanB && !nanA;
  }
  return largest ? a > b : a < b;
}

absl::Status argReduce(KernelContext &context) {
  AxisView view = axisView(context.inputs[0].shape(), context.attrs.getInt("axis", 0));
  bool largest = context.attrs.getString("kind", "max") == "max", last = context.attrs.getInt("select_last", 0) != 0;
  Tensor x = widen(context.inputs[0]);
  int64_t *out = context.outputs[0].mutableAs<int64_t>().data();
  return dispatch(x.dtype(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const T *data = x.as<T>().data();
    for (int64_t o = 0; o < view.outer; ++o) {
      for (int64_t i = 0; i < view.inner; ++i) {
        const T *row = data + o * view.size * view.inner + i;
        int64_t best = 0;
        for (int64_t k = 1; k < view.size; ++k) {
          T value = row[k * view.inner], top = row[best * view.inner];
          // A NaN is the extreme of either kind, as numpy has it.
          const bool nan = value != value, topNan = top != top;
          const bool better = nan ? !topNan : !topNan && (largest ? value > top : value < top);
          best = better || (last && (value == top || (nan && topNan))) ? k : best;
        }
        out[o * view.inner + i] = best;
      }
    }
    return absl::OkStatus();
  });
}

absl::Status cumsum(KernelContext &context) {
  AxisView view = axisView(context.inputs[0].shape(), context.attrs.getInt("axis", 0));
  bool exclusive = context.attrs.getInt("exclusive", 0) != 0, reverse = context.attrs.getInt("reverse", 0) != 0;
  bool product = context.attrs.getInt("product", 0) != 0;
  return runWidened(context, [&](KernelContext &wide) {
    return dispatch(wide.inputs[0].dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T *x = wide.inputs[0].template as<T>().data();
      T *out = wide.outputs[0].template mutableAs<T>().data();
      for (int64_t o = 0; o < view.outer; ++o) {
        for (int64_t i = 0; i < view.inner; ++i) {
          T sum = product ? T(1) : T(0);
          for (int64_t k = 0; k < view.size; ++k) {
            int64_t at = (o * view.size + (reverse ? view.size - 1 - k : k)) * view.inner + i;
            T before = sum;
            sum = product ? static_cast<T>(sum * x[at]) : static_cast<T>(sum + x[at]);
            out[at] = exclusive ? before : sum;
          }
        }
      }
      return absl::OkStatus();
    });
  });
}

absl::Status topk(KernelContext &context) {
  AxisView view = axisView(context.inputs[0].shape(), context.attrs.getInt("axis", 0));
  bool largest = context.attrs.getInt("largest", 1) != 0;
  int64_t k = context.attrs.getInt("k", 1);
  return runWidened(context, [&](KernelContext &wide) {
    return dispatch(wide.inputs[0].dtype(), [&](auto tag) {
      using T = typename decltype(tag)::type;
      const T *x = wide.inputs[0].template as<T>().data();
      T *values = wide.outputs[0].template mutableAs<T>().data();
      int64_t *indices = wide.outputs[1].mutableAs<int64_t>().data();
      std::vector<int64_t> order(view.size);
      for (int64_t o = 0; o < view.outer; ++o) {
        for (int64_t i = 0; i < view.inner; ++i) {
          const T *row = x + o * view.size * view.inner + i;
          std::iota(order.begin(), order.end(), 0);
          std::partial_sort(order.begin(), order.begin() + k, order.end(), [&](int64_t a, int64_t b) {
            T va = row[a * view.inner], vb = row[b * view.inner];
            return precedes(va, vb, largest) || (!precedes(vb, va, largest) && a < b);
          });
          for (int64_t j = 0; j < k; ++j) {
            values[(o * k + j) * view.inner + i] = row[order[j] * view.inner];
            indices[(o * k + j) * view.inner + i] = order[j];
          }
        }
      }
      return absl::OkStatus();
    });
  });
}

} // namespace ncc::ops
