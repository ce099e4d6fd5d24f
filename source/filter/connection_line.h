#pragma once

// A line of an access log about a connection. Immutable; any thread.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/filter/connection_format.h"
#include "source/filter/log_line.h"

namespace weir::filter {

class ConnectionLine {
 public:
  using Format = ConnectionFormat;

  // Of text. The end of the line is added where the format has none.
  static std::shared_ptr<const ConnectionLine> text(ConnectionFormat format, bool ends_line);
  // Of JSON: an object with these members, in this order.
  static std::shared_ptr<const ConnectionLine> json(
      std::vector<std::pair<std::string, ConnectionFormat>> members);
  // Those that are used if the configuration says nothing: key=value pairs, or the same as JSON.
  static std::shared_ptr<const ConnectionLine> defaultText();
  static std::shared_ptr<const ConnectionLine> defaultJson();

  void append(const ConnectionInfo& info, MonotonicTime now, std::string& out) const {
    line_.appendLine(out, info, now);
  }
  bool operator==(const ConnectionLine&) const = default;

 private:
  using Line = LogLine<ConnectionFormat>;
  explicit ConnectionLine(Line line) : line_(std::move(line)) {}
  static std::shared_ptr<const ConnectionLine> share(Line line);

  Line line_;
};

}  // namespace weir::filter
