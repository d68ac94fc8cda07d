// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Parsing. Options may be spelled `--name value` or `--name=value`.
#include "tools/ncc/CommandLine.h"

#include "compiler/frontend/onnx/DimFormula.h"

#include <algorithm>
#include <charconv>
#include <functional>
#include <map>

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
    values["--shapes-from"] = [&line](const std::string &v) {
      line.options.shapesFrom.push_back(v);
      return !v.empty();
    };
    values["--pad"] = choice<bool>(line.options.pad, {{"auto", true}, {"none", false}});
    values["--pad-shapes"] = integer(line.options.padShapes, 0, 1000000);
    values["--cores"] = integer(line.options.cores, 1, 100000);
    values["--jobs"] = integer(line.options.jobs, 1, 1024);
    values["--seed"] = [&line](const std::string &v) { return number(v, line.seed); };
    values["--runs"] = [&line](const std::string &v) { return number(v, line.runs) && line.runs >= 1 && line.runs <= 1000; };
    values["--edge"] = [&line](const std::string &v) { return number(v, line.edge) && line.edge <= 100; };
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
    values["--defaults"] = choice<DefaultInputs>(line.options.defaults, {{"auto", DefaultInputs::Auto}, {"keep", DefaultInputs::Keep}, {"freeze", DefaultInputs::Freeze}});
    values["--quantize"] = choice<bool>(line.options.quantizeInt8, {{"int8", true}, {"none", false}});
    values["--calibration-data"] = text(line.options.calibrationData);
    values["--shape"] = [&line](const std::string &v) { return shape(v, line.options); };
    values["--dim"] = [&line](const std::string &v) { return dim(v, line.options); };
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
  /// Splits NAME=REST.
  static bool named(const std::string &value, std::string &name, std::string &rest) {
    const size_t equal = value.rfind('=');
    name = value.substr(0, equal);
    rest = equal == std::string::npos ? "" : value.substr(equal + 1);
    return equal != std::string::npos && equal > 0;
  }

  static Sizes merged(Sizes a, const Sizes &b) {
    a.insert(a.end(), b.begin(), b.end());
    std::sort(a.begin(), a.end());
    a.erase(std::unique(a.begin(), a.end()), a.end());
    return a;
  }

  /// Values for one input or dimension add up.
  static bool shape(const std::string &value, Options &options) {
    std::string name, rest;
    std::optional<std::vector<Sizes>> sizes = named(value, name, rest) ? parseShape(rest) : std::nullopt;
    if (!sizes) {
      return false;
    }
    if (auto single = options.shapes.find(name); single != options.shapes.end()) { // given before: one more
      for (int64_t size : single->second) {
        options.shapeBuckets[name].push_back({size});
      }
      options.shapes.erase(single);
    }
    if (auto before = options.shapeBuckets.find(name); before != options.shapeBuckets.end()) {
      if (before->second.size() != sizes->size()) {
        return false;
      }
      for (size_t dim = 0; dim < sizes->size(); ++dim) {
        (*sizes)[dim] = merged(before->second[dim], (*sizes)[dim]);
      }
      options.shapeBuckets.erase(before);
    }
    if (std::any_of(sizes->begin(), sizes->end(), [](const Sizes &dim) { return dim.size() > 1; })) {
      options.shapeBuckets[name] = *std::move(sizes);
      return true;
    }
    std::vector<int64_t> &single = options.shapes[name];
    for (const Sizes &dim : *sizes) {
      single.push_back(dim.front());
    }
    return true;
  }

  static bool dim(const std::string &value, Options &options) {
    std::string name, rest;
    std::optional<Sizes> sizes = named(value, name, rest) ? parseSizes(rest) : std::nullopt;
    if (!sizes && !frontend::namesInDim(rest).empty()) {
      return !options.dims.contains(name) && !options.dimBuckets.contains(name) && options.dimFormulas.emplace(name, rest).second;
    }
    if (!sizes || options.dimFormulas.contains(name)) {
      return false;
    }
    if (auto single = options.dims.find(name); single != options.dims.end()) {
      sizes = merged({single->second}, *sizes);
      options.dims.erase(single);
    }
    if (auto before = options.dimBuckets.find(name); before != options.dimBuckets.end()) {
      sizes = merged(before->second, *sizes);
      options.dimBuckets.erase(before);
    }
    if (sizes->size() > 1) {
      options.dimBuckets[name] = *std::move(sizes);
    } else {
      options.dims[name] = sizes->front();
    }
    return true;
  }

  bool argument(const std::vector<std::string> &arguments, size_t &i) {
    std::string name = arguments[i], value;
    if (name == "--help" || name == "-h") {
      line.command = Command::Help;
      return true;
    }
    if (name.size() < 2 || name[0] != '-') {
      if (!repeated.empty() && name.find('=') != std::string::npos) { // what a shell made of --shape x={1,2}
        return values[repeated](name) || (error = "'" + name + "' is no value for " + repeated, false);
      }
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
    repeated = name == "--shape" || name == "--dim" ? name : "";
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
  std::string repeated; // the option whose value was the last argument, if it may have more
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
  --dim NAME=N                           size of a symbolic dimension, or what it follows from (--dim all=past+new);
                                         may be repeated
                                         sizes may be lists and ranges: {16,64,128}, 16..128 (doubling), 16..128:16
  --shapes-from DIR                      shapes of the inputs of a data set (input_0.pb, ...), or of all data sets in
                                         DIR; may be repeated. Several shapes make one NEFF with a bucket for each
  --defaults auto|keep|freeze            inputs that have a default (an initializer): leave them inputs that may be left out, or
                                         compile the default in; auto freezes weights listed among the inputs
  --pad auto|none                        let buckets serve smaller shapes where that cannot change a result (auto)
  --pad-shapes N                         the most smaller shapes to prove this for               (1024)
  --jobs N                               compiler threads; the result does not depend on it
  --emit graph|tile|core|neff            stop earlier and print the program              (neff)
  --without PASS                         leave out fuse, prune, layout, tiling, order or residency
  --report FILE.json                     what was done, for machines
  --timing                               time and memory per phase
  --quiet                                no summary
  verify: --test-data DIR (input_J.pb) or --random SEED, --runs N (4) of which --edge PERCENT (75) draw infinities, NaN,
          exact halves, extremes and masked rows, --rtol R, --atol A, --executor host|precise, --json

Exit status
  0 done   1 the model cannot be compiled   2 wrong usage   3 a file cannot be read or written
  4 a defect of ncc   5 verify: an output differs
)";
}
