// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// A recursive-descent parser into a program of splits and classes, and the simulation of all its threads at once.
#include "runtime/ops/host/Regex.h"

#include "absl/status/status.h"

#include <string>

namespace ncc::ops {

namespace {

constexpr size_t kMostNodes = 20000;
constexpr uint32_t kMostCode = 0x10ffff;

/// The next code point; a byte that starts none stands for itself.
uint32_t takeCode(std::string_view &text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  const size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 1;
  if (length == 1 || text.size() < length) {
    text.remove_prefix(1);
    return lead;
  }
  uint32_t code = lead & (0xff >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3f);
  }
  text.remove_prefix(length);
  return code;
}

bool isWord(uint32_t code) { return code < 128 && (std::isalnum(static_cast<int>(code)) || code == '_'); }

} // namespace

/// Builds fragments back to front: each parse function is given where its match goes on.
class RegexCompiler {
public:
  explicit RegexCompiler(std::string_view pattern) : rest(pattern) {}

  absl::StatusOr<Regex> run() {
    const int match = add({Regex::Op::Match});
    const int start = alternatives(match, 0);
    if (error.ok() && !rest.empty()) {
      fail("has a ) too many");
    }
    if (!error.ok()) {
      return error;
    }
    regex.start = start;
    return std::move(regex);
  }

private:
  using Node = Regex::Node;
  using Ranges = std::vector<std::pair<uint32_t, uint32_t>>;

  void fail(const std::string &what) {
    if (error.ok()) {
      error = absl::InvalidArgumentError("the pattern " + what);
    }
  }

  int add(Node node) {
    if (regex.nodes.size() >= kMostNodes) {
      fail("is too large");
      return 0;
    }
    regex.nodes.push_back(std::move(node));
    return static_cast<int>(regex.nodes.size()) - 1;
  }

  bool eat(char c) {
    if (!rest.empty() && rest[0] == c) {
      rest.remove_prefix(1);
      return true;
    }
    return false;
  }

  /// Pieces of a sequence are parsed in order but linked backwards: their source is kept and parsed again for each copy.
  int alternatives(int next, int depth) {
    if (depth > 200) {
      fail("is nested too deeply");
      return 0;
    }
    int start = sequence(next, depth);
    while (error.ok() && eat('|')) {
      const int other = sequence(next, depth);
      start = add({Regex::Op::Split, start, other});
    }
    return start;
  }

  struct Piece {
    std::string_view source; // of the atom
    int least = 1, most = 1; // most < 0: any number
  };

  int sequence(int next, int depth) {
    std::vector<Piece> pieces;
    while (error.ok() && !rest.empty() && rest[0] != '|' && rest[0] != ')') {
      Piece piece;
      std::string_view before = rest;
      skipAtom();
      piece.source = before.substr(0, before.size() - rest.size());
      repeats(piece);
      pieces.push_back(piece);
    }
    for (size_t i = pieces.size(); error.ok() && i-- > 0;) {
      next = repeated(pieces[i], next, depth);
    }
    return next;
  }

  int repeated(const Piece &piece, int next, int depth) {
    if (piece.most < 0) { // any number more
      const int split = add({Regex::Op::Split, -1, next});
      const int body = atom(piece.source, split, depth);
      if (error.ok()) {
        regex.nodes[static_cast<size_t>(split)].next = body;
      }
      next = split;
    }
    for (int i = piece.most; error.ok() && i > piece.least; --i) {
      const int body = atom(piece.source, next, depth);
      next = add({Regex::Op::Split, body, next});
    }
    for (int i = 0; error.ok() && i < piece.least; ++i) {
      next = atom(piece.source, next, depth);
    }
    return next;
  }

  int number() {
    int value = -1;
    while (!rest.empty() && std::isdigit(static_cast<unsigned char>(rest[0])) && value < 10000) {
      value = std::max(value, 0) * 10 + (rest[0] - '0');
      rest.remove_prefix(1);
    }
    return value;
  }

  void repeats(Piece &piece) {
    if (eat('*')) {
      piece.least = 0;
      piece.most = -1;
    } else if (eat('+')) {
      piece.most = -1;
    } else if (eat('?')) {
      piece.least = 0;
    } else if (rest.size() > 1 && rest[0] == '{' && std::isdigit(static_cast<unsigned char>(rest[1]))) {
      rest.remove_prefix(1);
      piece.least = piece.most = number();
      if (eat(',')) {
        piece.most = number();
      }
      if (!eat('}') || piece.least > 1000 || piece.most > 1000 || (piece.most >= 0 && piece.most < piece.least)) {
        fail("has a malformed count");
      }
    } else {
      return;
    }
    eat('?'); // lazy: the same for a full match
  }

