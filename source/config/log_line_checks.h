#pragma once

// Reads the lines of one's own of an access log, about connections or requests: `Line` is
// filter::ConnectionLine or http::RequestLine, `Message` has text_format and json_format. Main
// thread.

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/base/diagnostics.h"
#include "source/config/nearest_name.h"
#include "source/config/node.h"
#include "source/filter/format_parts.h"

namespace weir::config {

inline void checkLogPath(const FieldScope& field, const std::string& path) {
  if (path.ends_with('/')) field.error(quote(path) + " is a directory, not a file");
}

// Characters are counted from 1, as columns are.
template <class Format>
Format checkFormat(const FieldScope& field, const std::string& text) {
  std::vector<filter::FormatProblem> problems;
  Format format = Format::compile(text, problems);
  for (const filter::FormatProblem& problem : problems) {
    std::string message =
        "at character " + std::to_string(problem.position + 1) + ": " + problem.message;
    if (!problem.unknown.empty())
      message += suggestion(problem.unknown, Format::operatorNames(), "the operators are");
    field.error(std::move(message));
  }
  return format;
}

// Null if there is none. `json`: the message says that lines are JSON.
template <class Line, class Message>
std::shared_ptr<const Line> checkOwnLine(const Message& log, bool json, const FieldScope& scope) {
  using Format = typename Line::Format;
  std::shared_ptr<const Line> line;
  if (log.has_text_format()) {
    const FieldScope field = scope.field("text_format");
    const std::string& text = log.text_format();
    if (text.find_first_not_of("\r\n\t ") == std::string::npos)
      field.error("is empty: a line would say nothing");
    line = Line::text(checkFormat<Format>(field, text), text.ends_with('\n'));
    if (json) field.error("format is JSON; that is said by json_format");
  }
  if (log.json_format().empty()) return line;
  const FieldScope field = scope.field("json_format");
  // In the order of the keys: that of the file is not kept by the message.
  const std::map<std::string, std::string> sorted(log.json_format().begin(),
                                                  log.json_format().end());
  std::vector<std::pair<std::string, Format>> members;
  for (const auto& [key, text] : sorted)
    members.emplace_back(key, checkFormat<Format>(field.field(key), text));
  if (log.has_text_format()) field.error("text_format is set, too; a log has one of them");
  return Line::json(std::move(members));
}

}  // namespace weir::config
