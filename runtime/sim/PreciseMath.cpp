// Part of ncc, under the Apache License 2.0. See LICENSE.

#include "runtime/sim/PreciseMath.h"

#include "runtime/sim/CoreMemory.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace ncc::sim {

using isa::ActFunc;
using isa::AluOp;

namespace {

double sigmoid(double x) { return x >= 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x)); }
double softplus(double x) { return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x)); }

// Products as the standard defines them: of -inf and a factor that is 0 there they are NaN.
double gelu(double x) { return 0.5 * x * std::erfc(-x * M_SQRT1_2); }
double geluTanh(double x) { return 0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))); }
double silu(double x) { return x * sigmoid(x); }
double mish(double x) { return x * std::tanh(softplus(x)); }

/// Clamp that lets NaN through.
double clamp(double x, double low, double high) { return x < low ? low : x > high ? high : x; }

double parametrised(ActFunc func, double x, double alpha, double beta) {
  switch (func) {
  case ActFunc::leaky_relu:
    return x < 0 ? alpha * x : x;
  case ActFunc::elu:
    return x < 0 ? alpha * std::expm1(x) : x;
  case ActFunc::selu:
    return beta * (x <= 0 ? alpha * std::expm1(x) : x);
  case ActFunc::celu:
    return std::isnan(x) ? x : std::max(0.0, x) + std::min(0.0, alpha * std::expm1(x / alpha));
  case ActFunc::hard_sigmoid:
    return clamp(alpha * x + beta, 0, 1);
  case ActFunc::thresholded_relu:
    return x > alpha ? x : 0;
  case ActFunc::shrink:
    return x < -alpha ? x + beta : x > alpha ? x - beta : 0;
  case ActFunc::is_inf:
    return std::isinf(x) && (x < 0 ? alpha > 0 : beta > 0);
  default:
    return x;
  }
}

double transcendental(ActFunc func, double x) {
  switch (func) {
  case ActFunc::exp:
    return std::exp(x);
  case ActFunc::log:
    return std::log(x);
  case ActFunc::sqrt:
    return std::sqrt(x);
  case ActFunc::rsqrt:
    return 1 / std::sqrt(x);
  case ActFunc::reciprocal:
    return 1 / x;
  case ActFunc::sigmoid:
    return sigmoid(x);
  case ActFunc::tanh:
    return std::tanh(x);
  case ActFunc::erf:
    return std::erf(x);
  case ActFunc::gelu:
    return gelu(x);
  case ActFunc::gelu_tanh:
    return geluTanh(x);
  case ActFunc::silu:
    return silu(x);
  case ActFunc::softplus:
    return softplus(x);
  case ActFunc::mish:
    return mish(x);
  case ActFunc::sin:
    return std::sin(x);
  case ActFunc::cos:
    return std::cos(x);
  case ActFunc::tan:
    return std::tan(x);
  case ActFunc::asin:
    return std::asin(x);
  case ActFunc::acos:
    return std::acos(x);
  case ActFunc::atan:
    return std::atan(x);
  case ActFunc::sinh:
    return std::sinh(x);
  case ActFunc::cosh:
    return std::cosh(x);
  case ActFunc::asinh:
    return std::asinh(x);
  case ActFunc::acosh:
    return std::acosh(x);
  case ActFunc::atanh:
    return std::atanh(x);
  default:
    return x;
  }
}

} // namespace

float activation(ActFunc func, float x, float alpha, float beta) {
  switch (func) {
  case ActFunc::copy:
    return x;
  case ActFunc::abs:
    return std::fabs(x);
  case ActFunc::neg:
    return -x;
  case ActFunc::square:
    return x * x;
  case ActFunc::relu:
    return x <= 0 ? 0 : x; // NaN stays, -0 becomes +0
  case ActFunc::softsign:
    return static_cast<float>(x / (1.0 + std::fabs(x)));
  case ActFunc::hard_swish:
    return static_cast<float>(x * clamp(x / 6.0 + 0.5, 0, 1));
  case ActFunc::sign:
    return x > 0 ? 1.0f : x < 0 ? -1.0f : x;
  case ActFunc::floor:
    return std::floor(x);
  case ActFunc::ceil:
    return std::ceil(x);
  case ActFunc::round:
    return std::nearbyint(x);
  case ActFunc::is_nan:
    return std::isnan(x);
  case ActFunc::logical_not:
    return x == 0;
  case ActFunc::leaky_relu:
  case ActFunc::elu:
  case ActFunc::selu:
  case ActFunc::celu:
  case ActFunc::hard_sigmoid:
  case ActFunc::thresholded_relu:
  case ActFunc::shrink:
  case ActFunc::is_inf:
    return static_cast<float>(parametrised(func, x, alpha, beta));
  default:
    return static_cast<float>(transcendental(func, x));
  }
}

