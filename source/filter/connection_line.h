#pragma once

// A line of an access log, made of formats. Immutable; any thread.

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "source/filter/connection_format.h"

namespace weir::filter {

// A whole line of an access log, with its end.
class ConnectionLine {
 public:
  // Of text. The end of the line is added where the format has none.
  static std::shared_ptr<const ConnectionLine> text(ConnectionFormat format, bool ends_line);
  // Of JSON: an object with these members, in this order.
  static std::shared_ptr<const ConnectionLine> json(
      std::vector<std::pair<std::string, ConnectionFormat>> members);
  // Those that are used if the configuration says nothing: key=value pairs, or the same as JSON.
  static std::shared_ptr<const ConnectionLine> defaultText();
  static std::shared_ptr<const ConnectionLine> defaultJson();

  void append(const ConnectionInfo& info, MonotonicTime now, std::string& out) const;
  bool operator==(const ConnectionLine&) const = default;

 private:
  bool json_ = false;
  bool dash_for_unknown_ = false;
  bool add_end_ = false;
  // The key (JSON: with its punctuation) before each.
  std::vector<std::pair<std::string, ConnectionFormat>> members_;
};

}  // namespace weir::filter
