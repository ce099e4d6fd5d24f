// Whatever an HTTP filter does inside whichever hook, over either version: nothing is called from
// inside the hook, the end comes once and last, the client has one outcome, and nothing is left. A
// table of hooks and actions, through a real connection. Under AddressSanitizer this is the test
// that no hook runs on a dead object.

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "source/extensions/network/http_conn_manager/http_conn_manager.h"
#include "source/http/filter_context.h"
#include "test/http/h2/frames.h"
#include "test/support/filter_harness.h"

namespace weir::extensions {
namespace {

using http::FilterStatus;
using std::chrono::milliseconds;

enum class Hook : uint8_t {
  DecodeHeaders,
  DecodeData,
  DecodeTrailers,
  Timer,
  EncodeHeaders,
  EncodeData,
  EncodeTrailers,
  Complete,
};
enum class Action : uint8_t {
  ContinueTwice,
  WaitAndContinueTwice,
  Fiddle,
  Drain,
  Reply,
  ReplyTwice,
  Reset,
  ReplyAndReset,
  CloseConnection,
  ClientEnds,
  ClientResets,
};
constexpr const char* HookNames[] = {"DecodeHeaders", "DecodeData", "DecodeTrailers", "Timer",
                                     "EncodeHeaders", "EncodeData", "EncodeTrailers", "Complete"};
constexpr const char* ActionNames[] = {
    "ContinueTwice",   "WaitAndContinueTwice", "Fiddle",      "Drain",
    "Reply",           "ReplyTwice",           "Reset",       "ReplyAndReset",
    "CloseConnection", "ClientEnds",           "ClientResets"};

using Case = std::tuple<Hook, Action, bool>;

// Of all streams of a test; the first that comes to the hook acts.
struct Script {
  Hook hook;
  Action action;
  test::FilterHarness* harness = nullptr;
  bool acted = false;
  bool inside = false;
  bool client_left = false;
  int made = 0;
  int completed = 0;
  int destroyed = 0;
};

class Actor final : public http::StreamDecoderFilter, public http::StreamEncoderFilter {
 public:
  Actor(http::FilterContext& context, Script& script)
      : context_(context),
        script_(script),
        timer_(context.worker().loop, [this] { at(Hook::Timer); }),
        later_(context.worker().loop, [this] { continueTwice(); }) {
    ++script_.made;
  }
  ~Actor() override {
    EXPECT_FALSE(script_.inside);
    EXPECT_TRUE(over_);
    ++script_.destroyed;
  }

  FilterStatus decodeHeaders(http::HeaderMap&, bool) override {
    timer_.arm(milliseconds(500));
    return at(Hook::DecodeHeaders);
  }
  FilterStatus decodeData(buffer::Buffer&, bool) override { return at(Hook::DecodeData); }
  FilterStatus decodeTrailers(http::HeaderMap&) override { return at(Hook::DecodeTrailers); }
  FilterStatus encodeHeaders(http::HeaderMap&, bool) override { return at(Hook::EncodeHeaders); }
  FilterStatus encodeData(buffer::Buffer&, bool) override { return at(Hook::EncodeData); }
  FilterStatus encodeTrailers(http::HeaderMap&) override { return at(Hook::EncodeTrailers); }
  void onStreamComplete() override {
    at(Hook::Complete);
    timer_.disarm();
    later_.disarm();
    over_ = true;
    ++script_.completed;
  }

 private:
  FilterStatus at(Hook hook) {
    EXPECT_FALSE(script_.inside) << "called from inside a hook";
    EXPECT_FALSE(over_) << "called behind the end";
    if (script_.acted || script_.hook != hook) return FilterStatus::Continue;
    script_.acted = true;
    // A timer is the filter's own: what it asks for there may be done at once.
    script_.inside = hook != Hook::Timer;
    act();
    script_.inside = false;
    const bool stops =
        script_.action == Action::ContinueTwice || script_.action == Action::WaitAndContinueTwice;
    return stops ? FilterStatus::StopAllIteration : FilterStatus::Continue;
  }

