// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Peepholes over neighbouring tile ops. A pair merges when the first result is f32 (no rounding is lost), has one
// reader, and is read whole and in order.
#include "dialects/tile/Tile.h"
#include "passes/combine/Combine.h"
#include "passes/lower/TileBuilder.h"

#include "mlir/Pass/Pass.h"

#include <cmath>

using namespace mlir;
using namespace ncc;

namespace {

using lower::Read;
using lower::Scalar;

bool isF32(Type tile) { return tile::elementTypeOf(tile).isF32(); }

/// The op that makes what `op` reads first, if the two may merge.
template <typename Producer>
Producer mergeable(tile::InstOpInterface op) {
  if (op.getReads().empty() || op.getInto()) {
    return {};
  }
  Value x = op.getReads()[0];
  auto producer = x.getDefiningOp<Producer>();
  auto ap = cast<tile::AccessPatternAttr>(op.getAps()[0]);
  if (!producer || producer.getTied() || !x.hasOneUse() || !isF32(x.getType()) || ap != tile::wholePattern(x.getType())) {
    return {};
  }
  return producer;
}

/// A tensor_scalar as reads and scalars.
struct ScalarChain {
  Read src;
  StringRef op0, op1;
  Scalar s0, s1;
  bool reverse0;

  explicit ScalarChain(tile::TensorScalarOp op)
      : src{op.getReads()[0], ap(op, 0)}, op0(op.getOp0()), op1(op.getOp1()), reverse0(op.getReverse0()) {
    unsigned next = 1;
    auto scalar = [&](bool isTile, const APFloat &imm) -> Scalar {
      if (!isTile) {
        return imm.convertToDouble();
      }
      Read read{op.getReads()[next], ap(op, next)};
      ++next;
      return read;
    };
    s0 = scalar(op.getTile0(), op.getImm0());
    s1 = scalar(op.getTile1(), op.getImm1());
  }
  static tile::AccessPatternAttr ap(tile::TensorScalarOp op, unsigned i) { return cast<tile::AccessPatternAttr>(op.getAps()[i]); }
  bool single() const { return op1 == "bypass"; }
};

class Combiner {
public:
  explicit Combiner(tile::ProgramOp program) : builder(program.getContext()), t(builder), program(program) {}

  void run() {
    for (Operation &op : llvm::make_early_inc_range(program.getBody().front())) {
      builder.setInsertionPoint(&op);
      t.loc = op.getLoc();
      if (auto scalar = dyn_cast<tile::TensorScalarOp>(op)) {
        mergeScalars(scalar);
      } else if (auto activate = dyn_cast<tile::ActivateOp>(op)) {
        mergeIntoActivation(activate);
      } else if (auto copy = dyn_cast<tile::CopyOp>(op)) {
        mergeCast(copy);
      }
    }
  }

private:
  /// op1(op0(x)) as one instruction.
  void mergeScalars(tile::TensorScalarOp op) {
    auto first = mergeable<tile::TensorScalarOp>(op);
    if (!first || op.getReverse1() || first.getReverse1()) {
      return;
    }
    ScalarChain a(first), b(op);
    if (!a.single() || !b.single() || (b.reverse0 && b.op0 != "add" && b.op0 != "mul" && b.op0 != "max" && b.op0 != "min")) {
      return;
    }
    Value merged = t.tensorScalar(op.getResult().getType(), a.src, a.op0, a.s0, a.reverse0, b.op0, b.s0);
    replace(op, merged, first);
  }

  /// func(x * s + b).
  void mergeIntoActivation(tile::ActivateOp op) {
    auto first = mergeable<tile::TensorScalarOp>(op);
    if (!first || op.getScaleTile() || op.getBiasTile() || op.getRowSum() || !op.getScale().isExactlyValue(1.0) ||
        !op.getBias().isZero()) {
      return;
    }
    ScalarChain a(first);
    lower::ActivateOptions options;
    options.alpha = op.getAlpha().convertToDouble();
    options.beta = op.getBeta().convertToDouble();
    bool commutes = !a.reverse0 || a.op0 == "mul" || a.op0 == "add";
    if (a.op0 == "mul" && commutes && (a.single() || (a.op1 == "add" && !first.getReverse1()))) {
      options.scale = a.s0;
      options.bias = a.single() ? Scalar(0.0) : a.s1;
    } else if (a.op0 == "add" && commutes && a.single()) {
      options.bias = a.s0;
    } else {
      return;
    }
    // As a bias the number 0 is not added, which the written sum of -0 and +0 would tell.
    const double *number = std::get_if<double>(&options.bias);
    if (number && *number == 0 && !(a.op0 == "mul" && a.single()) && !std::signbit(*number)) {
      return;
    }
    Value merged = t.activate(op.getResult().getType(), op.getFunc(), a.src, options);
    replace(op, merged, first);
  }

  /// A cast after an f32 result is that result in the other type: engines cast as they write.
  void mergeCast(tile::CopyOp op) {
    if (op.getRound() || op.getSaturate() || !isa<FloatType>(tile::elementTypeOf(op.getResult().getType()))) {
      return;
    }
    auto retype = [&](auto producer) {
      if (!producer || isa<tile::PsumType>(producer.getResult().getType())) {
        return false;
      }
      producer.getResult().setType(op.getResult().getType());
      op.getResult().replaceAllUsesWith(producer.getResult());
      op.erase();
      return true;
    };
    (void)(retype(mergeable<tile::TensorScalarOp>(op)) || retype(mergeable<tile::TensorTensorOp>(op)) ||
           retype(mergeable<tile::ActivateOp>(op)) || retype(mergeable<tile::SelectOp>(op)));
  }

  void replace(Operation *op, Value merged, Operation *first) {
    op->getResult(0).replaceAllUsesWith(merged);
    op->erase();
    first->erase();
  }

  OpBuilder builder;
  lower::TileBuilder t;
  tile::ProgramOp program;
};

struct CombineTilesPass : PassWrapper<CombineTilesPass, OperationPass<tile::ProgramOp>> {
  StringRef getArgument() const final { return "ncc-combine-tiles"; }
  StringRef getDescription() const final { return "merges scalar chains, scales, biases and casts into single instructions"; }
  void runOnOperation() override { Combiner(getOperation()).run(); }
};

} // namespace

std::unique_ptr<Pass> ncc::combine::createCombineTilesPass() { return std::make_unique<CombineTilesPass>(); }
