// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// ncc-check-alterations MODEL.neff...: that the file is what runs. Alters one instruction of each kind at a time, then one
// weight at a time, writes the file and runs it: where one executor's outputs change, the other's must too, and every engine
// must have been seen to matter. A file without its debug map must give the same bits and the same prediction.
#include "runtime/api/Session.h"
#include "runtime/isa/Instruction.h"
#include "runtime/neff/Writer.h"
#include "runtime/sim/Timing.h"

#include <cmath>
#include <cstdio>
#include <cstring>
#include <functional>
#include <map>
#include <random>
#include <set>
#include <unistd.h>

using namespace ncc;

namespace {

constexpr int kTries = 10, kEnough = 2; // places of a kind that are tried, and that must be seen to matter
constexpr int kWeights = 12;
constexpr double kChanged = 1e-3, kSeen = 1e-5; // what one executor must see when the other's output moved that far

std::optional<isa::AluOp> otherOp(isa::AluOp op) {
  using isa::AluOp;
  static const std::map<AluOp, AluOp> others = {{AluOp::add, AluOp::sub}, {AluOp::sub, AluOp::add}, {AluOp::mul, AluOp::add}, {AluOp::div, AluOp::mul},
                                                {AluOp::max, AluOp::min}, {AluOp::min, AluOp::max}, {AluOp::eq, AluOp::ne},  {AluOp::ne, AluOp::eq},
                                                {AluOp::lt, AluOp::ge},   {AluOp::ge, AluOp::lt},   {AluOp::gt, AluOp::le},  {AluOp::le, AluOp::gt}};
  auto it = others.find(op);
  return it == others.end() ? std::nullopt : std::optional(it->second);
}

bool alterNumber(isa::ScalarOperand &s) {
  if (s.isPattern()) {
    return false;
  }
  s.value = s.value * 1.5f + 0.125f;
  s.integer += 1;
  return true;
}
bool alterOp(isa::AluOp &op) {
  std::optional<isa::AluOp> other = otherOp(op);
  op = other.value_or(op);
  return other.has_value();
}
bool shift(isa::AccessPattern &pattern, int sign) {
  pattern.offset += static_cast<uint64_t>(sign * static_cast<int64_t>(dtypeSize(pattern.dtype)));
  return true;
}

/// One alteration of an instruction; false where this kind has none. `sign` turns moved operands the other way.
struct Alter {
  neff::Program &program;
  int sign;

