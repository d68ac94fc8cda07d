// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Runs a fuzz target without libFuzzer, so that every build tries some inputs: the files given, then mutations of
// them from a fixed seed. Before each run the input is written to --artifact, where a crash leaves it.
//
//   fuzz-NAME-smoke [--runs=N] [--seed=S] [--artifact=FILE] FILES OR FOLDERS...
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
extern "C" size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t maxSize, unsigned seed) __attribute__((weak));

using Bytes = std::vector<uint8_t>;

static std::minstd_rand bits;

/// Flips, overwrites, cuts or repeats some bytes.
extern "C" size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t maxSize) {
  for (unsigned i = bits() % 4 + 1; i > 0 && size > 0; --i) {
    size_t at = bits() % size;
    switch (bits() % 5) {
    case 0: data[at] ^= static_cast<uint8_t>(1u << (bits() % 8)); break;
    case 1: data[at] = static_cast<uint8_t>(bits()); break;
    case 2: data[at] = bits() % 2 ? 0xff : 0x7f; break;
    case 3: size = bits() % 8 ? size : at; break;
    default: {
      size_t count = std::min({size_t{16}, size - at, maxSize - std::min(size, maxSize)});
      std::copy_backward(data + at, data + size, data + size + count);
      size += count;
    }
    }
  }
  return size;
}

static Bytes readFile(const std::filesystem::path &path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

int main(int argc, char **argv) {
  size_t runs = 0;
  unsigned seed = 1;
  std::string artifact = "fuzz-input";
  std::vector<Bytes> inputs;
  constexpr size_t kMost = 1 << 20;
  for (int i = 1; i < argc; ++i) {
    std::string argument = argv[i];
    if (argument.starts_with("--runs=")) {
      runs = std::stoul(argument.substr(7));
    } else if (argument.starts_with("--seed=")) {
      seed = static_cast<unsigned>(std::stoul(argument.substr(7)));
    } else if (argument.starts_with("--artifact=")) {
      artifact = argument.substr(11);
    } else if (std::filesystem::is_directory(argument)) {
      std::vector<std::filesystem::path> paths;
      for (const auto &entry : std::filesystem::recursive_directory_iterator(argument)) {
        if (entry.is_regular_file() && entry.file_size() <= kMost) {
          paths.push_back(entry.path());
        }
      }
      std::sort(paths.begin(), paths.end());
      for (const auto &path : paths) {
        inputs.push_back(readFile(path));
      }
    } else {
      inputs.push_back(readFile(argument));
    }
  }
  if (inputs.empty()) {
    std::fprintf(stderr, "no inputs\n");
    return 2;
  }
  std::minstd_rand random(seed);
  auto run = [&](const Bytes &input) {
    std::ofstream(artifact, std::ios::binary).write(reinterpret_cast<const char *>(input.data()), static_cast<std::streamsize>(input.size()));
    LLVMFuzzerTestOneInput(input.data(), input.size());
  };
  for (const Bytes &input : inputs) {
    run(input);
  }
  for (size_t i = 0; i < runs; ++i) {
    Bytes input = inputs[random() % inputs.size()];
    size_t size = input.size();
    input.resize(kMost * 2);
    for (unsigned k = random() % 3 + 1; k > 0; --k) {
      bits.seed(static_cast<unsigned>(random()));
      size = LLVMFuzzerCustomMutator ? LLVMFuzzerCustomMutator(input.data(), size, kMost, static_cast<unsigned>(random())) : LLVMFuzzerMutate(input.data(), size, kMost);
    }
    input.resize(size);
    run(input);
  }
  std::remove(artifact.c_str());
  std::printf("%zu inputs and %zu mutations of them\n", inputs.size(), runs);
  return 0;
}