  void act() {
    switch (script_.action) {
      case Action::ContinueTwice: return continueTwice();
      case Action::WaitAndContinueTwice: return later_.arm(milliseconds(100));
      case Action::Fiddle: return fiddle();
      case Action::Drain: return script_.harness->context().worker.drains.start();
      case Action::Reply: return reply(403);
      case Action::ReplyTwice: return reply(403), reply(404);
      case Action::Reset: return reset();
      case Action::ReplyAndReset: return reply(403), reset(), reset();
      case Action::CloseConnection:
        return script_.harness->chain().close(filter::Close::Reset, "inside");
      case Action::ClientEnds: script_.client_left = true; return script_.harness->client().close();
      case Action::ClientResets:
        script_.client_left = true;
        return script_.harness->client().reset();
    }
  }

  void continueTwice() {
    for (int i = 0; i < 2; ++i) {
      context_.continueDecoding();
      context_.continueEncoding();
    }
  }
  void fiddle() {
    context_.clearRoute();
    context_.route();
    context_.setBufferLimit(100'000);
    context_.pauseRequest(true);
    context_.pauseRequest(false);
    context_.requestHeaders().set("x-more", "1");
  }
  void reply(unsigned status) { context_.sendLocalReply({status, "inside"}); }
  void reset() { context_.resetStream(http::ResetReason::InternalError, "inside"); }

  http::FilterContext& context_;
  Script& script_;
  event::Timer timer_;
  event::Timer later_;
  bool over_ = false;
};

// The terminal filter: answers a second after the end of the request.
class Origin final : public http::StreamDecoderFilter {
 public:
  explicit Origin(http::FilterContext& context)
      : context_(context), timer_(context.worker().loop, [this] { answer(); }) {}

  FilterStatus decodeHeaders(http::HeaderMap&, bool end) override { return taken(end); }
  FilterStatus decodeData(buffer::Buffer& data, bool end) override {
    data.clear();
    return taken(end);
  }
  FilterStatus decodeTrailers(http::HeaderMap&) override { return taken(true); }
  void onStreamComplete() override { timer_.disarm(); }

 private:
  FilterStatus taken(bool end) {
    if (end) timer_.arm(milliseconds(1000));
    return FilterStatus::StopIteration;
  }
  void answer() {
    context_.responseHeaders().set(http::HeaderId::Status, "200");
    context_.encodeHeaders(false);
    buffer::Buffer body(context_.worker().slices);
    body.append("hello");
    context_.encodeData(body, false);
    context_.responseTrailers().set("sum", "1");
    context_.encodeTrailers();
  }

  http::FilterContext& context_;
  event::Timer timer_;
};

class ActorFactory final : public http::FilterFactory {
 public:
  explicit ActorFactory(Script& script) : script_(script) {}
  std::string_view name() const override { return "actor"; }
  void create(http::FilterAdder& adder) const override {
    adder.add<Actor>(adder.context(), script_);
  }

 private:
  Script& script_;
};
class OriginFactory final : public http::FilterFactory {
 public:
  std::string_view name() const override { return "origin"; }
  void create(http::FilterAdder& adder) const override { adder.add<Origin>(adder.context()); }
};

class HttpHookSafetyTest : public testing::TestWithParam<Case> {
 protected:
  HttpHookSafetyTest() {
    std::tie(script_.hook, script_.action, h2_) = GetParam();
    HttpConnManagerSettings settings;
    settings.stat_prefix = "web";
    settings.transparent = true;
    Diagnostics diagnostics;
    settings.routes = http::RouteTable::compile({{"all", "", {"*"}, {}}}, diagnostics);
    settings.filters = {std::make_shared<ActorFactory>(script_), std::make_shared<OriginFactory>()};
    harness_ = std::make_unique<test::FilterHarness>(
        test::FilterHarness::Factories{std::make_shared<HttpConnManagerFactory>(settings)});
    script_.harness = harness_.get();
    send(h2_ ? test::hello() + test::frame(test::SettingsFrame, test::Ack, 0) : "");
  }

