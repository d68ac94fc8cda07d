// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Scalar meaning of the activation functions and of the ALU, in double for transcendental functions and rounded
// once. The host executor's vector forms are tested against these.
#pragma once

#include "runtime/isa/Instruction.h"

namespace ncc::sim {

float activation(isa::ActFunc func, float x, float alpha, float beta);
float aluFloat(isa::AluOp op, float a, float b);
/// `type` decides between arithmetic and logical shift.
int64_t aluInteger(isa::AluOp op, int64_t a, int64_t b, DType type);

} // namespace ncc::sim
