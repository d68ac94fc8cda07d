// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Names in files are bytes: they may hold control characters, line ends, or no text at all. Whatever shows one to a person goes
// through here, so that no name can forge a line or drive a terminal.
#pragma once

#include <string>
#include <string_view>

namespace ncc {

/// The text with \n, \t, \xNN and \uNNNN in place of what is not printable: control characters, bytes that are no UTF-8, ends of
/// lines and paragraphs, marks that turn the writing direction. What has been through it once stays as it is.
std::string printable(std::string_view bytes);

/// The text with \xNN in place of bytes that are no UTF-8: different names stay different where only text can be stored.
std::string validUtf8(std::string_view bytes);

} // namespace ncc
