// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// The container of a core's program and its tables; the instructions come from the generated file.

#ifndef NCC_CORE_OPS
#define NCC_CORE_OPS

include "dialects/core/CoreInstructions.td"

class Core_Op<string mnemonic, list<Trait> traits = []> : Op<Core_Dialect, mnemonic, traits>;

def Core_ProgramOp : Core_Op<"program", [Symbol, NoTerminator, SingleBlock, IsolatedFromAbove]> {
  let summary = "one core: tables of buffers and calls, instructions run at load, instructions run per inference";
  let arguments = (ins SymbolNameAttr:$sym_name, I64Attr:$core);
  let regions = (region SizedRegion<1>:$tables, SizedRegion<1>:$init, SizedRegion<1>:$run);
  let assemblyFormat = "$sym_name attr-dict-with-keyword `tables` $tables `init` $init `run` $run";
}

def Core_BufferOp : Core_Op<"buffer"> {
  let summary = "DRAM the program addresses; its position in the table is its number";
  let description = [{`kind` is input, output, weight or scratch; `index` the model input or output; `value` the weight.}];
  let arguments = (ins StrAttr:$kind, I64Attr:$bytes, StrAttr:$dtype, DefaultValuedAttr<I64Attr, "0">:$index, OptionalAttr<ElementsAttr>:$value);
  let assemblyFormat = "$kind $bytes `x` $dtype attr-dict";
}

def Core_CallEntryOp : Core_Op<"call_entry"> {
  let summary = "a firmware call: kernel, attributes and whole row-major tensors in DRAM";
  let description = [{
    `inputs` and `outputs` hold a (buffer, byte offset) pair per operand; the buffer is -1 for an absent input. The types are tensor types.
  }];
  let arguments = (ins StrAttr:$kernel, StrAttr:$kernel_attributes, DenseI64ArrayAttr:$inputs, DenseI64ArrayAttr:$outputs,
                       ArrayAttr:$input_types, ArrayAttr:$result_types);
  let assemblyFormat = "$kernel $inputs `:` $input_types `->` $outputs `:` $result_types attr-dict";
}

#endif // NCC_CORE_OPS
