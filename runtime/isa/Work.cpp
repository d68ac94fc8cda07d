// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What instructions cost an executor, before any of them runs.

#include "runtime/isa/Checks.h"

#include <algorithm>

namespace ncc::isa {

namespace {

constexpr double kProductsPerUnit = 64; // a multiply-add of the array against an element through a vector engine
constexpr double kBytesPerElement = 32; // two operands and a result of 8 bytes, and room for growth

/// Elements of the largest operand.
struct Largest {
  double elements = 0, bytes = 0;
  void note(const AccessPattern &ap) {
    const auto count = static_cast<double>(ap.totalSize());
    elements = std::max(elements, count);
    bytes = std::max(bytes, count * static_cast<double>(dtypeSize(ap.dtype)));
  }
};

Largest largestOf(const Instruction &inst) {
  Largest largest;
  if (const auto *gather = std::get_if<DmaGather>(&inst)) { // not the whole table
    largest.note(gather->dst);
    largest.note(gather->index);
    return largest;
  }
  if (const auto *scatter = std::get_if<DmaScatter>(&inst)) {
    largest.note(scatter->src);
    largest.note(scatter->index);
    return largest;
  }
  auto note = [&](const AccessPattern &ap) { largest.note(ap); };
  forEachRead(inst, note);
  forEachWrite(inst, note);
  return largest;
}

} // namespace

double workOf(const Instruction &inst) {
  double work = 1 + largestOf(inst).elements;
  if (const auto *matmul = std::get_if<Matmul>(&inst)) {
    work += static_cast<double>(matmul->stationary.partitions) * static_cast<double>(matmul->dst.totalSize()) / kProductsPerUnit;
  }
  return work;
}

double temporaryBytes(const Instruction &inst) {
  const Largest largest = largestOf(inst);
  // Copies without conversion hold their bytes, everything else numbers of 64 bits.
  const auto *copy = std::get_if<DmaCopy>(&inst);
  const bool plain = (copy && copy->dst.dtype == copy->src.dtype) || std::holds_alternative<Send>(inst) || std::holds_alternative<Recv>(inst);
  return plain ? 2 * largest.bytes : kBytesPerElement * largest.elements;
}

} // namespace ncc::isa