  void send(const std::string& bytes) {
    if (!script_.client_left && !harness_->closed()) harness_->client().send(bytes);
    harness_->run();
  }
  // The pieces of a POST, each in a turn of its own; and the time until it is answered.
  void request(uint32_t stream) {
    using namespace test;
    FieldList fields = get();
    fields[0].second = "POST";
    send(h2_ ? headers(stream, fields, 0)
             : "POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n");
    send(h2_ ? data(stream, "abc") : "3\r\nabc\r\n");
    send(h2_ ? data(stream, "def") : "3\r\ndef\r\n");
    send(h2_ ? headers(stream, {{"sum", "1"}}) : "0\r\nsum: 1\r\n\r\n");
    for (int i = 0; i < 30; ++i) harness_->advance(milliseconds(100));
  }
  std::string received() {
    const std::string bytes = harness_->client().received();
    if (!h2_) return bytes;
    // A drain's announcement may stand anywhere.
    std::string outcome = test::describeOutcome(bytes);
    const std::string_view announced = "GOAWAY last=2147483647 code=0\n";
    const size_t at = outcome.find(announced);
    if (at != std::string::npos) outcome.erase(at, announced.size());
    return outcome;
  }
  // What the first request came to, as the client sees it.
  bool isWhole() {
    const std::string got = received();
    if (h2_) return got.starts_with("HEADERS 1\nDATA 1 size=5\nHEADERS 1 end\n");
    return got.starts_with("HTTP/1.1 200 ") &&
           got.find("\r\n\r\n5\r\nhello\r\n0\r\nsum: 1\r\n\r\n") != std::string::npos;
  }
  bool isReply() {
    const std::string got = received();
    if (h2_) return got.starts_with("HEADERS 1\nDATA 1 size=9 end\n");
    return got.starts_with("HTTP/1.1 403 ") && got.find("HTTP/1.1 ", 1) == std::string::npos;
  }
  bool isBroken() {
    const std::string got = received();
    if (h2_) return got.find("RST_STREAM 1 ") != std::string::npos || harness_->closed();
    return harness_->closed() && !isWhole() && !isReply();
  }

  void expectOutcome() {
    const auto [hook, action, h2] = GetParam();
    if (action >= Action::CloseConnection) {
      EXPECT_TRUE(hook == Hook::Complete || !isWhole()) << received();
      return;
    }
    if (hook == Hook::Complete || action <= Action::Drain) {
      EXPECT_TRUE(isWhole()) << received();
    } else if (hook < Hook::EncodeHeaders && action <= Action::ReplyTwice) {
      EXPECT_TRUE(isReply()) << received();
    } else {
      EXPECT_TRUE(isBroken()) << received();
    }
  }

  Script script_;
  bool h2_ = false;
  std::unique_ptr<test::FilterHarness> harness_;
};

TEST_P(HttpHookSafetyTest, Holds) {
  request(1);
  EXPECT_TRUE(script_.acted);
  expectOutcome();
  // What can go on does: another request is answered as ever.
  if (!harness_->closed() && !script_.client_left && script_.action <= Action::Fiddle) {
    harness_->client().takeReceived();
    request(3);
    EXPECT_NE(received().find(h2_ ? "HEADERS 3\nDATA 3 size=5\nHEADERS 3 end\n" : "hello\r\n0"),
              std::string::npos)
        << received();
  }
  if (!std::exchange(script_.client_left, true)) harness_->client().close();
  harness_->advance(std::chrono::seconds(20));
  EXPECT_TRUE(harness_->closed());
  EXPECT_GE(script_.made, 1);
  EXPECT_EQ(script_.completed, script_.made);
  EXPECT_NE(harness_->context().metrics().find("weir_http_active_requests{name=\"web\"} 0\n"),
            std::string::npos);
  harness_.reset();
  EXPECT_EQ(script_.destroyed, script_.made);
}

std::string nameOf(const testing::TestParamInfo<Case>& info) {
  const auto [hook, action, h2] = info.param;
  return std::string(HookNames[static_cast<int>(hook)]) + "_" +
         ActionNames[static_cast<int>(action)] + (h2 ? "_Http2" : "_Http1");
}

std::vector<Case> cases() {
  std::vector<Case> all;
  for (int hook = 0; hook < 8; ++hook) {
    for (int action = 0; action < 11; ++action) {
      for (const bool h2 : {false, true}) {
        all.emplace_back(static_cast<Hook>(hook), static_cast<Action>(action), h2);
      }
    }
  }
  return all;
}

INSTANTIATE_TEST_SUITE_P(EachHook, HttpHookSafetyTest, testing::ValuesIn(cases()), nameOf);

}  // namespace
}  // namespace weir::extensions
