#include "source/http/path_rewrite.h"

#include <algorithm>

#include "source/http/regex.h"

namespace weir::http {
namespace {

void makeAbsolute(std::string& target) {
  if (!target.starts_with('/')) target.insert(target.begin(), '/');
}

std::string rewriteMatches(const RegexRewrite& rewrite, std::string_view target) {
  const size_t path = std::min(target.find('?'), target.size());
  std::string result = rewrite.pattern->replaceAll(target.substr(0, path), rewrite.substitution);
  makeAbsolute(result);
  result += target.substr(path);
  return result;
}

}  // namespace

std::string rewritePrefix(std::string_view target, size_t matched, std::string_view rewrite) {
  std::string_view rest = target.substr(std::min(matched, target.size()));
  if (rewrite.ends_with('/') && rest.starts_with('/')) rest.remove_prefix(1);
  std::string result;
  result.reserve(rewrite.size() + rest.size() + 1);
  result += rewrite;
  result += rest;
  makeAbsolute(result);
  return result;
}

std::optional<std::string> rewritePath(const Forward& forward, size_t matched_prefix,
                                       std::string_view target) {
  std::optional<std::string> result;
  if (forward.prefix_rewrite) {
    result = rewritePrefix(target, matched_prefix, *forward.prefix_rewrite);
  } else if (forward.regex_rewrite) {
    result = rewriteMatches(*forward.regex_rewrite, target);
  }
  if (result == target) result.reset();
  return result;
}

}  // namespace weir::http
