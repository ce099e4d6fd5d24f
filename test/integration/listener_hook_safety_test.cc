// Whatever a listener filter answers in whichever hook, and whether the client is there or leaves
// from under it: the proxy goes on, each connection is counted once, and nothing is left of it. A
// real proxy; under AddressSanitizer this is the test that no hook runs on a dead object.

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <tuple>

#include "source/extensions/listener/original_dst/factory.h"
#include "source/extensions/network/echo/factory.h"
#include "test/integration/server_under_test.h"

namespace weir::test {
namespace {

using filter::FactStatus;
using filter::Sniffed;

enum class Hook : uint8_t { Start, Bytes, End };
enum class Answer : uint8_t { Done, DoneWithNothing, NeedMore, Reject };
enum class Peer : uint8_t { Stays, Closes, Resets };  // inside the hook
constexpr const char* HookNames[] = {"Start", "Bytes", "End"};
constexpr const char* AnswerNames[] = {"Done", "DoneWithNothing", "NeedMore", "Reject"};
constexpr const char* PeerNames[] = {"Stays", "Closes", "Resets"};
using Case = std::tuple<Hook, Answer, Peer>;

constexpr const char* Refused =
    "weir_connection_closes_total{listener=\"in\",close=\"refused_by_test\"}";

// What the filter of one test does; the worker's thread reads it, and the test's thread has written
// it before there is a connection.
struct Script {
  Hook hook = Hook::Start;
  Answer answer = Answer::Done;
  std::function<void()> inside;
};

class ScriptedListenerFilter final : public filter::ListenerFilter {
 public:
  explicit ScriptedListenerFilter(const Script& script) : script_(script) {}

  FactStatus start(const filter::AcceptedSocket&, Sniffed& out) override {
    return script_.hook == Hook::Start ? act(out) : FactStatus::NeedMore;
  }
  FactStatus onBytes(std::span<const uint8_t>, Sniffed& out) override {
    return script_.hook == Hook::Bytes ? act(out) : FactStatus::NeedMore;
  }
  FactStatus onEnd(std::span<const uint8_t>, Sniffed& out) override {
    return script_.hook == Hook::End ? act(out) : FactStatus::Done;
  }

 private:
  FactStatus act(Sniffed& out) {
    script_.inside();
    switch (script_.answer) {
      case Answer::NeedMore:  // the end may not: it is Done there
        return script_.hook == Hook::End ? FactStatus::Done : FactStatus::NeedMore;
      case Answer::DoneWithNothing: return FactStatus::Done;
      case Answer::Reject: out.reject_reason = "refused_by_test"; return FactStatus::Reject;
      case Answer::Done: break;
    }
    out.facts.application_protocols = {"scripted"};
    out.settled = filter::Fact::ApplicationProtocols;
    return FactStatus::Done;
  }
  const Script& script_;
};

class ScriptedFilterFactory final : public filter::ListenerFilterFactory {
 public:
  explicit ScriptedFilterFactory(const Script& script) : script_(script) {}
  std::string_view name() const override { return "scripted"; }
  filter::FactSet provides() const override { return filter::Fact::ApplicationProtocols; }
  size_t maxBytes() const override { return 64; }
  std::unique_ptr<filter::ListenerFilter> create() const override {
    return std::make_unique<ScriptedListenerFilter>(script_);
  }

 private:
  const Script& script_;
};

// In a registry without original_dst, whose message serves as its own.
class ScriptedConfigFactory final : public config::ListenerFilterConfigFactory {
 public:
  explicit ScriptedConfigFactory(const Script& script) : script_(script) {}
  std::string_view messageType() const override { return type_->messageType(); }
  std::unique_ptr<filter::ListenerFilterFactory> create(const google::protobuf::Message&,
                                                        const FieldScope&,
                                                        config::BuildContext&) const override {
    return std::make_unique<ScriptedFilterFactory>(script_);
  }

