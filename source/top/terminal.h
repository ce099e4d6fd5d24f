#pragma once

// The terminal that weir top draws on: its second screen, without echo, put back as it was at the
// end. One object at a time. Its owner takes the signals that end the process, so that there is
// such an end.

#include <termios.h>

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

#include "source/top/view.h"

namespace weir::top {

// A second way to a terminal, on which writing never waits: where nobody reads it, poll() may say
// that there is room, and write() not come back. The descriptor itself for what is no terminal, or
// where that is not possible.
class UnblockedOutput {
 public:
  explicit UnblockedOutput(int fd);
  ~UnblockedOutput();
  UnblockedOutput(const UnblockedOutput&) = delete;
  UnblockedOutput& operator=(const UnblockedOutput&) = delete;
  int fd() const { return own_fd_ >= 0 ? own_fd_ : fd_; }

 private:
  const int fd_;
  int own_fd_ = -1;
};

// Writes all of it, unless `interrupt_fd` (-1: none) becomes readable, nothing is taken for
// `timeout_ms` (-1: for ever), or the reader has gone: false then.
bool writeUnless(int interrupt_fd, int fd, std::string_view text, int timeout_ms = -1);

class Terminal {
 public:
  struct Size {
    size_t columns;
    size_t rows;
  };

  // `output_fd` is a terminal; `input_fd` may be one. Drawing ends when `interrupt_fd` becomes
  // readable.
  Terminal(int input_fd, int output_fd, int interrupt_fd);
  ~Terminal();
  Terminal(const Terminal&) = delete;
  Terminal& operator=(const Terminal&) = delete;

  Size size() const;
  // The whole screen anew, without flicker.
  void draw(const std::vector<Line>& lines);
  // Gives it back, and takes it again: around a stop of the process. Twice is once.
  void leave();
  void enter();

 private:
  const int input_fd_;
  const UnblockedOutput output_;
  const int interrupt_fd_;
  std::optional<termios> saved_;  // while it is entered, if the input is a terminal
  bool entered_ = false;
};

}  // namespace weir::top
