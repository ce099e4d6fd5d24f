// Whatever a filter does inside whichever hook, wherever it stands in its chain: nothing is called
// from inside the hook, nothing is lost or passed twice, and the end comes once. A table of
// actions, hooks and places. Under AddressSanitizer this is the test that no hook runs on a dead
// object.

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <tuple>
#include <vector>

#include "source/filter/filter_chain.h"
#include "test/filter/filter_chain_fixture.h"

namespace weir::filter {
namespace {

using std::chrono::seconds;

enum class Hook : uint8_t {
  New,
  NewHolding,
  Data,
  DataHolding,
  Write,
  WriteHolding,
  WriteReady,
  Timer,
  Closed
};
enum class Place : uint8_t { First, Middle, Terminal };
enum class Action : uint8_t {
  ContinueReading,
  ContinueWriting,
  Redeliver,
  Write,
  PauseAndResume,
  CloseFlush,
  CloseNow,
  CloseReset,
  AllAtOnce,  // everything above, then two closes
  PeerResets,
  PeerCloses,
  OthersClose,  // the connection's owner closes the chain (drain, stop)
};

constexpr const char* HookNames[] = {"New",          "NewHolding", "Data",  "DataHolding", "Write",
                                     "WriteHolding", "WriteReady", "Timer", "Closed"};
constexpr const char* PlaceNames[] = {"First", "Middle", "Terminal"};
constexpr const char* ActionNames[] = {"ContinueReading", "ContinueWriting", "Redeliver",
                                       "Write",           "PauseAndResume",  "CloseFlush",
                                       "CloseNow",        "CloseReset",      "AllAtOnce",
                                       "PeerResets",      "PeerCloses",      "OthersClose"};

using Case = std::tuple<Place, Hook, Action>;

class HookSafetyTest : public FilterChainTest, public testing::WithParamInterface<Case> {
 protected:
  HookSafetyTest() {
    a_.kind = b_.kind = t_.kind = Script::Kind::Both;
    t_.on_data = [this](buffer::Buffer& data, bool) {
      arrived_ += data.toString();
      data.clear();
      return StopIteration;
    };
    install();
  }

  Script& actor() {
    switch (std::get<Place>(GetParam())) {
      case Place::First: return a_;
      case Place::Middle: return b_;
      case Place::Terminal: break;
    }
    return t_;
  }
  bool closes() const {
    const Action action = std::get<Action>(GetParam());
    return action >= Action::CloseFlush;
  }

  // The action runs in the hook's first call; later calls do as usual.
  void install() {
    Script& script = actor();
    const auto act_and = [this](FilterStatus status) {
      return [this, status, usual = actor().on_data](buffer::Buffer& data, bool end) {
        if (acted_) return usual(data, end);
        act();
        return status == Continue ? usual(data, end) : StopIteration;
      };
    };
    const auto once = [this] {
      if (!acted_) act();
    };
    switch (std::get<Hook>(GetParam())) {
      case Hook::New: script.on_new = [once] { return once(), Continue; }; break;
      case Hook::NewHolding: script.on_new = [once] { return once(), StopIteration; }; break;
      case Hook::Data: script.on_data = act_and(Continue); break;
      case Hook::DataHolding: script.on_data = act_and(StopIteration); break;
      case Hook::Write: script.on_write = writing(Continue); break;
      case Hook::WriteHolding: script.on_write = writing(StopIteration); break;
      case Hook::WriteReady: script.on_write_ready = once; break;
      case Hook::Timer: script.on_timer = once; break;
      case Hook::Closed: script.on_closed = once; break;
    }
  }
  std::function<FilterStatus(buffer::Buffer&, bool)> writing(FilterStatus status) {
    return [this, status](buffer::Buffer&, bool) {
      if (acted_) return Continue;
      act();
      return status;
    };
  }

  void act() {
    acted_ = true;
    const size_t lines = log_.size();
    perform(std::get<Action>(GetParam()));
    // write() alone may call hooks, and those of the filters in front alone.
    const std::string own = actor().name + ":";
    for (size_t i = lines; i < log_.size(); ++i) EXPECT_FALSE(log_[i].starts_with(own)) << log_[i];
    if (closes() && state_closed_at_ == 0) state_closed_at_ = log_.size();
  }

  void perform(Action action) {
    FilterContext& context = *actor().context;
    switch (action) {
      case Action::ContinueReading: return context.continueReading();
      case Action::ContinueWriting: return context.continueWriting();
      case Action::Redeliver: return context.redeliver();
      case Action::Write: return actor().write("!");
      case Action::PauseAndResume:
        context.pauseReading(net::Pause::Backpressure);
        return context.resumeReading(net::Pause::Backpressure);
      case Action::CloseFlush: return context.close(Close::Flush, "inside");
      case Action::CloseNow: return context.close(Close::Now, "inside");
      case Action::CloseReset: return context.close(Close::Reset, "inside");
      case Action::AllAtOnce:
        for (int before = 0; before < static_cast<int>(Action::CloseFlush); ++before) {
          perform(static_cast<Action>(before));
        }
        context.close(Close::Flush, "inside");
        return context.close(Close::Reset, "again");
      case Action::PeerResets: return leave(true);
      case Action::PeerCloses: return leave(false);
      case Action::OthersClose: break;
    }
    if (harness_ != nullptr) return harness_->chain().close(Close::Reset, "inside");
    context.close(Close::Reset, "inside");  // the harness is still being made
  }

