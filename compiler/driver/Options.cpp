// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The canonical spelling of options, as a NEFF remembers it.
#include "compiler/driver/Options.h"

std::string ncc::canonical(const Options &options) {
  static const char *parallel[] = {"auto", "pipeline", "data"};
  static const char *casts[] = {"none", "matmult", "all"};
  std::string text = "--target " + options.target + " --cores " + std::to_string(options.cores) + " --parallel " +
                     parallel[static_cast<int>(options.parallel)] + " --auto-cast " + casts[static_cast<int>(options.autoCast)] +
                     " --auto-cast-type " + (options.autoCastType == CastType::Bf16 ? "bf16" : "fp16");
  text += options.quantizeInt8 ? " --quantize int8" : "";
  for (const auto &[name, shape] : options.shapes) {
    text += " --shape " + name + "=";
    for (size_t i = 0; i < shape.size(); ++i) {
      text += i ? "x" : "";
      text += std::to_string(shape[i]);
    }
  }
  for (const auto &[name, size] : options.dims) {
    text += " --dim " + name + "=" + std::to_string(size);
  }
  for (const auto &[name, formula] : options.dimFormulas) {
    text += " --dim " + name + "=" + formula;
  }
  for (const auto &[name, shape] : options.shapeBuckets) {
    text += " --shape " + name + "=";
    for (size_t i = 0; i < shape.size(); ++i) {
      text += i ? "x" : "";
      text += sizesText(shape[i]);
    }
  }
  for (const auto &[name, sizes] : options.dimBuckets) {
    text += " --dim " + name + "=" + sizesText(sizes);
  }
  const bool several = !options.shapeBuckets.empty() || !options.dimBuckets.empty() || !options.shapesFrom.empty();
  text += several ? options.pad ? " --pad-shapes " + std::to_string(options.padShapes) : " --pad none" : "";
  text += options.defaults == DefaultInputs::Keep ? " --defaults keep" : options.defaults == DefaultInputs::Freeze ? " --defaults freeze" : "";
  for (const std::string &pass : options.disabled) {
    text += " --without " + pass;
  }
  return text;
}
