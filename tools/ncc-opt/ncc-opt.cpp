// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// mlir-opt with our dialects and passes: what the lit tests run.
#include "passes/Pipelines.h"

#include "mlir/IR/DialectRegistry.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"

int main(int argc, char **argv) {
  mlir::DialectRegistry registry;
  ncc::registerAllDialects(registry);
  ncc::registerAllPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(argc, argv, "ncc pass driver\n", registry));
}
