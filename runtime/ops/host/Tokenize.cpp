// Part of ncc, under the Apache License 2.0. See LICENSE.
//
// tokenize(x) {separators or expression, mark, pad, min_chars}: the tokens of each string along a new last dim, filled up
// to the largest number of them; and the rule by which n-grams of tokens are counted.
#include "runtime/ops/host/Regex.h"
#include "runtime/ops/host/Rules.h"

#include <algorithm>

namespace ncc::ops {

namespace {

using Tokens = std::vector<std::string_view>;

struct Tokenizer {
  std::vector<Regex> separators;
  std::optional<Regex> expression;
  bool characters = false; // one token each
  int64_t least = 1;       // characters of a token

  static absl::StatusOr<Tokenizer> make(const Attributes &attrs) {
    Tokenizer tokenizer;
    tokenizer.least = attrs.getInt("min_chars", 1);
    if (std::string text = attrs.getString("expression", ""); !text.empty()) {
      absl::StatusOr<Regex> regex = Regex::compile(text);
      if (!regex.ok()) {
        return regex.status();
      }
      tokenizer.expression = *std::move(regex);
      return tokenizer;
    }
    const AttrValue *list = attrs.find("separators");
    const auto *texts = list ? std::get_if<std::vector<std::string>>(list) : nullptr;
    if (!texts || texts->empty()) {
      return invalid("needs separators or an expression of tokens");
    }
    tokenizer.characters = texts->size() == 1 && texts->front().empty();
    for (const std::string &text : *texts) {
      absl::StatusOr<Regex> regex = Regex::compile(text);
      if (!regex.ok()) {
        return regex.status();
      }
      tokenizer.separators.push_back(*std::move(regex));
    }
    return tokenizer;
  }

  Tokens split(std::string_view text) const {
    if (expression) {
      Tokens tokens;
      each(text, *expression, [&](size_t, size_t begin, size_t end) { keep(text.substr(begin, end - begin), tokens); });
      return tokens;
    }
    Tokens row{text};
    if (characters) {
      row.clear();
      for (size_t at = 0; at < text.size(); at += step(text, at)) {
        row.push_back(text.substr(at, step(text, at)));
      }
      return row;
    }
    for (const Regex &separator : separators) {
      Tokens pieces;
      for (std::string_view piece : row) {
        size_t rest = each(piece, separator, [&](size_t from, size_t begin, size_t) { keep(piece.substr(from, begin - from), pieces); });
        keep(piece.substr(rest), pieces);
      }
      row = std::move(pieces);
    }
    return row;
  }

private:
  /// Bytes of the character at a place.
  static size_t step(std::string_view text, size_t at) {
    size_t end = at + 1;
    while (end < text.size() && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) {
      ++end;
    }
    return end - at;
  }
  void keep(std::string_view token, Tokens &tokens) const {
    const auto count = std::count_if(token.begin(), token.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
    if (count >= least) {
      tokens.push_back(token);
    }
  }
  /// Calls fn(where the search began, begin, end) for every match; where the last search began, which found none.
  template <typename Fn>
  static size_t each(std::string_view text, const Regex &regex, Fn fn) {
    size_t from = 0;
    while (std::optional<Regex::Match> match = regex.search(text, from)) {
      fn(from, match->begin, match->end);
      from = match->end;
      if (match->end == match->begin) { // nothing matched: go on behind the next character
        if (from >= text.size()) {
          return text.size();
        }
        from += step(text, from);
      }
    }
    return from;
  }
};

} // namespace

absl::Status tokenizeRule(Rule &rule) {
  absl::Status status = needStrings(rule);
  if (absl::StatusOr<Tokenizer> made = Tokenizer::make(rule.attrs); status.ok() && !made.ok()) {
    return made.status();
  }
  MaybeShape shape = shapeOf(rule.in[0]);
  if (shape) {
    if (shape->empty() || shape->size() > 2) {
      return invalid("needs a list or rows of strings, has " + rule.in[0].str());
    }
    shape->push_back(kUnknownDim);
  }
  rule.out = {tensorOf(DType::String, shape)};
  return status;
}

absl::Status tokenizeRun(HostCall &call) {
  absl::StatusOr<std::vector<ValueType>> types = typesOf("tokenize", call);
  absl::StatusOr<Tokenizer> tokenizer = types.ok() ? Tokenizer::make(call.attrs) : types.status();
  if (!tokenizer.ok()) {
    return tokenizer.status();
  }
  const Tensor &x = call.tensor(0);
  const bool mark = call.attrs.getInt("mark", 0) != 0;
  std::vector<Tokens> rows;
  size_t widest = 0;
  for (const std::string &text : x.strings()) {
    rows.push_back(tokenizer->split(text));
    widest = std::max(widest, rows.back().size());
  }
  const size_t width = widest + (mark ? 2 : 0);
  Shape shape = x.shape();
  shape.push_back(static_cast<int64_t>(width));
  absl::StatusOr<Tensor> out = allocateTensor(DType::String, shape);
  if (!out.ok()) {
    return out.status();
  }
  std::vector<std::string> &texts = out->mutableStrings();
  std::fill(texts.begin(), texts.end(), call.attrs.getString("pad", ""));
  for (size_t i = 0; i < rows.size(); ++i) {
    size_t at = i * width;
    if (mark) {
      texts[at++] = "\x02";
    }
    for (std::string_view token : rows[i]) {
      texts[at++] = std::string(token);
    }
    if (mark) {
      texts[at] = "\x03";
    }
  }
  call.out = {*std::move(out)};
  return absl::OkStatus();
}

//===--- tfidf(ids), as the graph op of that name ---===//

absl::Status tfidfRule(Rule &rule) {
  absl::Status status = needTensors(rule);
  MaybeShape shape = shapeOf(rule.in[0]);
  const std::vector<int64_t> indexes = rule.attrs.getInts("ngram_indexes");
  if (!status.ok() || (shape && shape->empty()) || indexes.empty()) {
    return status.ok() ? invalid("needs rows of tokens and indexes of n-grams") : status;
  }
  if (shape) {
    shape->back() = *std::max_element(indexes.begin(), indexes.end()) + 1;
  }
  rule.out = {tensorOf(DType::F32, shape)};
  return absl::OkStatus();
}

} // namespace ncc::ops
