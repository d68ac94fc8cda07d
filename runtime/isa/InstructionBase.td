//===- Part of ncc, under the Apache License 2.0. See LICENSE. ------------===//
//
// The vocabulary in which Isa.td describes instructions. tools/isa-gen turns the records into structs, the
// encoder, decoder and disassembler, the verifier, the operand walkers and docs/isa.md.
//
//===----------------------------------------------------------------------===//

/// A C++ enum class stored as one byte. The order of `cases` is stored in NEFF files: append only.
class IsaEnum<list<string> cases> {
  list<string> Cases = cases;
  string Doc = "";
}

// Memories an operand may live in.
class MemorySpace<string name> { string Name = name; }
def Sbuf : MemorySpace<"Sbuf">;
def Psum : MemorySpace<"Psum">;
def Dram : MemorySpace<"Dram">;

/// Element types, by the names of runtime/tensor/DType.h.
class TypeSet<list<string> types> { list<string> Types = types; }

/// One member of an instruction, after its common header.
class Member<string name, string doc> {
  string Name = name;
  string Doc = doc;
}

/// An access pattern. `role` is "read", "write" or "update" (read and written). `types` are those the operand may have; on chip
/// no operand has another than EngineTypes of Isa.td.
class Pattern<string name, string role, list<MemorySpace> spaces, string doc, bit optional = 0, string types = "EngineTypes">
    : Member<name, doc> {
  string Types = types;
  string Role = role;
  list<MemorySpace> Spaces = spaces;
  bit Optional = optional;
}

/// A number or an access pattern. With `perPartition` the pattern holds one element per partition, else it is a
/// tile of the destination's size.
class ScalarOrPattern<string name, bit perPartition, string doc, string initial> : Member<name, doc> {
  bit PerPartition = perPartition;
  string Initial = initial;
}

/// An immediate. `type` is bool, u8, u16, u32, u64, i32, i64, f32 or the name of an IsaEnum.
class Immediate<string type, string name, string initial, string doc> : Member<name, doc> {
  string Type = type;
  string Initial = initial;
}

// Limits beyond those of the single operands. `Code` is a C++ expression over `inst`, `spec`, `program` (what the instruction may
// refer to outside of itself) and the helpers of runtime/isa/Checks.h, seen after the operands were found sound; false makes the
// instruction invalid and `Message` says why.
class Check<string condition, string message> {
  string Code = condition;
  string Message = message;
}

class Instruction<int opcode, string mnemonic, list<string> engines> {
  int Opcode = opcode;
  string Mnemonic = mnemonic;
  list<string> Engines = engines;
  list<Member> Members = [];
  list<Check> Checks = [];
  string Semantics = "";
  string Cost = "";
  // On-chip operands obey the start-partition rule of the engines (DMA reaches any partition).
  bit AlignedPartitions = 1;
}
