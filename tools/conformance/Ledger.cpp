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

using Names = std::set<std::string>;

Names names(const Json &json, const char *key) {
  Names result;
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

Names merged(Names a, const Names &b) {
  a.insert(b.begin(), b.end());
  return a;
}

/// What left the engines.
Names offEngines(const Outcome &outcome) { return merged(outcome.firmware, outcome.host); }

Names without(Names a, const Names &b) {
  for (const std::string &name : b) {
    a.erase(name);
  }
  return a;
}

/// Tests; passing ones by variant; those of them that run wholly on the engines.
void count(const Result &result, std::array<int, 5> &counts) {
  ++counts[0];
  counts[1] += result.inputs.pass;
  counts[2] += result.constants.pass;
  counts[3] += result.inputs.pass && offEngines(result.inputs).empty();
  counts[4] += result.constants.pass && offEngines(result.constants).empty();
}

/// One row of "operators": an operator at an opset. "run_time": what leaves the engines only while operands are not constant.
Json row(const std::vector<const Result *> &results) {
  int inputs = 0, constants = 0;
  Names firmware, host, runTime;
  for (const Result *result : results) {
    inputs += result->inputs.pass;
    constants += result->constants.pass;
    const Outcome &known = result->constants.pass ? result->constants : result->inputs;
    firmware = merged(firmware, known.firmware);
    host = merged(host, known.host);
    runTime = merged(runTime, result->inputs.pass ? offEngines(result->inputs) : Names());
  }
  Json json = {{"tests", results.size()}, {"inputs", inputs}, {"constants", constants}};
  for (const auto &[key, names] : {std::pair("firmware", firmware), std::pair("host", host), std::pair("run_time", without(runTime, merged(firmware, host)))}) {
    if (!names.empty()) {
      json[key] = names;
    }
  }
  return json;
}

std::string where(const Json &row) {
  Names firmware = names(row, "firmware"), host = names(row, "host"), runTime = names(row, "run_time");
  std::vector<std::string> places;
  if (!firmware.empty()) {
    places.push_back("GpSimd: " + absl::StrJoin(firmware, ", "));
  }
  if (!host.empty()) {
    places.push_back("host: " + absl::StrJoin(host, ", "));
  }
  return absl::StrCat(places.empty() ? "engines" : absl::StrJoin(places, "; "), " | ", absl::StrJoin(runTime, ", "));
}

/// Adds a passing outcome to "off_engines", by operator and type.
void addOffEngines(Json &section, const Result &result, const Outcome &outcome) {
  Names kernels = offEngines(outcome);
  if (!kernels.empty() && outcome.pass) {
    Json &types = section[result.op + " " + result.type];
    types = merged(types.is_array() ? types.get<Names>() : Names(), kernels);
  }
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
  Json parts = Json::object(), failures = Json::object(), off = {{"inputs", Json::object()}, {"constants", Json::object()}};
  std::map<std::string, std::array<int, 5>> counts;
  std::map<std::string, std::map<int, std::vector<const Result *>>> operators;
  for (const auto &[key, result] : results) {
    count(result, counts[partOf(key)]);
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
    addOffEngines(off["inputs"], result, result.inputs);
    addOffEngines(off["constants"], result, result.constants);
  }
  for (const auto &[name, part] : counts) {
    parts[name] = {{"tests", part[0]}, {"inputs", part[1]}, {"constants", part[2]}, {"inputs_on_engines", part[3]}, {"constants_on_engines", part[4]}};
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
  Json off = ledger.is_object() ? ledger.value("off_engines", Json::object()) : Json::object();
  for (const auto &[key, result] : results) {
    Json known = failures.value(key, Json::object());
    for (const auto &[variant, outcome] : {std::pair("inputs", &result.inputs), std::pair("constants", &result.constants)}) {
      bool expected = !known.contains(variant);
      if (expected != outcome->pass) {
        lines.push_back(absl::StrCat(key, " (", variant, "): ", outcome->pass ? "passes now; update the ledger" : outcome->reason));
      }
      Json section = off.value(variant, Json::object());
      Names left = without(offEngines(*outcome), names(section, (result.op + " " + result.type).c_str()));
      if (outcome->pass && !left.empty()) {
        lines.push_back(absl::StrCat(key, " (", variant, "): leaves the engines for ", absl::StrJoin(left, ", ")));
      }
    }
  }
  return lines;
}

std::string supportTable(const Json &ledger) {
  std::string out = "# ONNX support\n\nGenerated by `tools/conformance` from `test/conformance/expected.json`; do not edit. Every test of ONNX's own\n"
                    "backend suite is compiled for trn2 without casts, run on the host executor and compared: once as it is (*inputs*),\n"
                    "once with every input but the first a constant (*constants*). The last two columns count what passes wholly on the engines.\n\n"
                    "| part | tests | inputs | constants | inputs, on engines | constants, on engines |\n|---|---|---|---|---|---|\n";
  auto section = [&](const char *key) { return ledger.is_object() ? ledger.value(key, Json::object()) : Json::object(); };
  Json parts = section("parts"), operators = section("operators"), failures = section("failures");
  for (const auto &[part, counts] : parts.items()) {
    absl::StrAppend(&out, "| ", part);
    for (const char *column : {"tests", "inputs", "constants", "inputs_on_engines", "constants_on_engines"}) {
      absl::StrAppend(&out, " | ", counts.value(column, 0));
    }
    out += " |\n";
  }
  out += "\n## Operators\n\n*Where* names what does not run on the engines: kernels of the GpSimd firmware, or host stages. The last column\nnames what "
         "leaves them besides while axes, shapes, counts and the like are not constant.\n\n"
         "| operator | opset | tests | inputs | constants | where | if not constant |\n|---|---|---|---|---|---|---|\n";
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
  std::map<std::string, std::array<int, 5>> parts;
  for (const auto &[key, result] : results) {
    count(result, parts[partOf(key)]);
  }
  std::string out;
  for (const auto &[part, counts] : parts) {
    absl::StrAppend(&out, part, ": ", counts[0], " tests, inputs ", counts[1], ", constants ", counts[2], "; wholly on the engines ", counts[3], " and ",
                    counts[4], "\n");
  }
  return out;
}

} // namespace ncc::conformance
