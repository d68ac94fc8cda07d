// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Changes of NEFFs that know what they change: a field of the header, a number or name in JSON (attributes inside of it, too), a
// value of the device's description, an operand of an instruction, the order of a program.
#pragma once

#include "test/fuzz/NeffParts.h"

#include "absl/functional/function_ref.h"

#include <random>

namespace ncc::fuzz {

/// `bytes` changes a text in place, by whatever means the fuzzer has.
void mutate(NeffParts &parts, std::minstd_rand &random, absl::FunctionRef<void(std::string &)> bytes);

} // namespace ncc::fuzz
