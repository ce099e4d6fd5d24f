#include "source/http/regex.h"

#include <re2/re2.h>

#include <algorithm>

namespace weir::http {
namespace {

constexpr int64_t MaxMemory = 4 << 20;  // of the program and of what it caches
constexpr int MaxPrefix = 256;

re2::StringPiece piece(std::string_view text) { return {text.data(), text.size()}; }

re2::RE2::Options options() {
  re2::RE2::Options options(re2::RE2::Quiet);
  options.set_encoding(re2::RE2::Options::EncodingLatin1);
  options.set_max_mem(MaxMemory);
  return options;
}

Error invalid(std::string detail) {
  return Error{ErrorCode::InvalidArgument, Side::Config, std::move(detail)};
}

}  // namespace

Regex::Regex(std::unique_ptr<const re2::RE2> re2) : re2_(std::move(re2)) {}
Regex::~Regex() = default;

Result<std::shared_ptr<const Regex>> Regex::compile(std::string_view pattern) {
  auto re2 = std::make_unique<const re2::RE2>(piece(pattern), options());
  if (!re2->ok()) return invalid(re2->error());
  return std::shared_ptr<const Regex>(new Regex(std::move(re2)));
}

const std::string& Regex::pattern() const { return re2_->pattern(); }

bool Regex::matches(std::string_view text) const { return re2::RE2::FullMatch(piece(text), *re2_); }

std::string Regex::commonPrefix() const {
  std::string least;
  std::string most;
  if (!re2_->PossibleMatchRange(&least, &most, MaxPrefix)) return {};
  const auto differ = std::mismatch(least.begin(), least.end(), most.begin(), most.end());
  return {least.begin(), differ.first};
}

Result<void> Regex::checkSubstitution(std::string_view substitution) const {
  std::string error;
  if (re2_->CheckRewriteString(piece(substitution), &error)) return {};
  return invalid(std::move(error));
}

std::string Regex::replaceAll(std::string_view text, std::string_view substitution) const {
  std::string result(text);
  re2::RE2::GlobalReplace(&result, *re2_, piece(substitution));
  return result;
}

}  // namespace weir::http
