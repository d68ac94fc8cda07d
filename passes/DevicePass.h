// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Base of the passes that ask the machine description: the driver hands them a DeviceSpec, a textual pipeline
// names a built-in one (`{target=inf1}`).
#pragma once

#include "runtime/hw/DeviceSpec.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

namespace ncc {

template <typename Derived, typename Base>
class DevicePass : public mlir::PassWrapper<Derived, Base> {
public:
  DevicePass() = default;
  explicit DevicePass(const hw::DeviceSpec &spec) : device(spec), given(true) {}
  DevicePass(const DevicePass &other) : mlir::PassWrapper<Derived, Base>(other), device(other.device), given(other.given) {}

  mlir::LogicalResult initialize(mlir::MLIRContext *context) override {
    if (given) {
      return mlir::success();
    }
    const hw::DeviceSpec *spec = hw::findDevice(target.getValue());
    if (!spec) {
      return mlir::emitError(mlir::UnknownLoc::get(context)) << "no built-in device is called '" << target.getValue() << "'";
    }
    device = *spec;
    return mlir::success();
  }

protected:
  hw::DeviceSpec device;

private:
  bool given = false;
  mlir::Pass::Option<std::string> target{*this, "target", llvm::cl::desc("built-in device the program is for"),
                                         llvm::cl::init("trn1")};
};

} // namespace ncc
