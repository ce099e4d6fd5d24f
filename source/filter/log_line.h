#pragma once

// A line of an access log, made of formats of whatever the line is about. Immutable; any thread.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/base/json.h"

namespace weir::filter {

// A whole line, with its end. `Format` is a ConnectionFormat, or one for requests.
template <class Format>
class LogLine {
 public:
  using Members = std::vector<std::pair<std::string, Format>>;

  // Of text. The end of the line is added where the format has none.
  static LogLine text(Format format, bool ends_line) {
    LogLine line;
    line.members_.emplace_back("", std::move(format));
    line.add_end_ = !ends_line;
    return line;
  }
  // Of text: key=value pairs.
  static LogLine pairs(Members members) {
    LogLine line;
    line.add_end_ = true;
    for (auto& [key, format] : members) {
      line.members_.emplace_back((line.members_.empty() ? "" : " ") + key + "=", std::move(format));
    }
    return line;
  }
  // Of JSON: an object with these members, in this order.
  static LogLine json(Members members) {
    LogLine line;
    line.json_ = line.add_end_ = true;
    for (auto& [key, format] : members) {
      std::string quoted = line.members_.empty() ? "{" : ",";
      appendJsonString(quoted, key);
      line.members_.emplace_back(quoted + ":", std::move(format));
    }
    return line;
  }

  // `subject` is what appendText() and appendJson() of the format take.
  template <class... Subject>
  void appendLine(std::string& out, const Subject&... subject) const {
    for (const auto& [before, format] : members_) {
      out += before;
      if (json_) {
        format.appendJson(subject..., out);
      } else {
        format.appendText(subject..., out);
      }
    }
    if (json_) out += members_.empty() ? "{}" : "}";
    if (add_end_) out += '\n';
  }
  bool operator==(const LogLine&) const = default;

 private:
  bool json_ = false;
  bool add_end_ = false;
  // The key (JSON: with its punctuation) before each.
  Members members_;
};

}  // namespace weir::filter
