// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "tools/conformance/Ledger.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"

namespace ncc::conformance {

using neff::Json;

namespace {

Json toJson(const Outcome &outcome) {
  return {{"pass", outcome.pass}, {"reason", outcome.reason}, {"firmware", outcome.firmware}, {"host", outcome.host}};
}

std::string text(const Json &json, const char *key) { return json.is_object() && json.contains(key) && json[key].is_string() ? json[key].get<std::string>() : ""; }

std::set<std::string> names(const Json &json, const char *key) {
  std::set<std::string> result;
  if (json.is_object() && json.contains(key) && json[key].is_array()) {
    for (const Json &entry : json[key]) {
      result.insert(entry.is_string() ? entry.get<std::string>() : "");
    }
  }
  return result;
}

Outcome outcomeFromJson(const Json &json) {
  Outcome outcome;
  outcome.pass = json.is_object() && json.value("pass", false);
  outcome.reason = text(json, "reason");
  outcome.firmware = names(json, "firmware");
  outcome.host = names(json, "host");
  return outcome;
}

std::string partOf(const std::string &key) { return key.substr(0, key.find('/')); }

/// Where the passing way of a test ran.
const Outcome &best(const Result &result) { return result.inputs.pass || !result.constants.pass ? result.inputs : result.constants; }

std::set<std::string> merged(std::set<std::string> a, const std::set<std::string> &b) {
  a.insert(b.begin(), b.end());
  return a;
}

/// One row of "operators": an operator at an opset.
Json row(const std::vector<const Result *> &results) {
  int inputs = 0, constants = 0;
  std::set<std::string> firmware, host;
  for (const Result *result : results) {
    inputs += result->inputs.pass;
    constants += result->constants.pass;
    firmware = merged(firmware, best(*result).firmware);
    host = merged(host, best(*result).host);
  }
  Json json = {{"tests", results.size()}, {"inputs", inputs}, {"constants", constants}};
  if (!firmware.empty()) {
    json["firmware"] = firmware;
  }
  if (!host.empty()) {
    json["host"] = host;
  }
  return json;
}

std::string where(const Json &row) {
  std::set<std::string> firmware = names(row, "firmware"), host = names(row, "host");
  std::vector<std::string> places;
  if (!firmware.empty()) {
    places.push_back("GpSimd: " + absl::StrJoin(firmware, ", "));
  }
  if (!host.empty()) {
    places.push_back("host: " + absl::StrJoin(host, ", "));
  }
  return places.empty() ? "engines" : absl::StrJoin(places, "; ");
}

std::string escaped(const std::string &text) { return absl::StrReplaceAll(text, {{"|", "\\|"}}); }

} // namespace

Json toJson(const Result &result) {
  return {{"op", result.op}, {"type", result.type}, {"opset", result.opset}, {"inputs", toJson(result.inputs)},
          {"constants", toJson(result.constants)}};
}

Result resultFromJson(const Json &json) {
  Result result;
  result.op = text(json, "op");
  result.type = text(json, "type");
  result.opset = json.is_object() ? json.value("opset", 0) : 0;
  result.inputs = outcomeFromJson(json.is_object() ? json.value("inputs", Json()) : Json());
  result.constants = outcomeFromJson(json.is_object() ? json.value("constants", Json()) : Json());
  return result;
}

Json makeLedger(const Results &results) {
  Json parts = Json::object(), failures = Json::object(), off = Json::object();
  std::map<std::string, std::array<int, 3>> counts;
  std::map<std::string, std::map<int, std::vector<const Result *>>> operators;
  for (const auto &[key, result] : results) {
    std::array<int, 3> &part = counts[partOf(key)];
    ++part[0];
    part[1] += result.inputs.pass;
    part[2] += result.constants.pass;
    operators[result.op][result.opset].push_back(&result);
    if (!result.inputs.pass || !result.constants.pass) {
      Json reasons = Json::object();
      if (!result.inputs.pass) {
        reasons["inputs"] = result.inputs.reason;
      }
      if (!result.constants.pass) {
        reasons["constants"] = result.constants.reason;
      }
      failures[key] = reasons;
    }
    std::set<std::string> kernels = merged(best(result).firmware, best(result).host);
    if (!kernels.empty() && best(result).pass) {
      Json &types = off[result.op + " " + result.type];
      types = merged(types.is_array() ? types.get<std::set<std::string>>() : std::set<std::string>(), kernels);
    }
  }
  for (const auto &[name, part] : counts) {
    parts[name] = {{"tests", part[0]}, {"inputs", part[1]}, {"constants", part[2]}};
  }
  Json table = Json::object();
  for (const auto &[op, opsets] : operators) {
    for (const auto &[opset, list] : opsets) {
      table[op][std::to_string(opset)] = row(list);
    }
  }
  return {{"parts", parts}, {"operators", table}, {"off_engines", off}, {"failures", failures}};
}

std::vector<std::string> compareWithLedger(const Results &results, const Json &ledger) {
  std::vector<std::string> lines;
  Json failures = ledger.is_object() ? ledger.value("failures", Json::object()) : Json::object();
  for (const auto &[key, result] : results) {
    Json known = failures.value(key, Json::object());
    for (const auto &[variant, outcome] : {std::pair("inputs", &result.inputs), std::pair("constants", &result.constants)}) {
      bool expected = !known.contains(variant);
      if (expected != outcome->pass) {
        lines.push_back(absl::StrCat(key, " (", variant, "): ", outcome->pass ? "passes now; update the ledger" : outcome->reason));
      }
    }
  }
  return lines;
}

std::string supportTable(const Json &ledger) {
  std::string out = "# ONNX support\n\nGenerated by `tools/conformance` from `test/conformance/expected.json`; do not edit. Every test of ONNX's own\n"
                    "backend suite is compiled for trn2 without casts, run on the host executor and compared: once as it is (*inputs*),\n"
                    "once with every input but the first a constant (*constants*).\n\n| part | tests | inputs | constants |\n|---|---|---|---|\n";
  auto section = [&](const char *key) { return ledger.is_object() ? ledger.value(key, Json::object()) : Json::object(); };
  Json parts = section("parts"), operators = section("operators"), failures = section("failures");
  for (const auto &[part, counts] : parts.items()) {
    absl::StrAppend(&out, "| ", part, " | ", counts["tests"].get<int>(), " | ", counts["inputs"].get<int>(), " | ", counts["constants"].get<int>(), " |\n");
  }
  out += "\n## Operators\n\n*Where* names what does not run on the engines: kernels of the GpSimd firmware, or host stages.\n\n"
         "| operator | opset | tests | inputs | constants | where |\n|---|---|---|---|---|---|\n";
  for (const auto &[op, opsets] : operators.items()) {
    std::map<int, Json> sorted;
    for (const auto &[opset, counts] : opsets.items()) {
      sorted[std::stoi(opset)] = counts;
    }
    for (const auto &[opset, counts] : sorted) {
      absl::StrAppend(&out, "| ", op, " | ", opset, " | ", counts["tests"].get<int>(), " | ", counts["inputs"].get<int>(), " | ",
                      counts["constants"].get<int>(), " | ", where(counts), " |\n");
    }
  }
  out += "\n## Failures\n\n| test | variant | reason |\n|---|---|---|\n";
  for (const auto &[key, reasons] : failures.items()) {
    bool same = text(reasons, "inputs") == text(reasons, "constants");
    for (const auto &[variant, reason] : reasons.items()) {
      if (!same || variant == "inputs") {
        absl::StrAppend(&out, "| ", key, " | ", same ? "both" : variant, " | ", escaped(reason.get<std::string>()), " |\n");
      }
    }
  }
  return out;
}

std::string totals(const Results &results) {
  std::map<std::string, std::array<int, 4>> parts;
  for (const auto &[key, result] : results) {
    auto &counts = parts[partOf(key)];
    ++counts[0];
    counts[1] += result.inputs.pass;
    counts[2] += result.constants.pass;
    counts[3] += best(result).pass && best(result).firmware.empty() && best(result).host.empty();
  }
  std::string out;
  for (const auto &[part, counts] : parts) {
    absl::StrAppend(&out, part, ": ", counts[0], " tests, inputs ", counts[1], ", constants ", counts[2], ", wholly on the engines ", counts[3], "\n");
  }
  return out;
}

} // namespace ncc::conformance
