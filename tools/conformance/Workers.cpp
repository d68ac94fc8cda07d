// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "tools/conformance/Workers.h"

#include <atomic>
#include <cstring>
#include <optional>
#include <poll.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace ncc::conformance {

namespace {

struct Worker {
  pid_t process = -1;
  int channel = -1;
  std::string pending;           // bytes after the last whole line
  std::optional<size_t> current; // the job it is on
};

/// A counter all processes see.
std::atomic<size_t> *sharedCounter() {
  void *memory = ::mmap(nullptr, sizeof(std::atomic<size_t>), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  return memory == MAP_FAILED ? nullptr : new (memory) std::atomic<size_t>(0);
}

void writeAll(int channel, const std::string &text) {
  for (size_t at = 0; at < text.size();) {
    ssize_t n = ::write(channel, text.data() + at, text.size() - at);
    if (n <= 0) {
      ::_exit(1);
    }
    at += static_cast<size_t>(n);
  }
}

/// Lines "s N" when a job starts and "d N text" when it is done.
[[noreturn]] void work(int channel, std::atomic<size_t> &next, size_t count, unsigned seconds,
                       const std::function<std::string(size_t)> &job) {
  for (size_t i; (i = next.fetch_add(1)) < count;) {
    writeAll(channel, "s " + std::to_string(i) + "\n");
    ::alarm(seconds);
    std::string text = job(i);
    ::alarm(0);
    writeAll(channel, "d " + std::to_string(i) + " " + text + "\n");
  }
  ::_exit(0);
}

Worker start(std::atomic<size_t> &next, size_t count, unsigned seconds, const std::function<std::string(size_t)> &job) {
  Worker worker;
  int ends[2];
  if (::pipe(ends) != 0) {
    return worker;
  }
  worker.process = ::fork();
  if (worker.process == 0) {
    ::close(ends[0]);
    work(ends[1], next, count, seconds, job);
  }
  ::close(ends[1]);
  worker.channel = ends[0];
  return worker;
}

std::string howItDied(int status) {
  if (WIFSIGNALED(status)) {
    int signal = WTERMSIG(status);
    return signal == SIGALRM ? "took too long" : std::string("crash: ") + ::strsignal(signal);
  }
  return "the process ended with status " + std::to_string(WEXITSTATUS(status));
}

using Done = std::function<void(size_t, const std::string &, const std::string &)>;

void take(Worker &worker, const std::string &line, const Done &done) {
  size_t space = line.find(' ', 2);
  size_t index = std::stoul(line.substr(2, space - 2));
  if (line[0] == 's') {
    worker.current = index;
  } else {
    worker.current.reset();
    done(index, line.substr(space + 1), "");
  }
}

/// False at the end of the worker's life.
bool readFrom(Worker &worker, const Done &done) {
  char buffer[4096];
  ssize_t n = ::read(worker.channel, buffer, sizeof buffer);
  if (n <= 0) {
    return false;
  }
  worker.pending.append(buffer, static_cast<size_t>(n));
  for (size_t end; (end = worker.pending.find('\n')) != std::string::npos; worker.pending.erase(0, end + 1)) {
    take(worker, worker.pending.substr(0, end), done);
  }
  return true;
}

} // namespace

void runJobs(size_t count, const WorkerOptions &options, const std::function<std::string(size_t)> &job, const Done &done) {
  std::atomic<size_t> *next = sharedCounter();
  std::vector<Worker> workers;
  for (int i = 0; next && i < options.processes; ++i) {
    workers.push_back(start(*next, count, options.secondsPerJob, job));
  }
  while (!workers.empty()) {
    std::vector<pollfd> polled;
    for (const Worker &worker : workers) {
      polled.push_back({worker.channel, POLLIN, 0});
    }
    ::poll(polled.data(), polled.size(), -1);
    for (size_t i = workers.size(); i-- > 0;) {
      if (!polled[i].revents || readFrom(workers[i], done)) {
        continue;
      }
      int status = 0;
      ::close(workers[i].channel);
      ::waitpid(workers[i].process, &status, 0);
      bool died = workers[i].current.has_value();
      if (died) {
        done(*workers[i].current, "", howItDied(status));
      }
      workers.erase(workers.begin() + static_cast<ptrdiff_t>(i));
      if (died) {
        workers.push_back(start(*next, count, options.secondsPerJob, job));
      }
    }
  }
}

} // namespace ncc::conformance
