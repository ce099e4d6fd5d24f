#include "source/config/field_checks.h"
#include "source/config/log_line_checks.h"
#include "source/config/parse.h"

namespace weir::config {

AccessLogSettings parseAccessLog(const v1::AccessLog& log, const FieldScope& scope) {
  AccessLogSettings settings;
  settings.enabled = !log.disabled();
  if (!log.path().empty()) settings.path = log.path();
  checkLogPath(scope.field("path"), log.path());
  const bool json = log.format() == v1::AccessLog::JSON;
  auto own = checkOwnLine<filter::ConnectionLine>(log, json, scope);
  settings.json = json || !log.json_format().empty();
  if (own != nullptr) {
    settings.line = std::move(own);
  } else if (json) {
    settings.line = filter::ConnectionLine::defaultJson();
  }
  return settings;
}

}  // namespace weir::config
