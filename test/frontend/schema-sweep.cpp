// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// schema-sweep [CORPUS [OUT]]: the sweep of SchemaSweep.h over the schemas' own models, or over a corpus' one-node tests; says
// what was accepted. With OUT, writes every mutant as OUT/K.onnx and OUT/index.tsv, for other tools to judge.
#include "test/frontend/SchemaSweep.h"

#include "runtime/tensor/Printable.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

using namespace ncc;
using namespace ncc::test;

int main(int argc, char **argv) {
  std::string out = argc > 2 ? argv[2] : "";
  if (!out.empty()) {
    std::filesystem::create_directories(out);
  }
  std::ofstream index(out.empty() ? "/dev/null" : out + "/index.tsv");
  size_t next = 0;
  Visit visit = [&](const Mutant &mutant, Verdict verdict) {
    if (!out.empty()) {
      std::ofstream(out + "/" + std::to_string(next) + ".onnx", std::ios::binary) << mutant.model.SerializeAsString();
      index << next++ << "\t" << mutant.name() << "\t" << mutant.kind() << "\t" << static_cast<int>(verdict) << "\n";
    }
  };
  std::string folder = std::filesystem::temp_directory_path() / "ncc-schema-sweep";
  bool corpus = argc > 1 && argv[1][0] != '-';
  SweepResult result = corpus ? sweepCorpus(argv[1], folder, visit) : sweepSchemas(folder, visit);
  std::fputs(result.table().c_str(), stdout);
  for (const auto &[what, names] : {std::pair("bad base", &result.badBases), std::pair("otherwise", &result.otherwise), std::pair("accepted", &result.accepted)}) {
    for (const std::string &name : *names) {
      std::printf("%s: %s\n", what, printable(name).c_str());
    }
  }
  return 0;
}
