// Part of ncc, under the Apache License 2.0. See LICENSE.
#include "dialects/graph/Locations.h"

#include "llvm/ADT/STLExtras.h"

using namespace mlir;

namespace ncc::graph {

static void collect(Location loc, SmallVectorImpl<std::string> &names) {
  if (auto name = dyn_cast<NameLoc>(loc)) {
    if (std::string text = name.getName().str(); !text.empty() && !llvm::is_contained(names, text)) {
      names.push_back(std::move(text));
    }
  } else if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations()) {
      collect(part, names);
    }
  }
}

SmallVector<std::string, 2> nodeNames(Location loc) {
  SmallVector<std::string, 2> names;
  collect(loc, names);
  return names;
}

std::string nodeName(Location loc) {
  SmallVector<std::string, 2> names = nodeNames(loc);
  return names.empty() ? std::string() : names.front();
}

} // namespace ncc::graph