  bool operator()(isa::Matmul &i) const {
    if (i.stationary.partitions == 1) {
      return i.accumulate && !(i.accumulate = false);
    }
    --i.stationary.partitions; // without the last row of the contraction
    --i.moving.partitions;
    return true;
  }
  bool operator()(isa::Transpose &i) const { return shift(i.src, sign); }
  bool operator()(isa::Activate &i) const { return alterNumber(i.scale) || alterNumber(i.bias); }
  bool operator()(isa::TensorTensor &i) const { return alterOp(i.op); }
  bool operator()(isa::TensorScalar &i) const { return alterNumber(i.s0) || alterOp(i.op0); }
  bool operator()(isa::TensorReduce &i) const { return i.negate = !i.negate, true; }
  bool operator()(isa::TensorCopy &i) const { return shift(i.src, sign); }
  bool operator()(isa::Select &i) const { return std::swap(i.a, i.b), true; }
  bool operator()(isa::Scan &i) const { return alterOp(i.op); }
  bool operator()(isa::Memset &i) const { return alterNumber(i.value); }
  bool operator()(isa::Iota &i) const { return ++i.base, true; }
  bool operator()(isa::DmaCopy &i) const { return shift(i.src, sign); }
  bool operator()(isa::DmaGather &i) const { return shift(i.src, sign); }
  bool operator()(isa::DmaScatter &i) const { return shift(i.src, sign); }
  bool operator()(isa::Send &i) const { return shift(i.src, sign); }
  bool operator()(isa::Call &i) const { // another attribute of the kernel
    for (const auto &[name, value] : program.calls[i.entry].attributes.all()) {
      if (const auto *flag = std::get_if<int64_t>(&value); flag && (*flag == 0 || *flag == 1)) {
        program.calls[i.entry].attributes.set(name, int64_t{1 - *flag});
        return true;
      }
    }
    return false;
  }
  template <typename Other>
  bool operator()(Other &) const {
    return false;
  }
};

using Outputs = std::vector<Tensor>;

std::vector<Tensor> randomInputs(const neff::Model &model) {
  std::mt19937_64 rng(7);
  std::vector<Tensor> inputs;
  for (const neff::TensorInfo &info : model.inputs) {
    Tensor tensor(info.dtype, info.shape);
    for (int64_t i = 0; i < tensor.size(); ++i) {
      isFloat(info.dtype) ? tensor.setDouble(i, static_cast<double>(rng() >> 11) * 0x1p-52 - 1) : tensor.setInt(i, static_cast<int64_t>(rng() % 2));
    }
    inputs.push_back(tensor);
  }
  return inputs;
}

std::optional<Outputs> run(const std::string &path, api::ExecutorKind kind) {
  api::SessionOptions options;
  options.executor = kind;
  auto session = api::Session::open(path, options);
  if (!session.ok()) {
    return std::nullopt;
  }
  auto outputs = (*session)->run(randomInputs((*session)->model()));
  return outputs.ok() ? std::optional(*std::move(outputs)) : std::nullopt;
}

/// |a - b| / |b| over all outputs; infinite where a NaN or infinity came or went.
double distance(const Outputs &a, const Outputs &b) {
  double difference = 0, norm = 0;
  for (size_t j = 0; j < b.size(); ++j) {
    for (int64_t i = 0; i < b[j].size(); ++i) {
      double x = a[j].asDouble(i), y = b[j].asDouble(i);
      if (!std::isfinite(x) || !std::isfinite(y)) {
        difference = std::isfinite(x) == std::isfinite(y) ? difference : INFINITY;
        continue;
      }
      difference += (x - y) * (x - y);
      norm += y * y;
    }
  }
  return std::sqrt(difference / std::max(norm, 1e-300));
}

class Checker {
public:
  explicit Checker(std::string path) : path(std::move(path)), altered(this->path + ".altered") {}
  ~Checker() { ::unlink(altered.c_str()); }

  bool check(std::set<isa::Engine> &seen) {
    auto read = neff::readModel(path);
    auto hostNow = run(path, api::ExecutorKind::Host), preciseNow = run(path, api::ExecutorKind::Precise);
    if (!read.ok() || !hostNow || !preciseNow) {
      return complain("does not run as it is");
    }
    model = *std::move(read);
    host = *hostNow;
    precise = *preciseNow;
    bool ok = debugMap();
    ok &= instructions(seen);
    return weights() && ok;
  }

private:
  bool complain(const std::string &what) const {
    std::printf("FAIL %s: %s\n", path.c_str(), what.c_str());
    return false;
  }

  bool debugMap() {
    auto text = [](const Outputs &outputs) {
      std::string bytes;
      for (const Tensor &t : outputs) {
        bytes.append(static_cast<const char *>(t.data()), t.byteSize());
      }
      return bytes;
    };
    if (model.nodes.empty() || !neff::writeModel(model, altered, {.debugMap = false}).ok()) {
      return complain("has no debug map, or cannot be written without it");
    }
    auto stripped = neff::readModel(altered);
    auto h = run(altered, api::ExecutorKind::Host), p = run(altered, api::ExecutorKind::Precise);
    auto before = sim::simulateTiming(model), after = stripped.ok() ? sim::simulateTiming(*stripped) : stripped.status();
    bool same = h && p && text(*h) == text(host) && text(*p) == text(precise) && before.ok() && after.ok() && stripped->nodes.empty() &&
                before->latencyNs == after->latencyNs;
    return same || complain("is another model without its debug map");
  }

