// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// plan.json: a plan as the NEFF holds it.
#pragma once

#include "runtime/neff/Json.h"
#include "runtime/neff/Plan.h"

namespace ncc::neff {

Json typeToJson(const ValueType &type);
ValueType typeFromJson(const Json &json, JsonReader &r, int depth = 0);
Json planToJson(const Plan &plan);
absl::StatusOr<Plan> planFromJson(const Json &json);

} // namespace ncc::neff