  /// Moves past one atom without building it.
  void skipAtom() {
    if (eat('\\')) {
      if (rest.empty()) {
        return fail("ends in a backslash");
      }
      takeCode(rest);
    } else if (eat('[')) {
      eat('^');
      eat(']');
      while (!rest.empty() && rest[0] != ']') {
        if (rest[0] == '[' && rest.size() > 1 && rest[1] == ':') {
          const size_t end = rest.find(":]");
          rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
          continue;
        }
        eat('\\');
        if (!rest.empty()) {
          takeCode(rest);
        }
      }
      if (!eat(']')) {
        fail("has a [ without ]");
      }
    } else if (eat('(')) {
      for (int open = 1; open > 0;) {
        if (rest.empty()) {
          return fail("has a ( without )");
        }
        if (rest[0] == '[' || rest[0] == '\\') {
          skipAtom();
          if (!error.ok()) {
            return;
          }
          continue;
        }
        open += rest[0] == '(' ? 1 : rest[0] == ')' ? -1 : 0;
        rest.remove_prefix(1);
      }
    } else if (rest[0] == '*' || rest[0] == '+' || rest[0] == '?') {
      fail("repeats nothing");
    } else {
      takeCode(rest);
    }
  }

  int atom(std::string_view source, int next, int depth) {
    std::string_view after = rest;
    rest = source;
    const int start = build(next, depth);
    rest = after;
    return start;
  }

  int build(int next, int depth) {
    if (eat('(')) {
      if (rest.substr(0, 2) == "?:") {
        rest.remove_prefix(2);
      } else if (rest.substr(0, 2) == "?P" || rest.substr(0, 2) == "?<") {
        const size_t end = rest.find('>');
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
      } else if (!rest.empty() && rest[0] == '?') {
        fail("has a group of a kind that is not supported");
        return next;
      }
      const int start = alternatives(next, depth + 1);
      eat(')');
      return start;
    }
    if (eat('^')) {
      return add({Regex::Op::Begin, next});
    }
    if (eat('$')) {
      return add({Regex::Op::End, next});
    }
    Node node{Regex::Op::Class, next};
    if (eat('.')) {
      node.negated = true;
      node.ranges = {{'\n', '\n'}};
    } else if (eat('[')) {
      set(node);
    } else if (eat('\\')) {
      return escape(std::move(node));
    } else {
      const uint32_t code = takeCode(rest);
      node.ranges = {{code, code}};
    }
    return add(std::move(node));
  }

  int escape(Node node) {
    switch (rest.empty() ? '\0' : rest[0]) {
    case 'A': return add({Regex::Op::Begin, node.next});
    case 'z':
    case 'Z': return add({Regex::Op::End, node.next});
    case 'b': return add({Regex::Op::Boundary, node.next});
    case 'B': return add({Regex::Op::NotBoundary, node.next});
    default: break;
    }
    node.ranges = escaped(node.negated);
    return add(std::move(node));
  }

  /// The code points an escape means, after the backslash; `negated` when it means all others.
  Ranges escaped(bool &negated) {
    if (rest.empty()) {
      fail("ends in a backslash");
      return {};
    }
    const uint32_t code = takeCode(rest);
    negated = code == 'D' || code == 'W' || code == 'S';
    switch (code) {
    case 'd':
    case 'D': return {{'0', '9'}};
    case 'w':
    case 'W': return {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    case 's':
    case 'S': return {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};
    case 'n': return {{'\n', '\n'}};
    case 't': return {{'\t', '\t'}};
    case 'r': return {{'\r', '\r'}};
    case 'f': return {{'\f', '\f'}};
    case 'v': return {{'\v', '\v'}};
    default: break;
    }
    if (code < 128 && std::isalnum(static_cast<int>(code))) {
      fail(std::string("has an escape \\") + static_cast<char>(code) + " that is not supported");
    }
    return {{code, code}};
  }

  void named(Ranges &ranges) {
    static const std::pair<std::string_view, Ranges> kNames[] = {
        {"alpha", {{'A', 'Z'}, {'a', 'z'}}}, {"digit", {{'0', '9'}}}, {"alnum", {{'0', '9'}, {'A', 'Z'}, {'a', 'z'}}},
        {"lower", {{'a', 'z'}}}, {"upper", {{'A', 'Z'}}}, {"space", {{'\t', '\r'}, {' ', ' '}}}, {"punct", {{'!', '/'}, {':', '@'}, {'[', '`'}, {'{', '~'}}},
        {"xdigit", {{'0', '9'}, {'A', 'F'}, {'a', 'f'}}}, {"word", {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}}}};
    const size_t end = rest.find(":]");
    for (const auto &[name, list] : kNames) {
      if (end != std::string_view::npos && rest.substr(2, end - 2) == name) {
        ranges.insert(ranges.end(), list.begin(), list.end());
        rest.remove_prefix(end + 2);
        return;
      }
    }
    fail("has a class name that is not supported");
  }

