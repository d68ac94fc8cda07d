// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The in-memory form of a NEFF: what compiler/emit fills, the writer stores and the reader returns. Programs keep
// their instructions in one list in program order; splitting them into one stream per engine is the file's business.
#pragma once

#include "runtime/isa/Instruction.h"
#include "runtime/neff/Plan.h"
#include "runtime/ops/Attributes.h"
#include "runtime/tensor/Tensor.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ncc::neff {

struct TensorInfo {
  std::string name;
  DType dtype = DType::F32;
  Shape shape; // 0 where the size is known only at run time: in a plan, or between buckets (see Model::typeOfInput)
  bool operator==(const TensorInfo &) const = default;
};

enum class BufferKind : uint8_t {
  Input,   // filled by the caller before each inference; `index` = position in Model::inputs
  Output,  // returned; `index` = position in Model::outputs
  Weight,  // constant bytes at `offset` of the weights
  Scratch, // undefined at the start of an inference
  State,   // zero after load (or from weights when hasInitial), kept between inferences
};
std::string_view bufferKindName(BufferKind kind);

/// DRAM a program addresses by index in AccessPattern::buffer. Row-major, packed. Input and output buffers hold
/// the caller's tensor in its own dtype and shape (for a data-parallel slice: the slice only, see BatchSlice).
struct Buffer {
  std::string name;
  BufferKind kind = BufferKind::Scratch;
  uint64_t bytes = 0;
  DType dtype = DType::F32; // with `shape`, for inputs, outputs and readers of dumps
  Shape shape;
  uint32_t index = 0;       // Input, Output
  uint64_t offset = 0;      // Weight: where in the weights (multiple of 64)
  bool hasInitial = false;  // State: initial bytes at `offset` of the weights
};

/// A whole row-major tensor in DRAM, as firmware sees it.
struct CallOperand {
  uint32_t buffer = 0;
  uint64_t offset = 0; // bytes
  DType dtype = DType::F32;
  Shape shape;
};

/// A firmware call: kernel of runtime/ops by name.
struct CallEntry {
  std::string kernel;
  ops::Attributes attributes;
  std::vector<std::optional<CallOperand>> inputs; // absent optional inputs are nullopt
  std::vector<CallOperand> outputs;
};

struct Program {
  uint32_t core = 0;
  std::vector<Buffer> buffers;
  std::vector<CallEntry> calls;
  std::vector<isa::Instruction> init; // once per load: residents, borders
  std::vector<isa::Instruction> run;  // once per inference
  /// Start indices of the blocks of `run` (first is 0); empty means one block. Only profiles look at it.
  std::vector<uint32_t> blockStarts;
};

/// A ring of slots between two cores; one inference fills one slot.
struct Channel {
  uint32_t id = 0; // the number SEND and RECV name; equals the position in Model::channels
  uint32_t fromCore = 0;
  uint32_t toCore = 0;
  uint64_t bytes = 0; // of one slot
  uint32_t slots = 2;
};

/// One step of the model. The stages of a group form a pipeline; groups are data-parallel replicas that each take
/// a slice of the batch. Several groups none of which slices anything are replicas of the whole model: an inference
/// runs on one of them, taken in turn. The plain model has one group of one program.
struct BatchSlice {
  int64_t offset = 0; // along `axis` of the whole tensor
  int64_t size = -1;  // -1: the whole tensor
  int32_t axis = 0;
};
struct Group {
  std::vector<uint32_t> programs;   // indices into Model::programs, in pipeline order
  std::vector<BatchSlice> inputs;   // per model input; empty = whole
  std::vector<BatchSlice> outputs;  // per model output; empty = whole
};

/// Where weights come from while writing; afterwards the mapped file. Pieces are written back to back, each
/// aligned to 64 bytes: `offset` of piece i is what Buffer::offset refers to.
struct WeightPiece {
  uint64_t offset = 0;
  uint64_t bytes = 0;
  const void *data = nullptr;
  std::shared_ptr<const void> owner = nullptr; // of the data; without one the caller keeps them alive
};

/// A debug-map entry: instruction header `node` n is nodes[n - 1].
struct NodeInfo {
  std::string name;
  std::string op;
};

