// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Inputs that a caller may leave out: what the file says their values are then.
#pragma once

#include "runtime/neff/Json.h"
#include "runtime/neff/Model.h"

namespace ncc::neff {

/// The value of an input that a caller does not give: a view of the model's weights. Nothing for inputs that must be given.
std::optional<Tensor> defaultOf(const Model &model, size_t input);

/// Members "defaults" and "frozen" of info.json, absent where there are none.
void defaultsToJson(const Model &model, Json &json);
void defaultsFromJson(const Json &json, Model &model, JsonReader &reader);

/// Every default names an input of a known size and lies inside the weights.
absl::Status verifyDefaults(const Model &model);

} // namespace ncc::neff