float aluFloat(AluOp op, float a, float b) {
  switch (op) {
  case AluOp::bypass:
    return a;
  case AluOp::add:
    return a + b;
  case AluOp::sub:
    return a - b;
  case AluOp::mul:
    return a * b;
  case AluOp::div:
    return a / b;
  case AluOp::max:
    return std::isnan(a) || a > b ? a : b; // NaN in b falls through to b
  case AluOp::min:
    return std::isnan(a) || a < b ? a : b;
  case AluOp::pow:
    return static_cast<float>(std::pow(static_cast<double>(a), static_cast<double>(b)));
  case AluOp::mod: {
    float r = std::fmod(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
  }
  case AluOp::fmod:
    return std::fmod(a, b);
  case AluOp::eq:
    return a == b;
  case AluOp::ne:
    return a != b;
  case AluOp::lt:
    return a < b;
  case AluOp::le:
    return a <= b;
  case AluOp::gt:
    return a > b;
  case AluOp::ge:
    return a >= b;
  case AluOp::logical_and:
    return a != 0 && b != 0;
  case AluOp::logical_or:
    return a != 0 || b != 0;
  case AluOp::logical_xor:
    return (a != 0) != (b != 0);
  default: // bit operations have no meaning on floats: through i64
    return static_cast<float>(aluInteger(op, toInteger(a, {.round = false}), toInteger(b, {.round = false}), DType::I64));
  }
}

namespace {
int64_t powInteger(int64_t base, int64_t exponent) {
  if (exponent < 0) {
    return base == 1 ? 1 : base == -1 ? (exponent % 2 ? -1 : 1) : 0;
  }
  uint64_t result = 1;
  for (auto b = static_cast<uint64_t>(base); exponent; exponent >>= 1, b *= b) {
    result *= exponent & 1 ? b : 1;
  }
  return static_cast<int64_t>(result);
}
} // namespace

int64_t aluInteger(AluOp op, int64_t a, int64_t b, DType type) {
  auto ua = static_cast<uint64_t>(a), ub = static_cast<uint64_t>(b);
  const bool wide = type == DType::U64; // compares and divides as unsigned
  auto less = [&](int64_t x, int64_t y) { return wide ? static_cast<uint64_t>(x) < static_cast<uint64_t>(y) : x < y; };
  auto remainder = [&] { return b == 0 ? 0 : b == -1 && !wide ? 0 : wide ? static_cast<int64_t>(ua % ub) : a % b; };
  switch (op) {
  case AluOp::bypass:
    return a;
  case AluOp::add:
    return static_cast<int64_t>(ua + ub);
  case AluOp::sub:
    return static_cast<int64_t>(ua - ub);
  case AluOp::mul:
    return static_cast<int64_t>(ua * ub);
  case AluOp::div:
    return b == 0 ? 0 : wide ? static_cast<int64_t>(ua / ub) : b == -1 ? static_cast<int64_t>(0 - ua) : a / b;
  case AluOp::max:
    return less(a, b) ? b : a;
  case AluOp::min:
    return less(b, a) ? b : a;
  case AluOp::pow:
    return powInteger(a, b);
  case AluOp::mod: {
    int64_t r = remainder();
    return r != 0 && !wide && (r < 0) != (b < 0) ? r + b : r;
  }
  case AluOp::fmod:
    return remainder();
  case AluOp::eq:
    return a == b;
  case AluOp::ne:
    return a != b;
  case AluOp::lt:
    return less(a, b);
  case AluOp::le:
    return !less(b, a);
  case AluOp::gt:
    return less(b, a);
  case AluOp::ge:
    return !less(a, b);
  case AluOp::logical_and:
    return a != 0 && b != 0;
  case AluOp::logical_or:
    return a != 0 || b != 0;
  case AluOp::logical_xor:
    return (a != 0) != (b != 0);
  case AluOp::bit_and:
    return a & b;
  case AluOp::bit_or:
    return a | b;
  case AluOp::bit_xor:
    return a ^ b;
  case AluOp::shl:
    return b < 0 || b > 63 ? 0 : static_cast<int64_t>(ua << b);
  case AluOp::shr:
    if (isUnsignedInt(type)) {
      return b < 0 || b > 63 ? 0 : static_cast<int64_t>(ua >> b);
    }
    return a >> std::clamp<int64_t>(b, 0, 63);
  }
  return a;
}

} // namespace ncc::sim
