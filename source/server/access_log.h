#pragma once

// An access log: one line for each connection, at its end, and lines of others who have them ready.
// Several logs may share a file. Any thread.

#include <memory>
#include <string_view>
#include <utility>

#include "source/config/settings.h"
#include "source/filter/connection_info.h"
#include "source/filter/line_sink.h"
#include "source/server/log_file.h"

namespace weir::server {

class AccessLog final : public filter::LineSink {
 public:
  // Of the settings, the form of its lines.
  AccessLog(std::shared_ptr<LogFile> file, const config::AccessLogSettings& settings)
      : file_(std::move(file)), line_(settings.line), json_(settings.json) {}

  // Formats and hands over the line of a connection that ends `now`.
  void write(const filter::ConnectionInfo& info, MonotonicTime now);
  void write(std::string_view line) override { file_->write(line); }
  bool wantsJson() const override { return json_; }

 private:
  const std::shared_ptr<LogFile> file_;
  const std::shared_ptr<const filter::ConnectionLine> line_;
  const bool json_;
};

}  // namespace weir::server
