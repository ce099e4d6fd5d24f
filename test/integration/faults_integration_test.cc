// A proxy in trouble: a worker that is busy for long, and a wall clock that jumps.

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "source/extensions/network/echo/factory.h"
#include "source/filter/filter_chain.h"
#include "source/filter/network_filter.h"
#include "test/integration/server_under_test.h"

namespace weir::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// What a filter waits at, on its worker's thread, until it is opened.
class Gate {
 public:
  void wait() {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  // False if nobody comes within the deadline.
  bool awaitWaiter() {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, seconds(10), [this] { return waiting_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool waiting_ = false;
  bool open_ = false;
};

// Echoes, but answers "?" with a letter that is its worker's own, and waits at the gate for "!".
class GatedEcho final : public filter::ReadFilter {
 public:
  GatedEcho(filter::FilterContext& context, Gate& gate) : context_(context), gate_(gate) {}
  filter::FilterStatus onData(buffer::Buffer& data, bool end_stream) override {
    const std::string said = data.toString();
    if (said == "!") gate_.wait();
    if (said == "?") {
      data.clear();
      data.append(workerLetter());
    }
    context_.write(data, end_stream);
    if (end_stream) context_.close(filter::Close::Flush, "client_fin");
    return filter::FilterStatus::StopIteration;
  }

 private:
  static std::string workerLetter() {
    static std::atomic<char> next{'a'};
    static thread_local const char mine = next++;
    return {mine};
  }
  filter::FilterContext& context_;
  Gate& gate_;
};

class GatedEchoFactory final : public filter::NetworkFilterFactory {
 public:
  explicit GatedEchoFactory(Gate& gate) : gate_(gate) {}
  std::string_view name() const override { return "gated_echo"; }
  void create(filter::FilterAdder& adder) const override {
    adder.addRead(std::make_unique<GatedEcho>(adder.context(), gate_));
  }

 private:
  Gate& gate_;
};

// Under the name of echo, whose settings are as empty as its own.
class GatedEchoConfigFactory final : public config::NetworkFilterConfigFactory {
 public:
  explicit GatedEchoConfigFactory(Gate& gate)
      : gate_(gate), echo_(extensions::makeEchoConfigFactory()) {}
  std::string_view messageType() const override { return echo_->messageType(); }
  bool isTerminal() const override { return true; }
  std::unique_ptr<filter::NetworkFilterFactory> create(const google::protobuf::Message&,
                                                       const FieldScope&,
                                                       config::BuildContext&) const override {
    return std::make_unique<GatedEchoFactory>(gate_);
  }

 private:
  Gate& gate_;
  const std::unique_ptr<config::NetworkFilterConfigFactory> echo_;
};

std::string ask(TestSocket& client, std::string_view text) {
  client.send(text);
  return client.receive(text.size());
}

class BusyWorkerTest : public testing::Test {
 protected:
  static constexpr size_t Clients = 32;

  // Connects so many that each of the two workers has some, for all practical purposes.
  void connectToBoth() {
    for (size_t i = 0; i < Clients; ++i) {
      TestSocket client = TestSocket::connectTo(proxy_.port());
      const std::string letter = ask(client, "?");
      if (letter_.empty()) letter_ = letter;
      (letter == letter_ ? busy_ : free_).push_back(std::move(client));
    }
    ASSERT_GE(busy_.size(), 2U);
    ASSERT_GE(free_.size(), 2U);
  }

  Gate gate_;
  ServerUnderTest proxy_{
      "listeners: [{name: in, address: 127.0.0.1:0, default_filter_chain: {name: echo, filters: "
      "[{name: echo, typed_config: {\"@type\": "
      "type.googleapis.com/weir.extensions.network.echo.v1.Echo}}]}}]\n",
      2, [this](config::Registry& registry) {
        registry.add(std::make_unique<GatedEchoConfigFactory>(gate_));
      }};
  std::string letter_;  // of the worker that will be busy
  std::vector<TestSocket> busy_;
  std::vector<TestSocket> free_;
};

TEST_F(BusyWorkerTest, OthersGoOnAndAfterwardsNothingIsLost) {
  ASSERT_NO_FATAL_FAILURE(connectToBoth());
  busy_[0].send("!");
  ASSERT_TRUE(gate_.awaitWaiter());

  // Its other connections, and new ones, wait in the kernel.
  const std::string bytes(20000, 'x');
  for (size_t i = 1; i < busy_.size(); ++i) busy_[i].send(bytes);
  std::vector<TestSocket> fresh;
  for (size_t i = 0; i < Clients; ++i) {
    fresh.push_back(TestSocket::connectTo(proxy_.port()));
    fresh.back().send("new");
  }
  // The other worker's are served, and the counters can be read.
  for (int round = 0; round < 10; ++round) {
    for (TestSocket& client : free_) EXPECT_EQ(ask(client, "hello"), "hello");
  }
  EXPECT_GT(proxy_.metric("weir_listener_open_connections{listener=\"in\"}"), 0U);

  gate_.open();
  EXPECT_EQ(busy_[0].receive(1), "!");
  for (size_t i = 1; i < busy_.size(); ++i) {
    EXPECT_TRUE(busy_[i].receive(bytes.size()) == bytes) << i;
  }
  for (TestSocket& client : fresh) EXPECT_EQ(client.receive(3), "new");
  EXPECT_EQ(proxy_.metric("weir_listener_connections_total{listener=\"in\"}"), 2 * Clients);
  EXPECT_EQ(proxy_.metric("weir_listener_open_connections{listener=\"in\"}"), 2 * Clients);
}

// The machine's monotonic clock, and a wall clock that somebody sets.
class JumpingClock final : public Clock {
 public:
  MonotonicTime monotonicNow() const override { return system_.monotonicNow(); }
  WallTime wallNow() const override { return system_.wallNow() + Duration(ahead_.load()); }
  void setAhead(Duration d) { ahead_ = d.count(); }

 private:
  SystemClock system_;
  std::atomic<int64_t> ahead_{0};
};

class ClockJumpTest : public testing::Test {
 protected:
  static constexpr auto Silence = milliseconds(200);

  ~ClockJumpTest() override { std::remove(log_.c_str()); }

  // How long a silent client is kept, with the clock jumping by `jump` while it waits.
  std::chrono::steady_clock::duration silentFor(Duration jump) {
    const auto begin = std::chrono::steady_clock::now();
    TestSocket client = TestSocket::connectTo(proxy_->port());
    proxy_->waitForMetric("weir_listener_open_connections{listener=\"in\"}", 1);
    clock_.setAhead(jump);
    EXPECT_EQ(client.receiveAll(), "");
    return std::chrono::steady_clock::now() - begin;
  }
  std::vector<std::string> logged() {
    proxy_.reset();  // which writes all
    std::vector<std::string> lines;
    std::ifstream file(log_);
    for (std::string line; std::getline(file, line);) lines.push_back(line);
    return lines;
  }
  // The number behind `key` in a line.
  static double number(const std::string& line, const std::string& key) {
    const size_t at = line.find(" " + key + "=");
    EXPECT_NE(at, std::string::npos) << line;
    return at == std::string::npos ? -1 : std::stod(line.substr(at + key.size() + 2));
  }

  const std::string log_ = testing::TempDir() + "clock_jump_access.log";
  JumpingClock clock_;
  std::unique_ptr<ServerUnderTest> proxy_ = std::make_unique<ServerUnderTest>(
      "access_log: {path: " + log_ +
          "}\n"
          "listeners:\n"
          "- name: in\n"
          "  address: 127.0.0.1:0\n"
          "  listener_filters:\n"
          "  - name: d\n"
          "    typed_config: {\"@type\": "
          "type.googleapis.com/weir.extensions.listener.proto_detect.v1.ProtoDetect, "
          "detection_timeout: 0.2s, on_timeout: CLOSE, server_first: {disabled: true}}\n"
          "  filter_chains:\n"
          "  - name: http\n"
          "    match: {application_protocols: [http/1.1]}\n"
          "    filters: [{name: echo, typed_config: {\"@type\": "
          "type.googleapis.com/weir.extensions.network.echo.v1.Echo}}]\n",
      1, registerBuiltins, &clock_);
};

TEST_F(ClockJumpTest, TimersKeepTheirTimeAndLogLinesTheirSense) {
  constexpr auto Year = std::chrono::hours(24 * 365);
  const std::vector<Duration> jumps{Year, -Year, Duration::zero(), -50 * Year};
  for (const Duration jump : jumps) {
    const auto kept = silentFor(jump);
    EXPECT_GE(kept, Silence);
    EXPECT_LT(kept, Silence + seconds(5));
  }
  const std::vector<std::string> lines = logged();
  ASSERT_EQ(lines.size(), jumps.size());
  for (const std::string& line : lines) {
    EXPECT_GE(number(line, "duration_ms"), 200) << line;
    EXPECT_LT(number(line, "duration_ms"), 5200) << line;
    EXPECT_NE(line.find("close=detection_timeout"), std::string::npos) << line;
  }
}

}  // namespace
}  // namespace weir::test
