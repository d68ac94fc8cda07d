// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// What a run of the whole corpus came to, as a small JSON file under version control: counts, every failure with its
// reason, and per operator and opset what passes and where it runs. The support table in docs/ is generated from it.
#pragma once

#include "runtime/neff/Json.h"
#include "tools/conformance/Case.h"

#include <map>
#include <string>
#include <vector>

namespace ncc::conformance {

/// By test key.
using Results = std::map<std::string, Result>;

neff::Json toJson(const Result &result);
Result resultFromJson(const neff::Json &json);

neff::Json makeLedger(const Results &results);

/// Tests whose outcome is not the ledger's: "part/name: ..." lines, empty when there are none. Only tests in `results`
/// count, so a part of the corpus may be compared.
std::vector<std::string> compareWithLedger(const Results &results, const neff::Json &ledger);

/// docs/onnx-support.md.
std::string supportTable(const neff::Json &ledger);

/// The totals of a run as text, per part and variant.
std::string totals(const Results &results);

} // namespace ncc::conformance
