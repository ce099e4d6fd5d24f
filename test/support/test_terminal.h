#pragma once

// For authors of network filters that are not terminal: the last filter of a chain, played by the
// test as a server behind the proxy would be. Keeps what reaches it, and answers when told.
//
//   TestTerminal server;
//   FilterHarness harness({std::make_shared<MyFilterFactory>(), server.factory()});
//   harness.client().send("hello\n");
//   harness.run();
//   EXPECT_EQ(server.received(), "hello\n");
//   server.send("world\n");
//
// Outlives the harness. For one chain. Thread: the test's.

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "source/base/check.h"
#include "source/filter/filter_context.h"
#include "source/filter/network_filter.h"

namespace weir::test {

class TestTerminal {
 public:
  TestTerminal() = default;
  TestTerminal(const TestTerminal&) = delete;
  TestTerminal& operator=(const TestTerminal&) = delete;

  std::shared_ptr<const filter::NetworkFilterFactory> factory() {
    return std::make_shared<Factory>(*this);
  }

  // What came through the filters in front of it, from the client; and whether its end did.
  const std::string& received() const { return received_; }
  std::string takeReceived() { return std::exchange(received_, {}); }
  bool ended() const { return ended_; }
  bool started() const { return started_; }
  bool closed() const { return closed_; }

  // Towards the client. Requires: the chain has been made.
  void send(std::string_view text) { write(text, false); }
  void sendEnd() { write({}, true); }
  void close(filter::Close how, std::string_view reason) { context().close(how, reason); }
  // What a server's connection goes by: whether to pause, and how often it was told to go on.
  bool writeBlocked() { return context().writeBlocked(); }
  int writeReadies() const { return write_readies_; }

 private:
  struct Filter final : filter::ReadFilter {
    explicit Filter(TestTerminal& t) : terminal(t) {}
    filter::FilterStatus onNewConnection() override {
      terminal.started_ = true;
      return filter::FilterStatus::Continue;
    }
    filter::FilterStatus onData(buffer::Buffer& data, bool end_stream) override {
      terminal.received_ += data.toString();
      terminal.ended_ |= end_stream;
      data.clear();
      return filter::FilterStatus::StopIteration;
    }
    void onWriteReady() override { ++terminal.write_readies_; }
    void onConnectionClosed() override { terminal.closed_ = true; }
    TestTerminal& terminal;
  };
  struct Factory final : filter::NetworkFilterFactory {
    explicit Factory(TestTerminal& t) : terminal(t) {}
    std::string_view name() const override { return "test_terminal"; }
    void create(filter::FilterAdder& adder) const override {
      terminal.context_ = &adder.context();
      adder.addRead(std::make_unique<Filter>(terminal));
    }
    TestTerminal& terminal;
  };

  filter::FilterContext& context() {
    WEIR_CHECK(context_ != nullptr);
    return *context_;
  }
  void write(std::string_view text, bool end_stream) {
    buffer::Buffer data(context().worker().slices);
    data.append(text);
    context().write(data, end_stream);
  }

  filter::FilterContext* context_ = nullptr;
  std::string received_;
  int write_readies_ = 0;
  bool started_ = false;
  bool ended_ = false;
  bool closed_ = false;
};

}  // namespace weir::test
