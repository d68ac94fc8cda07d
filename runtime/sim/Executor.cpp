// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "runtime/sim/Executor.h"

namespace ncc::sim {

std::string outOfBoundsText(const neff::Model &model, const InferenceReport &report) {
  const uint32_t node = report.outOfBounds.value_or(0);
  const bool known = node > 0 && node <= model.nodes.size();
  return (known ? "node '" + model.nodes[node - 1].name + "' (" + model.nodes[node - 1].op + "): " : std::string()) +
         "an index is outside of the table it picks from";
}

} // namespace ncc::sim
