// Part of ncc, under the Apache License 2.0. See LICENSE.
#pragma once

namespace ncc {

/// What becomes of an initializer that is a graph input too: since IR version 4 it is the input's default.
enum class DefaultInputs {
  Auto,   // stays an input, unless the file lists its weights or sizes among the inputs
  Keep,   // stays an input
  Freeze, // is a constant
};

} // namespace ncc