  /// Writes and runs an altered model. 1: both executors saw it, 0: neither, -1: one alone. None: the file is not valid.
  std::optional<int> outcome(const neff::Model &other) {
    if (!neff::verifyModel(other).ok() || !neff::writeModel(other, altered).ok()) {
      return std::nullopt;
    }
    auto h = run(altered, api::ExecutorKind::Host), p = run(altered, api::ExecutorKind::Precise);
    if (!h || !p) {
      return h.has_value() == p.has_value() ? std::nullopt : std::optional(-1);
    }
    double dh = distance(*h, host), dp = distance(*p, precise);
    if (std::max(dh, dp) > kChanged && std::min(dh, dp) < kSeen) {
      std::printf("  host moved %g, precise %g\n", dh, dp);
      return -1;
    }
    return dh > kChanged && dp > kChanged;
  }

  bool instructions(std::set<isa::Engine> &seen) {
    std::map<std::pair<isa::Engine, size_t>, std::vector<std::pair<size_t, size_t>>> kinds; // where each kind stands
    for (size_t p = 0; p < model.programs.size(); ++p) {
      for (size_t i = 0; i < model.programs[p].run.size(); ++i) {
        isa::Instruction &inst = model.programs[p].run[i];
        kinds[{isa::header(inst).engine, inst.index()}].push_back({p, i});
      }
    }
    bool ok = true;
    std::set<isa::Engine> mattered, present;
    for (const auto &[kind, places] : kinds) {
      const int tries = std::min(kTries, static_cast<int>(places.size()));
      for (int n = 0, enough = 0; n < tries && enough < kEnough; ++n) {
        auto [p, i] = places[places.size() * static_cast<size_t>(n) / static_cast<size_t>(tries)];
        std::optional<int> result;
        bool alterable = false;
        for (int sign : {1, -1}) {
          neff::Model other = model;
          alterable = std::visit(Alter{other.programs[p], sign}, other.programs[p].run[i]);
          result = alterable ? outcome(other) : std::nullopt;
          if (result && *result != 0) {
            break;
          }
        }
        if (alterable) {
          present.insert(kind.first);
        }
        if (result == 1) {
          mattered.insert(kind.first);
          ++enough;
        }
        if (result == -1) {
          ok = complain("program " + std::to_string(p) + " instruction " + std::to_string(i) + ": one executor alone sees it altered: " +
                        isa::disassemble(model.programs[p].run[i]));
        }
      }
    }
    for (isa::Engine engine : present) {
      if (!mattered.count(engine)) {
        ok = complain("no altered instruction of engine " + std::string(isa::enumName(engine)) + " changes the outputs");
      }
    }
    seen.insert(mattered.begin(), mattered.end());
    return ok;
  }

  bool weights() {
    int mattered = 0;
    bool ok = true;
    for (int n = 0; n < kWeights && model.weightBytes >= 64; ++n) {
      neff::Model other = model;
      std::vector<uint8_t> bytes(model.weightData, model.weightData + model.weightBytes);
      size_t at = bytes.size() * static_cast<size_t>(n) / kWeights / 4 * 4;
      for (size_t high : {at + 1, at + 3}) { // an f32, or two of 16 bits, of magnitude 8 to 32
        bytes[high] = static_cast<uint8_t>((bytes[high] & 0x80) | 0x41);
      }
      other.weightData = bytes.data();
      other.weights = {{0, bytes.size(), bytes.data(), nullptr}};
      std::optional<int> result = outcome(other);
      mattered += result == 1;
      if (result == -1) {
        ok = complain("one executor alone sees byte " + std::to_string(at) + " of the weights altered");
      }
    }
    return mattered > 0 ? ok : complain("no altered weight changes the outputs");
  }

  std::string path, altered;
  neff::Model model;
  Outputs host, precise;
};

} // namespace

int main(int argc, char **argv) {
  std::set<isa::Engine> seen;
  bool ok = argc > 1;
  for (int a = 1; a < argc; ++a) {
    ok &= Checker(argv[a]).check(seen);
  }
  for (isa::Engine engine : {isa::Engine::Tensor, isa::Engine::Vector, isa::Engine::Scalar, isa::Engine::GpSimd, isa::Engine::Dma}) {
    if (!seen.count(engine)) {
      std::printf("FAIL no instruction of engine %s was seen to matter in any file\n", std::string(isa::enumName(engine)).c_str());
      ok = false;
    }
  }
  std::printf("%d files, %s\n", argc - 1, ok ? "all altered files behave" : "FAILED");
  return ok ? 0 : 1;
}
