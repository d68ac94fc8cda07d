// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What the rules of host kernels share: arithmetic on shapes some of whose dims are not known yet.
#pragma once

#include "runtime/ops/host/HostKernel.h"

#include "absl/strings/str_cat.h"

#include <optional>

namespace ncc::ops {

absl::Status invalid(const std::string &text);

/// A shape, or nothing when the rank is unknown.
using MaybeShape = std::optional<Shape>;
inline MaybeShape shapeOf(const ValueType &type) { return type.ranked ? MaybeShape(type.shape) : std::nullopt; }
inline ValueType tensorOf(DType dtype, const MaybeShape &shape) { return shape ? ValueType::tensor(dtype, *shape) : ValueType::unranked(dtype); }
bool allKnown(const Shape &shape);
/// So many dims of unknown size.
Shape unknownDims(int64_t rank);

/// Fails unless operands [0, count) that are present are tensors.
absl::Status needTensors(const Rule &rule);
/// The same, and all present ones of the first one's element type.
absl::Status needOneType(const Rule &rule, size_t from = 0, size_t to = SIZE_MAX);

/// All operands are tensors of strings.
absl::Status needStrings(const Rule &rule);
absl::Status needStrings(const HostCall &call);
/// The first operand is a sequence.
absl::Status needSequence(const Rule &rule);
absl::Status needSequence(const HostCall &call);

absl::StatusOr<int64_t> wrapAxis(int64_t axis, int64_t rank);
/// Non-negative, ascending, without duplicates.
absl::StatusOr<std::vector<int64_t>> wrapAxes(std::vector<int64_t> axes, int64_t rank);
/// numpy broadcasting where dims may be unknown.
absl::StatusOr<Shape> broadcast(const Shape &a, const Shape &b);
absl::StatusOr<MaybeShape> broadcastOperands(const Rule &rule, size_t from = 0, size_t to = SIZE_MAX);
/// The product of a static shape's dims, or kUnknownDim; fails beyond 2^46.
absl::StatusOr<int64_t> countOf(const Shape &shape);
/// Dims equal, or one of them unknown.
inline bool dimsAgree(int64_t a, int64_t b) { return a < 0 || b < 0 || a == b; }
inline int64_t knownDim(int64_t a, int64_t b) { return a < 0 ? b : a; }
/// True for the types positions may have.
inline bool isIndex(DType type) { return isInteger(type); }

/// Copies `count` elements between tensors of one type; strings too.
void copyRun(const Tensor &from, int64_t at, Tensor &to, int64_t target, int64_t count);

/// The given rows along an axis, in order.
absl::StatusOr<Tensor> takeRows(const Tensor &x, int64_t axis, const std::vector<int64_t> &rows);
/// A vector of i64.
Tensor listOf(const std::vector<int64_t> &values);

/// The result types of a call, whose operands are all known.
absl::StatusOr<std::vector<ValueType>> typesOf(std::string_view kernel, const HostCall &call);

/// So many numbers as the operand holds, when only its type is known; nothing when not even that.
std::optional<int64_t> lengthOf(const ValueType &type);
/// The operand a result's shape comes from must be a list of integers.
absl::Status needInts(const Rule &rule, size_t i, const char *what);
/// One result: the first operand's elements under another shape, by a reference kernel.
absl::Status moved(Rule &rule, const MaybeShape &shape, const char *kernel, Attributes attrs = {});

/// One result of the first operand's type and shape.
absl::Status sameAsFirst(Rule &rule);

} // namespace ncc::ops
