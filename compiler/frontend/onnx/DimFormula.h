// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Dimensions that follow from others. Exporters write them as names, "past_sequence + sequence"; users, as values.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ncc::frontend {

/// The value of sums, differences and products of numbers and of names in `sizes`, products first. Nothing where a name
/// is not known, the text is no formula, or the value is below 0 or above 2^40. A single number or name is a formula.
std::optional<int64_t> evaluateDim(std::string_view formula, const std::map<std::string, int64_t> &sizes);

/// What a symbolic dim follows from: the formula given for it, else its name, as which exporters write it.
const std::string &formulaOf(const std::string &symbol, const std::map<std::string, std::string> &formulas);

/// The names in a formula, in their order; nothing where the text is none.
std::vector<std::string> namesInDim(std::string_view formula);

/// Does a dimension's name stand for "not known", as exporters write it for dims that have nothing to do with each other?
bool namesNothing(std::string_view name);

} // namespace ncc::frontend