struct Provenance {
  std::string compiler; // "ncc 0.1.0"
  std::string options;  // canonical command line
  std::string target;   // device name
  std::string modelHash; // "x128:" and the fast hash of the source model's file
  std::string modelName;
  std::string precision; // lowest type the matmuls run in: "f32", "bf16", "f16", "i8"; sets tolerances
};

constexpr uint64_t kFeatureChannels = 1;  // more than one core with channels
constexpr uint64_t kFeatureGroups = 2;    // data-parallel groups
constexpr uint64_t kFeatureCalls = 4;     // firmware calls
constexpr uint64_t kFeaturePlan = 8;      // a program of stages
constexpr uint64_t kFeatureBuckets = 16;  // several shapes
constexpr uint64_t kKnownFeatures = 31;

/// True shapes that a bucket serves although they are smaller than its own: the compiler has proven that what lies
/// beyond them in the padded inputs does not show in the outputs, once they are cut.
struct PaddedShapes {
  std::vector<Shape> inputs, outputs; // of the whole model's; an output dim of -1 stays as the bucket returns it
  std::vector<int64_t> lengths;       // per mask input of the bucket, how many of its leading entries are true
};

/// The value of an input that a caller leaves out.
struct InputDefault {
  uint32_t input = 0;  // position in Model::inputs, of a static shape
  uint64_t offset = 0; // of its bytes in the weights (multiple of 64)
};

struct Model {
  Provenance provenance;
  std::string device; // text of the DeviceSpec
  std::vector<TensorInfo> inputs;
  std::vector<TensorInfo> outputs;
  std::vector<InputDefault> defaults; // of the whole model
  std::vector<std::string> frozen;    // inputs of the source whose defaults are compiled in: no value may be given
  std::vector<Program> programs;
  std::vector<Channel> channels;
  std::vector<Group> groups; // empty = one group of all programs in order
  std::vector<NodeInfo> nodes;
  double usefulMacs = 0;  // of one inference of the source model, for utilization
  double usefulMacsRate = 0; // optional: those MACs weighted by cycles per type (0: as bf16)
  std::string report;     // JSON, opaque to the runtime

  /// A model of several stages has a plan, and segments instead of programs: models of their own (inputs, outputs,
  /// programs, channels, groups) whose weights lie in this one's and whose device is this one's.
  Plan plan;
  std::vector<Model> segments;
  bool hasPlan() const { return !plan.empty(); }

  /// A model compiled for several shapes has buckets instead of programs or a plan: models of their own for one set of
  /// input shapes each, smallest first, with this one's weights and device. A bucket may have more inputs than the whole: masks,
  /// bool [n], which the runtime fills (see PaddedShapes).
  std::vector<Model> buckets;
  std::vector<PaddedShapes> padded; // of a bucket
  std::string unpadded;             // of a bucket: why it does not serve other smaller shapes

  /// What callers may give and get; kUnknownDim where buckets differ or only a run says it.
  ValueType typeOfInput(size_t i) const;
  ValueType typeOfOutput(size_t i) const;

  std::vector<WeightPiece> weights; // for the writer
  uint64_t weightBytes = 0;
  const uint8_t *weightData = nullptr;        // set by the reader: the mapped weights
  std::shared_ptr<const void> weightOwner;    // keeps the mapping alive

  /// Appends a piece of weights and returns its offset.
  uint64_t addWeights(const void *data, uint64_t bytes, std::shared_ptr<const void> owner = nullptr) {
    uint64_t offset = (weightBytes + 63) / 64 * 64;
    weights.push_back({offset, bytes, data, std::move(owner)});
    weightBytes = offset + bytes;
    return offset;
  }
};

/// Everything that can be wrong with a model beyond single instructions: buffer, call, channel and group indices,
/// DRAM bounds of every pattern, instruction limits of the device, RECVs without SENDs, shapes of buckets. Executors require it.
absl::Status verifyModel(const Model &model);

/// A model held in memory (tests, compile-and-run): makes `weightData` valid without a file.
absl::Status materializeWeights(Model &model);

/// Gives segments and buckets what the model holds for all of them: device, provenance, node names, weights.
void shareWithParts(Model &model);

} // namespace ncc::neff
