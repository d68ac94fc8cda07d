// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// corpus-eval [--pipeline=TEXT] [--import] FOLDER...: runs cases (or folders of cases) through import and reference evaluation,
// each in a process of its own, and prints one line per failure and the counts. --import imports with default
// shapes only, for models without data.
#include "passes/Pipelines.h"
#include "test/frontend/CorpusCase.h"

#include <cstdio>
#include <cstring>
#include <filesystem>
#include <map>
#include <sys/wait.h>
#include <unistd.h>

using namespace ncc::test;

namespace {

constexpr const char *kNames[] = {"pass", "import", "evaluate", "mismatch", "bad-case", "crash"};

bool importOnly = false;

std::pair<int, std::string> isolated(const std::string &folder, const std::string &pipeline) {
  int channel[2];
  if (pipe(channel) != 0) {
    return {5, "no pipe"};
  }
  pid_t child = fork();
  if (child == 0) {
    alarm(120);
    CaseResult result = importOnly ? importCase(folder) : runCase(folder, pipeline);
    [[maybe_unused]] ssize_t written = write(channel[1], result.detail.data(), std::min<size_t>(result.detail.size(), 4000));
    _exit(static_cast<int>(result.outcome));
  }
  close(channel[1]);
  std::string detail;
  char buffer[512];
  for (ssize_t n; (n = read(channel[0], buffer, sizeof buffer)) > 0;) {
    detail.append(buffer, static_cast<size_t>(n));
  }
  close(channel[0]);
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? std::pair(WEXITSTATUS(status), detail)
                           : std::pair(5, "signal " + std::to_string(WTERMSIG(status)));
}

} // namespace

int main(int argc, char **argv) {
  std::string pipeline;
  std::map<std::string, int> counts;
  ncc::registerAllPasses();
  for (int i = 1; i < argc; ++i) {
    if (std::strncmp(argv[i], "--pipeline=", 11) == 0) {
      pipeline = argv[i] + 11;
      continue;
    }
    if (std::strcmp(argv[i], "--import") == 0) {
      importOnly = true;
      continue;
    }
    std::vector<std::string> folders = casesIn(argv[i]);
    if (folders.empty()) {
      folders.push_back(argv[i]);
    }
    for (const std::string &folder : folders) {
      auto [outcome, detail] = isolated(folder, pipeline);
      const char *name = kNames[std::min(outcome, 5)];
      ++counts[name];
      if (outcome != 0) {
        std::printf("%-9s %s: %s\n", name, std::filesystem::path(folder).filename().c_str(), detail.c_str());
        std::fflush(stdout);
      }
    }
  }
  for (const auto &[name, count] : counts) {
    std::printf("%s %d  ", name.c_str(), count);
  }
  std::printf("\n");
  return counts.size() == 1 && counts.count("pass") ? 0 : 1;
}
