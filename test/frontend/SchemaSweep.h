// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Every form of every operator of `ncc ops`, mutated against its schema: what becomes of the mutants.
#pragma once

#include "test/frontend/OneNode.h"

#include <functional>
#include <map>
#include <set>

namespace ncc::test {

enum class Verdict : uint8_t {
  BySchema, // refused, with the node's or the value's name and what is wrong with it
  Otherwise, // refused for another reason, or without saying what is wrong
  Accepted,
};

struct SweepResult {
  std::map<std::string, std::array<size_t, 3>> counts; // by kind of mutation, then verdict
  std::set<std::string> accepted, otherwise;            // names of mutants
  std::set<std::string> badBases;                       // forms whose unchanged model the schema refuses
  size_t forms = 0;

  std::string table() const;
};

using Visit = std::function<void(const Mutant &, Verdict)>;

/// Models made from the schemas themselves.
SweepResult sweepSchemas(const std::string &folder, const Visit &visit = {});
/// One-node tests of a corpus, or of test/conformance, the first of each form. `folder` is for the files of mutants.
SweepResult sweepCorpus(const std::string &corpus, const std::string &folder, const Visit &visit = {});

/// Lines "FORM: MUTATION # reason" of an allow-list, without their reasons; a line without a reason is a fault.
std::set<std::string> readAllowed(const std::string &path, std::vector<std::string> &faults);

} // namespace ncc::test
