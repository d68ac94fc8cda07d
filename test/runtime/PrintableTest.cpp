// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// Names of any bytes as text.
#include "runtime/tensor/Printable.h"

#include <gtest/gtest.h>

using ncc::printable;
using ncc::validUtf8;
using namespace std::string_literals;

TEST(Printable, TextStaysAsItIs) {
  for (const std::string &text : {""s, "conv1/weight:0"s, "a\\b 'c' \"d\""s, "größe"s, "層"s, "\xf0\x9f\x98\x80"s}) {
    EXPECT_EQ(printable(text), text);
    EXPECT_EQ(validUtf8(text), text);
  }
}

TEST(Printable, HidesWhatDrivesATerminalOrEndsALine) {
  EXPECT_EQ(printable("a\nb\tc\rd"), "a\\nb\\tc\\x0dd");
  EXPECT_EQ(printable("\x1b[31mred"), "\\x1b[31mred");
  EXPECT_EQ(printable("a\0b\x7f"s), "a\\x00b\\x7f");
  EXPECT_EQ(printable("\xc2\x9b" "2J"), "\\u009b2J");                     // an escape of one code point
  EXPECT_EQ(printable("a\xe2\x80\xa8" "b\xe2\x80\xae" "c"), "a\\u2028b\\u202ec"); // a line's end, and right to left
  EXPECT_EQ(printable("\xef\xbb\xbf" "x\xf3\xa0\x81\x81"), "\\ufeffx\\U000e0041");
}

TEST(Printable, BytesThatAreNoText) {
  EXPECT_EQ(printable("\xff\xfe"), "\\xff\\xfe");
  EXPECT_EQ(printable("\xc3\x28"), "\\xc3("); // the second byte starts anew
  EXPECT_EQ(printable("\xe2\x82"), "\\xe2\\x82"); // cut
  EXPECT_EQ(printable("\xc0\xaf\xe0\x80\xaf"), "\\xc0\\xaf\\xe0\\x80\\xaf"); // longer than need be
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");                   // half of a pair
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");          // beyond the last code point
  EXPECT_EQ(validUtf8("a\n\xff\x1b"), "a\n\\xff\x1b");
}

TEST(Printable, TwiceIsOnce) {
  std::string bytes;
  for (int byte = 0; byte < 256; ++byte) {
    bytes += static_cast<char>(byte);
  }
  EXPECT_EQ(printable(printable(bytes)), printable(bytes));
}