 private:
  const std::unique_ptr<config::ListenerFilterConfigFactory> type_ =
      extensions::makeOriginalDstConfigFactory();
  const Script& script_;
};

class ListenerHookSafetyTest : public testing::TestWithParam<Case> {
 protected:
  ListenerHookSafetyTest() {
    script_.hook = std::get<Hook>(GetParam());
    script_.answer = std::get<Answer>(GetParam());
    script_.inside = [this] { leave(); };
  }

  // On the worker's thread, inside the hook. The client's socket is known as soon as connect() has
  // returned, which may be a moment later.
  void leave() {
    if (std::get<Peer>(GetParam()) == Peer::Stays || staying_) return;
    while (client_fd_ < 0) std::this_thread::yield();
    const linger reset{1, 0};
    if (std::get<Peer>(GetParam()) == Peer::Resets) {
      ::setsockopt(client_fd_, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    }
    ::close(client_fd_);
    left_ = true;
  }

  static std::string config() {
    const std::string echo =
        "filters: [{typed_config: {\"@type\": type.googleapis.com/weir.extensions.network.echo.v1."
        "Echo}}]}";
    return "listeners:\n- name: in\n  address: 127.0.0.1:0\n  listener_filters: [{typed_config: "
           "{\"@type\": type.googleapis.com/weir.extensions.listener.original_dst.v1.OriginalDst}}]"
           "\n  filter_chains: [{name: scripted, match: {application_protocols: [scripted]}, " +
           echo + "]\n  default_filter_chain: {name: rest, " + echo + "\n";
  }
  void registerScripted(config::Registry& registry) {
    registry.add(std::make_unique<ScriptedConfigFactory>(script_));
    registry.add(extensions::makeEchoConfigFactory());
  }

  // One client, which sends a word and its end; what it got.
  std::string talk() {
    TestSocket client = TestSocket::connectTo(proxy_.port());
    client.send("word");
    client.halfClose();
    return client.receiveAll();
  }

  Script script_;
  std::atomic<int> client_fd_{-1};
  std::atomic<bool> left_{false};
  std::atomic<bool> staying_{false};  // the clients of the second part
  ServerUnderTest proxy_{config(), 1, [this](config::Registry& r) { registerScripted(r); }};
};

TEST_P(ListenerHookSafetyTest, Holds) {
  const auto [hook, answer, peer] = GetParam();
  if (peer != Peer::Stays) {
    // A socket of its own, which the hook closes.
    int fd = -1;
    {
      TestSocket client = TestSocket::connectTo(proxy_.port());
      fd = ::dup(client.fd());
    }
    ::send(fd, "word", 4, MSG_NOSIGNAL);
    if (hook == Hook::End) ::shutdown(fd, SHUT_WR);
    client_fd_ = fd;
    while (!left_) std::this_thread::yield();
    proxy_.waitForMetric("weir_listener_connections_total{listener=\"in\"}", 1);
    staying_ = true;
  }
  const bool refused = answer == Answer::Reject;
  const uint64_t before = proxy_.metric(Refused);
  EXPECT_EQ(talk(), refused ? "" : "word");
  if (refused) proxy_.waitForMetric(Refused, before + 1);
  while (proxy_.metric("weir_listener_open_connections{listener=\"in\"}") > 0) {
    std::this_thread::yield();
  }
}

INSTANTIATE_TEST_SUITE_P(EachHook, ListenerHookSafetyTest,
                         testing::Combine(testing::Values(Hook::Start, Hook::Bytes, Hook::End),
                                          testing::Values(Answer::Done, Answer::DoneWithNothing,
                                                          Answer::NeedMore, Answer::Reject),
                                          testing::Values(Peer::Stays, Peer::Closes, Peer::Resets)),
                         [](const auto& each) {
                           return std::string(
                                      HookNames[static_cast<int>(std::get<0>(each.param))]) +
                                  AnswerNames[static_cast<int>(std::get<1>(each.param))] +
                                  PeerNames[static_cast<int>(std::get<2>(each.param))];
                         });

}  // namespace
}  // namespace weir::test