  void leave(bool reset) {
    if (harness_ == nullptr || std::exchange(client_left_, true)) return;
    reset ? client().reset() : client().close();
  }

  // A whole life: bytes both ways, writing blocked and free again, a second, the ends.
  void live() {
    start();
    run();
    if (!client_left_) client().send("abc");
    run();
    t_.write("xyz");
    run();
    if (!client_left_) client().stopReading();
    harness_->towardsClient().capacity = 1;
    t_.write(std::string(2 * TestLimit, 'x'));
    run();
    if (!client_left_) client().readOn();
    harness_->advance(seconds(1));
    if (!client_left_) client().sendEnd();
    run();
    t_.write("", true);
    t_.context->close(Close::Flush, "done");
    harness_->advance(seconds(20));
  }

  void expectEachToldOfTheEndOnceAndLast() {
    for (const Script* script : {&a_, &b_, &t_}) {
      const std::string own = script->name + ":";
      Lines mine;
      std::copy_if(log_.begin(), log_.end(), std::back_inserter(mine),
                   [&](const std::string& line) { return line.starts_with(own); });
      const bool started = std::count(mine.begin(), mine.end(), own + "new") == 1;
      EXPECT_EQ(std::count(mine.begin(), mine.end(), own + "closed"), started ? 1 : 0);
      EXPECT_TRUE(!started || mine.back() == own + "closed") << mine.back();
    }
  }

  // After a close nothing is called but what the flush passes, and the end.
  void expectQuietAfterTheClose() {
    for (size_t i = state_closed_at_; i < log_.size(); ++i) {
      const std::string what = log_[i].substr(2);
      EXPECT_TRUE(what == "closed" || what.starts_with("write:") || what == "write_end") << log_[i];
    }
  }

  void expectNothingLostOrTwice() {
    EXPECT_EQ(arrived_, "abc");
    std::string received = client().received();
    if (std::get<Action>(GetParam()) == Action::Write &&
        std::get<Hook>(GetParam()) != Hook::Closed) {
      EXPECT_EQ(std::count(received.begin(), received.end(), '!'), 1);
      std::erase(received, '!');
    }
    EXPECT_TRUE(received == "xyz" + std::string(2 * TestLimit, 'x')) << received.substr(0, 20);
    EXPECT_TRUE(client().ended() || client_left_);
    EXPECT_EQ(harness_->closeReason(), "done");
  }

  std::string arrived_;  // at the terminal filter
  bool acted_ = false;
  bool client_left_ = false;
  size_t state_closed_at_ = 0;  // lines, when the connection was closed inside a hook
};

TEST_P(HookSafetyTest, Holds) {
  const auto [place, hook, action] = GetParam();
  live();
  EXPECT_TRUE(acted_);
  EXPECT_TRUE(harness_->closed());
  expectEachToldOfTheEndOnceAndLast();
  const bool by_peer = action == Action::PeerResets || action == Action::PeerCloses;
  if (hook == Hook::Closed || (!closes() && !by_peer)) return expectNothingLostOrTwice();
  if (by_peer) return;
  EXPECT_EQ(harness_->closeReason(), "inside");
  expectQuietAfterTheClose();
}

// A filter that holds the rest back and never continues has no life to test; the terminal filter
// has nobody behind it whose bytes it could see.
std::vector<Case> cases() {
  std::vector<Case> all;
  for (int place = 0; place < 3; ++place) {
    for (int hook = 0; hook < 9; ++hook) {
      for (int action = 0; action < 12; ++action) {
        const Case each(static_cast<Place>(place), static_cast<Hook>(hook),
                        static_cast<Action>(action));
        const auto [p, h, a] = each;
        const bool resumes = a < Action::CloseFlush;
        if (h == Hook::NewHolding && resumes && a != Action::ContinueReading) continue;
        if (p == Place::Terminal && (h == Hook::Write || h == Hook::WriteHolding)) continue;
        if (h == Hook::Closed && a == Action::PeerResets) continue;  // the client's end was read
        all.push_back(each);
      }
    }
  }
  return all;
}

std::string nameOf(const testing::TestParamInfo<Case>& info) {
  const auto [place, hook, action] = info.param;
  return std::string(PlaceNames[static_cast<int>(place)]) + "_" +
         HookNames[static_cast<int>(hook)] + "_" + ActionNames[static_cast<int>(action)];
}

INSTANTIATE_TEST_SUITE_P(EachHook, HookSafetyTest, testing::ValuesIn(cases()), nameOf);

}  // namespace
}  // namespace weir::filter