  void set(Node &node) {
    node.negated = eat('^');
    bool first = true;
    while (error.ok() && !rest.empty() && (rest[0] != ']' || first)) {
      first = false;
      if (rest.substr(0, 2) == "[:") {
        named(node.ranges);
        continue;
      }
      bool others = false;
      Ranges low = eat('\\') ? escaped(others) : Ranges{};
      if (low.empty() && error.ok()) {
        const uint32_t code = takeCode(rest);
        low = {{code, code}};
      }
      if (others) { // the gaps between
        uint32_t from = 0;
        for (const auto &[a, b] : low) {
          node.ranges.push_back({from, a - 1});
          from = b + 1;
        }
        node.ranges.push_back({from, kMostCode});
        continue;
      }
      if (low.size() == 1 && rest.size() > 1 && rest[0] == '-' && rest[1] != ']') {
        rest.remove_prefix(1);
        const Ranges high = eat('\\') ? escaped(others) : Ranges{};
        low[0].second = high.empty() ? takeCode(rest) : high[0].first;
        if (low[0].second < low[0].first) {
          fail("has a range that runs backwards");
        }
      }
      node.ranges.insert(node.ranges.end(), low.begin(), low.end());
    }
    eat(']');
  }

  std::string_view rest;
  absl::Status error;
  Regex regex;
};

absl::StatusOr<Regex> Regex::compile(std::string_view pattern) {
  return pattern.size() > 10000 ? absl::InvalidArgumentError("the pattern is too large") : RegexCompiler(pattern).run();
}

bool Regex::fullMatch(std::string_view text) const {
  const std::optional<Match> match = search(text, 0, /*anchored=*/true);
  return match && match->end == text.size();
}

std::optional<Regex::Match> Regex::search(std::string_view text, size_t from, bool anchored) const {
  struct Thread {
    int at;
    size_t begin;
  };
  std::vector<Thread> current, following;
  std::vector<int> stack;
  std::vector<size_t> seen(nodes.size(), SIZE_MAX);
  std::optional<Match> best;
  uint32_t before = from > 0 ? static_cast<unsigned char>(text[from - 1]) : 0;
  for (size_t place = from;;) {
    std::string_view ahead = text.substr(place);
    const bool end = ahead.empty();
    const uint32_t code = end ? 0 : takeCode(ahead);
    const bool boundary = (place > 0 && isWord(before)) != (!end && isWord(code));
    // Threads that wait for a code point, from `thread` on without one. Earlier beginnings come first and win.
    auto follow = [&](const Thread &thread) {
      stack.push_back(thread.at);
      while (!stack.empty()) {
        const int at = stack.back();
        stack.pop_back();
        if (at < 0 || seen[static_cast<size_t>(at)] == place) {
          continue;
        }
        seen[static_cast<size_t>(at)] = place;
        const Node &node = nodes[static_cast<size_t>(at)];
        switch (node.op) {
        case Op::Match:
          if (!best || thread.begin <= best->begin) {
            best = Match{thread.begin, place};
          }
          break;
        case Op::Class: current.push_back({at, thread.begin}); break;
        case Op::Split: stack.push_back(node.other); [[fallthrough]];
        case Op::Jump: stack.push_back(node.next); break;
        case Op::Begin: stack.push_back(place == 0 ? node.next : -1); break;
        case Op::End: stack.push_back(end ? node.next : -1); break;
        case Op::Boundary: stack.push_back(boundary ? node.next : -1); break;
        case Op::NotBoundary: stack.push_back(boundary ? -1 : node.next); break;
        }
      }
    };
    current.clear();
    for (const Thread &thread : following) {
      if (!best || thread.begin <= best->begin) {
        follow(thread);
      }
    }
    if (!best && (place == from || !anchored)) {
      follow({start, place});
    }
    if (end || (current.empty() && (best || anchored))) {
      return best;
    }
    following.clear();
    for (const Thread &thread : current) {
      const Node &node = nodes[static_cast<size_t>(thread.at)];
      bool in = false;
      for (const auto &[low, high] : node.ranges) {
        in |= code >= low && code <= high;
      }
      if (in != node.negated) {
        following.push_back({node.next, thread.begin});
      }
    }
    before = code;
    place = text.size() - ahead.size();
  }
}

} // namespace ncc::ops
