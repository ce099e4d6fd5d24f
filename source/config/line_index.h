#pragma once

// Turns byte offsets of a text into lines and columns. Refers to the text, which must outlive it.
// Any thread.

#include <algorithm>
#include <string_view>
#include <vector>

#include "source/config/node.h"

namespace weir::config {

class LineIndex {
 public:
  explicit LineIndex(std::string_view text) : text_(text) {
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] == '\n') starts_.push_back(i + 1);
    }
  }

  Position at(size_t offset) const {
    const auto after = std::upper_bound(starts_.begin(), starts_.end(), offset);
    const auto line = static_cast<uint32_t>(after - starts_.begin());
    return {line, static_cast<uint32_t>(offset - starts_[line - 1] + 1)};
  }

  // From line on (counted from 1) to the end of the text; empty behind the last line.
  std::string_view from(size_t line) const {
    return line >= 1 && line <= starts_.size() ? text_.substr(starts_[line - 1])
                                               : std::string_view();
  }

 private:
  std::string_view text_;
  std::vector<size_t> starts_{0};
};

}  // namespace weir::config
