// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Measures a NEFF on the host executor: load, first inference, latency percentiles, throughput, memory.

#include "runtime/api/Session.h"
#include "runtime/neff/Json.h"
#include "tools/support/Limits.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <random>
#include <sys/resource.h>
#include <thread>

using namespace ncc;
using namespace ncc::tools;

namespace {

const char *kHelp = R"(usage: ncc-bench MODEL.neff [--seconds S] [--concurrency N] [--threads N] [--bucket N] [--level portable|avx2|avx512|avx512-bf16|amx] [--steps] [--limit KEY=N] [--json]
  --seconds S       how long to measure (default 3)
  --concurrency N   inferences in flight (default 1)
  --steps           also: how the model was prepared, and time by kind of step in the last inference
  --threads N       CPUs to use at most (default all)
  --bucket N        which set of shapes, of a model compiled for several (default: the last, which is the largest)
  --limit KEY=N     as for ncc-run
Exit codes as ncc-run.
)";

using Clock = std::chrono::steady_clock;
double since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

struct Io {
  std::vector<Tensor> tensors;
  std::vector<const void *> inputs;
  std::vector<void *> outputs;
  explicit Io(const neff::Model &model) {
    std::mt19937 rng(1);
    for (const neff::TensorInfo &info : model.inputs) {
      Tensor t(info.dtype, info.shape);
      for (int64_t i = 0; i < t.size(); ++i) {
        if (isFloat(info.dtype)) {
          t.setDouble(i, static_cast<double>(rng() % 2001) / 1000 - 1);
        } else {
          t.setInt(i, static_cast<int64_t>(rng() % 2));
        }
      }
      tensors.push_back(t);
      inputs.push_back(t.data());
    }
    for (const neff::TensorInfo &info : model.outputs) {
      tensors.emplace_back(info.dtype, info.shape);
      outputs.push_back(tensors.back().mutableData());
    }
  }
};

double percentile(const std::vector<double> &sorted, double p) {
  return sorted.empty() ? 0 : sorted[std::min(sorted.size() - 1, static_cast<size_t>(p * static_cast<double>(sorted.size())))];
}

int run(const Args &args);

} // namespace

int main(int argc, char **argv) {
  Args args(argc, argv, {"seconds", "concurrency", "threads", "level", "bucket", "limit"}, {"json", "steps"}, kHelp);
  return guardedMain(args.has("json"), [&] { return run(args); });
}

namespace {

int run(const Args &args) {
  if (args.positional.size() != 1) {
    Args::fail("expected one NEFF");
  }
  api::SessionOptions options;
  options.limits = limitsOf(args);
  options.read.memoryBytes = options.limits.memory;
  options.host.threads = static_cast<int>(args.number("threads", 0));
  options.host.profile = args.has("steps");
  for (int l = 0; l <= static_cast<int>(host::CpuLevel::Amx); ++l) {
    if (args.text("level") == host::cpuLevelName(static_cast<host::CpuLevel>(l))) {
      options.host.level = static_cast<host::CpuLevel>(l);
    }
  }
  auto start = Clock::now();
  auto opened = api::Session::open(args.positional[0], options);
  absl::StatusOr<api::Session *> session = opened.ok() ? absl::StatusOr<api::Session *>(opened->get()) : opened.status();
  if (session.ok() && !(*session)->model().buckets.empty()) {
    session = (*opened)->bucket(static_cast<size_t>(args.number("bucket", static_cast<double>((*opened)->model().buckets.size() - 1))));
  }
  if (!session.ok()) {
    return failure(kBadModel, session.status(), args.has("json"));
  }
  const double load = since(start);
  const neff::Model &model = (*session)->model();
  Io io(model);
  start = Clock::now();
  if (absl::Status status = (*session)->execute({io.inputs, io.outputs}); !status.ok()) {
    return failure(kRunFailed, status, args.has("json"));
  }
  const double first = since(start);

  const int concurrency = std::max(1, static_cast<int>(args.number("concurrency", 1)));
  const double seconds = args.number("seconds", 3);
  std::vector<std::vector<double>> times(static_cast<size_t>(concurrency));
  std::vector<std::thread> threads;
  std::atomic<bool> failed{false};
  std::atomic<int> ready{0};
  std::atomic<bool> go{false};
  Clock::time_point begin;
  for (int t = 0; t < concurrency; ++t) {
    threads.emplace_back([&, t] {
      Io own(model);
      failed = failed || !(*session)->execute({own.inputs, own.outputs}).ok(); // its context is made here
      ++ready;
      while (!go) {
        std::this_thread::yield();
      }
      while (since(begin) < seconds && !failed) {
        auto at = Clock::now();
        failed = failed || !(*session)->execute({own.inputs, own.outputs}).ok();
        times[static_cast<size_t>(t)].push_back(since(at));
      }
    });
  }
  while (ready < concurrency) {
    std::this_thread::yield();
  }
  begin = Clock::now();
  go = true;
  for (std::thread &thread : threads) {
    thread.join();
  }
  const double elapsed = since(begin);
  std::vector<double> all;
  for (const auto &list : times) {
    all.insert(all.end(), list.begin(), list.end());
  }
  std::sort(all.begin(), all.end());
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  neff::Json json = {{"load_ms", load * 1e3},
                     {"first_ms", first * 1e3},
                     {"p50_ms", percentile(all, 0.5) * 1e3},
                     {"p90_ms", percentile(all, 0.9) * 1e3},
                     {"p99_ms", percentile(all, 0.99) * 1e3},
                     {"throughput", static_cast<double>(all.size()) / elapsed},
                     {"peak_rss_mb", static_cast<double>(usage.ru_maxrss) / 1024},
                     {"runs", all.size()},
                     {"concurrency", concurrency},
                     {"cpu", host::cpuLevelName(options.host.level ? std::min(*options.host.level, host::detectCpu()) : host::detectCpu())}};
  if (args.has("json")) {
    std::puts(neff::dumpJson(json).c_str());
  } else {
    std::printf("load %.1f ms, first %.2f ms\np50 %.3f ms, p90 %.3f ms, p99 %.3f ms\n%.2f inferences/s with %d in flight, peak %.0f MB, %s\n", load * 1e3, first * 1e3,
                percentile(all, 0.5) * 1e3, percentile(all, 0.9) * 1e3, percentile(all, 0.99) * 1e3, static_cast<double>(all.size()) / elapsed, concurrency,
                static_cast<double>(usage.ru_maxrss) / 1024, json["cpu"].get<std::string>().c_str());
  }
  if (args.has("steps")) {
    std::fputs((*session)->describe().c_str(), stderr);
  }
  return failed ? kRunFailed : kOk;
}

} // namespace
