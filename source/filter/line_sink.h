#pragma once

// Where lines of an access log are handed over to.

#include <functional>
#include <map>
#include <string>
#include <string_view>

namespace weir::filter {

class LineSink {
 public:
  virtual ~LineSink() = default;
  // A line, with its end. Never waits. Any thread.
  virtual void write(std::string_view line) = 0;
  // Whether lines that nobody has given a form are to be JSON.
  virtual bool wantsJson() const = 0;
};

// By the path of the file.
using LineSinks = std::map<std::string, LineSink*, std::less<>>;

}  // namespace weir::filter
