#pragma once

// A regular expression in RE2's syntax, whose time is linear in the text: a client cannot make it
// slow. It works on bytes, so that no text is one that it cannot judge. Immutable; any thread.

#include <memory>
#include <string>
#include <string_view>

#include "source/base/result.h"

namespace re2 {
class RE2;
}

namespace weir::http {

class Regex {
 public:
  // InvalidArgument, with what is wrong, if it is none or takes too much memory.
  static Result<std::shared_ptr<const Regex>> compile(std::string_view pattern);
  ~Regex();

  const std::string& pattern() const;
  // Of all of `text`.
  bool matches(std::string_view text) const;
  // What every text that matches begins with, as far as that can be told.
  std::string commonPrefix() const;

  // Whether a substitution names only groups that there are; else what is wrong with it.
  Result<void> checkSubstitution(std::string_view substitution) const;
  // Every match in `text` replaced, \1 to \9 being the groups, \0 the match, and \\ a backslash.
  std::string replaceAll(std::string_view text, std::string_view substitution) const;

 private:
  explicit Regex(std::unique_ptr<const re2::RE2> re2);

  std::unique_ptr<const re2::RE2> re2_;
};

}  // namespace weir::http
