// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "dialects/graph/padding/Padding.h"

#include "dialects/graph/Constants.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace ncc;
using namespace ncc::graph;

#include "dialects/graph/padding/PaddingInterface.cpp.inc"

bool Extent::paddedFrom(int64_t first) const {
  for (int64_t dim = first; dim < rank(); ++dim) {
    if (padded(dim)) {
      return true;
    }
  }
  return false;
}

static Extent extentOf(Value large, Value small) {
  return {DimVector(tensorType(large).getShape()), DimVector(tensorType(small).getShape())};
}

Extent PaddingQuery::operand(unsigned i) const { return extentOf(large->getOperand(i), small->getOperand(i)); }
Extent PaddingQuery::result(unsigned i) const { return extentOf(large->getResult(i), small->getResult(i)); }

void PaddingQuery::fill(unsigned operand, ArrayRef<int64_t> dims, double value) {
  const Extent extent = this->operand(operand);
  DimVector wanted;
  bool given = true;
  for (int64_t dim : dims) {
    if (extent.padded(dim)) {
      wanted.push_back(dim);
      given &= known[operand] && known[operand]->value == value && known[operand]->dims.count(dim);
    }
  }
  if (!given && std::isnan(value)) {
    refuse("needs a value that integers of this width do not have beyond them all");
  } else if (!given) {
    need(NeedKind::Fill, operand, wanted, value);
  }
}

void PaddingQuery::need(NeedKind kind, unsigned operand, ArrayRef<int64_t> dims, double value) {
  const Extent extent = this->operand(operand);
  Need need{kind, number, operand, value, {}};
  for (int64_t dim : dims) {
    need.lengths[dim] = extent.small[static_cast<size_t>(dim)];
  }
  needs.push_back(std::move(need));
}

bool PaddingQuery::sameAttributes() {
  if (large->getAttrDictionary() == small->getAttrDictionary()) {
    return true;
  }
  refuse("has other attributes at the true size");
  return false;
}

void PaddingQuery::broadcast(const Extent &from, const Extent &to) {
  const int64_t lead = to.rank() - from.rank();
  if (lead < 0) {
    refuse("has an operand of more dimensions than its result");
    return;
  }
  for (int64_t dim = 0; dim < from.rank(); ++dim) {
    const auto f = static_cast<size_t>(dim), t = static_cast<size_t>(dim + lead);
    // Element i of the true result is read at i, or at 0 where the operand has size 1 - in both programs the same.
    const bool repeatsSmall = from.small[f] == 1 && to.small[t] > 1, repeatsLarge = from.large[f] == 1;
    if (repeatsSmall && !repeatsLarge) {
      refuse("repeats an operand of true size 1 along a padded dimension");
    }
  }
}

void PaddingQuery::broadcastAll() {
  for (unsigned i = 0; i < large->getNumOperands(); ++i) {
    broadcast(operand(i), result());
  }
}

void PaddingQuery::unpadded(const Extent &extent, ArrayRef<int64_t> dims, const char *what) {
  for (int64_t dim : dims) {
    if (extent.padded(dim)) {
      refuse(std::string("depends on the size of ") + what);
    }
  }
}

void PaddingQuery::unpaddedFrom(const Extent &extent, int64_t first, const char *what) {
  if (extent.paddedFrom(first)) {
    refuse(std::string("depends on the size of ") + what);
  }
}

bool PaddingQuery::countsFromStart(unsigned operand) {
  std::optional<Tensor> indices = constantTensor(large->getOperand(operand));
  for (int64_t i = 0; indices && i < indices->size(); ++i) {
    if (indices->asInt(i) < 0) {
      return false;
    }
  }
  return indices.has_value();
}

double graph::leastOf(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element)) {
    const unsigned width = integer.getWidth();
    return integer.isUnsigned() || width == 1 ? 0 : -std::ldexp(1.0, static_cast<int>(width) - 1);
  }
  return -std::numeric_limits<double>::infinity();
}

double graph::greatestOf(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element)) {
    const int width = static_cast<int>(integer.getWidth());
    const bool exact = width < 54; // beyond that a double cannot say it
    const int bits = integer.isUnsigned() || width == 1 ? width : width - 1;
    return exact ? std::ldexp(1.0, bits) - 1 : std::numeric_limits<double>::quiet_NaN();
  }
  return std::numeric_limits<double>::infinity();
}

void graph::registerPadding(MLIRContext &context) {
  registerElementwisePadding(context);
  registerShapePadding(context);
  registerIndexingPadding(context);
  registerReductionPadding(context);
  registerLinearPadding(context);
  registerWindowPadding(context);
  registerRecurrentPadding(context);
}
