// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Names for the blobs of large constants. A context makes a taken name unique by trying one number after the other; with
// many constants of one name that is quadratic, so the dialect remembers how far it has come.
#pragma once

#include "mlir/IR/DialectInterface.h"
#include "llvm/ADT/StringMap.h"

#include <mutex>

namespace ncc::graph {

class BlobNames : public mlir::DialectInterface::Base<BlobNames> {
public:
  explicit BlobNames(mlir::Dialect *dialect) : Base(dialect) {}

  /// `name` itself the first time, then name_1, name_2 ...
  std::string next(llvm::StringRef name) const {
    std::lock_guard<std::mutex> lock(guard);
    uint64_t number = used[name]++;
    return number == 0 ? name.str() : (name + "_" + llvm::Twine(number)).str();
  }

private:
  mutable std::mutex guard;
  mutable llvm::StringMap<uint64_t> used;
};

} // namespace ncc::graph
