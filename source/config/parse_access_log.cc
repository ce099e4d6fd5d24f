#include <map>
#include <string>

#include "source/config/field_checks.h"
#include "source/config/nearest_name.h"
#include "source/config/node.h"
#include "source/config/parse.h"

namespace weir::config {
namespace {

using filter::ConnectionFormat;
using filter::ConnectionLine;

// Characters are counted from 1, as columns are.
ConnectionFormat checkFormat(const FieldScope& field, const std::string& text) {
  std::vector<filter::FormatProblem> problems;
  ConnectionFormat format = ConnectionFormat::compile(text, problems);
  for (const filter::FormatProblem& problem : problems) {
    std::string message =
        "at character " + std::to_string(problem.position + 1) + ": " + problem.message;
    if (!problem.unknown.empty())
      message +=
          suggestion(problem.unknown, ConnectionFormat::operatorNames(), "the operators are");
    field.error(std::move(message));
  }
  return format;
}

std::shared_ptr<const ConnectionLine> parseTextFormat(const v1::AccessLog& log,
                                                      const FieldScope& field) {
  const std::string& text = log.text_format();
  if (text.find_first_not_of("\r\n\t ") == std::string::npos)
    field.error("is empty: a line would say nothing");
  return ConnectionLine::text(checkFormat(field, text), text.ends_with('\n'));
}

std::shared_ptr<const ConnectionLine> parseJsonFormat(const v1::AccessLog& log,
                                                      const FieldScope& field) {
  // In the order of the keys: that of the file is not kept by the message.
  const std::map<std::string, std::string> sorted(log.json_format().begin(),
                                                  log.json_format().end());
  std::vector<std::pair<std::string, ConnectionFormat>> members;
  for (const auto& [key, text] : sorted)
    members.emplace_back(key, checkFormat(field.field(key), text));
  return ConnectionLine::json(std::move(members));
}

}  // namespace

AccessLogSettings parseAccessLog(const v1::AccessLog& log, const FieldScope& scope) {
  AccessLogSettings settings;
  settings.enabled = !log.disabled();
  if (!log.path().empty()) settings.path = log.path();
  if (settings.path.ends_with('/'))
    scope.field("path").error(quote(log.path()) + " is a directory, not a file");
  const bool json = log.format() == v1::AccessLog::JSON;
  if (json) settings.line = ConnectionLine::defaultJson();
  if (log.has_text_format()) settings.line = parseTextFormat(log, scope.field("text_format"));
  if (!log.json_format().empty()) settings.line = parseJsonFormat(log, scope.field("json_format"));
  if (log.has_text_format() && !log.json_format().empty())
    scope.field("json_format").error("text_format is set, too; a log has one of them");
  if (log.has_text_format() && json)
    scope.field("text_format").error("format is JSON; that is said by json_format");
  return settings;
}

}  // namespace weir::config
