// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Parsing. Options may be spelled `--name value` or `--name=value`.
#include "tools/ncc/CommandLine.h"

#include <charconv>
#include <functional>
#include <map>
#include <sstream>

using namespace ncc;
using namespace ncc::cli;

namespace {

template <typename T>
bool number(std::string_view text, T &value) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size();
}

class Parser {
public:
  Parser(CommandLine &line, std::string &error) : line(line), error(error) {
    values["-o"] = values["--output"] = text(line.output);
    values["--target"] = text(line.options.target);
    values["--report"] = text(line.reportFile);
    values["--shapes-from"] = text(line.options.shapesFrom);
    values["--cores"] = integer(line.options.cores, 1, 100000);
    values["--jobs"] = integer(line.options.jobs, 1, 1024);
    values["--seed"] = [&line](const std::string &v) { return number(v, line.seed); };
    values["--rtol"] = [&line](const std::string &v) { return number(v, line.rtol) && line.rtol >= 0; };
    values["--atol"] = [&line](const std::string &v) { return number(v, line.atol) && line.atol >= 0; };
    values["--random"] = values["--seed"];
    values["--test-data"] = text(line.testData);
    values["--executor"] = choice<bool>(line.precise, {{"host", false}, {"precise", true}});
    values["--parallel"] = choice<Parallel>(line.options.parallel, {{"auto", Parallel::Auto}, {"pipeline", Parallel::Pipeline}, {"data", Parallel::Data}});
    values["--auto-cast"] = choice<AutoCast>(line.options.autoCast, {{"none", AutoCast::None}, {"matmult", AutoCast::Matmult}, {"all", AutoCast::All}});
    values["--auto-cast-type"] = choice<CastType>(line.options.autoCastType, {{"bf16", CastType::Bf16}, {"fp16", CastType::Fp16}});
    values["--emit"] = choice<Stage>(line.emit, {{"graph", Stage::Graph}, {"tile", Stage::Tile}, {"core", Stage::Core}, {"neff", Stage::Neff}});
    values["--without"] = choice<std::string>(
        without, {{"fuse", "fuse"}, {"prune", "prune"}, {"layout", "layout"}, {"tiling", "tiling"}, {"order", "order"}, {"residency", "residency"}});
    values["--quantize"] = choice<bool>(line.options.quantizeInt8, {{"int8", true}, {"none", false}});
    values["--calibration-data"] = text(line.options.calibrationData);
    values["--shape"] = [&line](const std::string &v) { return shape(v, line.options.shapes); };
    values["--dim"] = [&line](const std::string &v) {
      size_t equal = v.rfind('=');
      int64_t size = 0;
      if (equal == std::string::npos || equal == 0 || !number(std::string_view(v).substr(equal + 1), size) || size < 1) {
        return false;
      }
      line.options.dims[v.substr(0, equal)] = size;
      return true;
    };
    flags["--timing"] = &line.timing;
    flags["--json"] = &line.json;
    flags["--quiet"] = &line.quiet;
  }

  bool run(const std::vector<std::string> &arguments) {
    size_t first = 0;
    static const std::map<std::string, Command> commands = {
        {"compile", Command::Compile}, {"check", Command::Check}, {"verify", Command::Verify}, {"targets", Command::Targets},
        {"ops", Command::Ops}, {"explain", Command::Explain}, {"help", Command::Help}, {"--help", Command::Help},
        {"-h", Command::Help}, {"version", Command::Version}, {"--version", Command::Version}};
    if (!arguments.empty() && commands.count(arguments[0])) {
      line.command = commands.at(arguments[0]);
      first = 1;
    }
    for (size_t i = first; i < arguments.size(); ++i) {
      if (!argument(arguments, i)) {
        return false;
      }
    }
    return complete();
  }

private:
  using Setter = std::function<bool(const std::string &)>;

  static Setter text(std::string &target) {
    return [&target](const std::string &v) {
      target = v;
      return !v.empty();
    };
  }
  static Setter integer(int &target, int low, int high) {
    return [&target, low, high](const std::string &v) { return number(v, target) && target >= low && target <= high; };
  }
  template <typename T>
  Setter choice(T &target, std::map<std::string, T> cases) {
    return [&target, cases](const std::string &v) {
      auto it = cases.find(v);
      if (it == cases.end()) {
        return false;
      }
      target = it->second;
      return true;
    };
  }
  static bool shape(const std::string &value, std::map<std::string, std::vector<int64_t>> &shapes) {
    size_t equal = value.rfind('=');
    if (equal == std::string::npos || equal == 0) {
      return false;
    }
    std::vector<int64_t> sizes;
    std::stringstream rest(value.substr(equal + 1));
    for (std::string part; std::getline(rest, part, 'x');) {
      int64_t size = 0;
      if (!number(part, size) || size < 0) {
        return false;
      }
      sizes.push_back(size);
    }
    shapes[value.substr(0, equal)] = sizes;
    return !value.ends_with('x');
  }

