#pragma once

// Writes down what a connection tells, as lines that a test compares whole: "connected",
// "data:abc", "end", "write_ready", "read_ready", "fault:reset". Bytes and end that come together
// are "data:abc" and then "end".

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "source/net/connection.h"

namespace weir::test {

class RecordingEvents : public net::ConnectionEvents {
 public:
  using Lines = std::vector<std::string>;

  void onConnected() override { note("connected"); }
  void onData(buffer::Buffer& data, bool end_stream) override {
    if (!data.empty()) lines_.push_back("data:" + data.toString());
    if (end_stream) lines_.push_back("end");
    if (take_) data.clear();
    if (hook_) hook_();
  }
  void onWriteReady() override { note("write_ready"); }
  void onReadReady() override { note("read_ready"); }
  void onFault(const Error& error) override { note("fault:" + std::string(toString(error.code))); }

  // What was told since the last call to this.
  Lines take() { return std::exchange(lines_, {}); }
  const Lines& lines() const { return lines_; }
  // False: bytes are left in the connection's buffer.
  void takeData(bool take) { take_ = take; }
  // Runs at the end of every event, inside it.
  void onEvery(std::function<void()> hook) { hook_ = std::move(hook); }

 private:
  void note(std::string line) {
    lines_.push_back(std::move(line));
    if (hook_) hook_();
  }

  Lines lines_;
  std::function<void()> hook_;
  bool take_ = true;
};

}  // namespace weir::test