  bool argument(const std::vector<std::string> &arguments, size_t &i) {
    std::string name = arguments[i], value;
    if (name == "--help" || name == "-h") {
      line.command = Command::Help;
      return true;
    }
    if (name.size() < 2 || name[0] != '-') {
      if (!line.model.empty()) {
        error = "two models are named: '" + line.model + "' and '" + name + "'";
        return false;
      }
      line.model = name;
      return true;
    }
    size_t equal = name.starts_with("--") ? name.find('=') : std::string::npos;
    bool attached = equal != std::string::npos;
    if (attached) {
      value = name.substr(equal + 1);
      name.resize(equal);
    }
    if (auto flag = flags.find(name); flag != flags.end() && !attached) {
      *flag->second = true;
      return true;
    }
    auto setter = values.find(name);
    if (setter == values.end()) {
      error = "there is no option " + name;
      return false;
    }
    if (!attached) {
      if (i + 1 >= arguments.size()) {
        error = name + " needs a value";
        return false;
      }
      value = arguments[++i];
    }
    if (!setter->second(value)) {
      error = "'" + value + "' is no value for " + name;
      return false;
    }
    if (name == "--without") {
      line.options.disabled.insert(without);
    }
    return true;
  }

  bool complete() {
    bool needsModel = line.command == Command::Compile || line.command == Command::Check || line.command == Command::Verify;
    if (needsModel && line.model.empty()) {
      error = "no model is named";
      return false;
    }
    if (line.command == Command::Explain && line.model.empty()) {
      error = "explain needs a code, for example NCC1101";
      return false;
    }
    if (line.command == Command::Compile && line.output.empty() && line.emit == Stage::Neff) {
      error = "no output is named (-o OUT.neff)";
      return false;
    }
    return true;
  }

  CommandLine &line;
  std::string &error;
  std::string without;
  std::map<std::string, Setter> values;
  std::map<std::string, bool *> flags;
};

} // namespace

bool cli::parse(const std::vector<std::string> &arguments, CommandLine &line, std::string &error) {
  if (arguments.empty()) {
    line.command = Command::Help;
    return true;
  }
  return Parser(line, error).run(arguments);
}

std::string cli::helpText() {
  return R"(ncc compiles ONNX models for NeuronCore-style accelerators.

  ncc MODEL.onnx -o OUT.neff [options]   compile
  ncc check MODEL.onnx [--json]          can it be compiled? inputs, open dims, every unsupported node
  ncc verify MODEL.onnx [options]        compile, run on random inputs, compare with the reference evaluation
  ncc targets | ops | explain CODE       built-in devices, supported operators, what a diagnostic means
  ncc help | version

Options
  --target trn1|inf1|inf2|trn2|FILE      device, or a file that describes one            (trn1)
  --cores N                              cores to use                                    (1)
  --parallel auto|pipeline|data          how to use them                                 (auto)
  --auto-cast none|matmult|all           what may leave f32                              (matmult)
  --auto-cast-type bf16|fp16             for what                                        (bf16)
  --quantize int8                        integer products; needs --calibration-data DIR (input_0.pb, ..., or such folders)
  --shape INPUT=1x128                    shape of an input; may be repeated
  --dim NAME=N                           size of a symbolic dimension; may be repeated
  --shapes-from DIR                      shapes of the inputs of a data set (input_0.pb, ...)
  --jobs N                               compiler threads; the result does not depend on it
  --emit graph|tile|core|neff            stop earlier and print the program              (neff)
  --without PASS                         leave out fuse, prune, layout, tiling, order or residency
  --report FILE.json                     what was done, for machines
  --timing                               time and memory per phase
  --quiet                                no summary
  verify: --test-data DIR (input_J.pb) or --random SEED, --rtol R, --atol A, --executor host|precise, --json

Exit status
  0 done   1 the model cannot be compiled   2 wrong usage   3 a file cannot be read or written
  4 a defect of ncc   5 verify: an output differs
)";
}
