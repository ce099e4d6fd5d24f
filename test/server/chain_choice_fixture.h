#pragma once

// A listener put together by hand, and one connection whose chain is chosen there.

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>

#include "source/server/chain_choice.h"
#include "test/server/fake_listener.h"

namespace weir::server {

using filter::Fact;
using filter::FactSet;
using filter::FactStatus;
using filter::Sniffed;
using Status = ChainChoice::Status;

class ChainChoiceTest : public testing::Test {
 protected:
  // Recognises text that begins with `word` as `protocol`; a proper prefix of it is partial.
  static FakeProvider recogniser(std::string name, std::string word, std::string protocol) {
    FakeProvider fake{.name = std::move(name), .provides = Fact::ApplicationProtocols};
    fake.on_bytes = [word, protocol](const std::string& text, bool end, Sniffed& out) {
      if (text.starts_with(word)) {
        out.facts.application_protocols = {protocol};
        out.settled = Fact::ApplicationProtocols;
        return FactStatus::Done;
      }
      out.partial = !end && !text.empty() && word.starts_with(text);
      return out.partial || text.empty() ? (end ? FactStatus::Done : FactStatus::NeedMore)
                                         : FactStatus::Done;
    };
    return fake;
  }
  // Sets the original destination, without bytes.
  static FakeProvider originalDestination() {
    FakeProvider fake{.name = "orig", .provides = Fact::Destination, .max_bytes = 0};
    fake.on_start = [](const filter::AcceptedSocket& socket, Sniffed& out) {
      if (socket.originalDestination(out.facts.destination)) out.settled = Fact::Destination;
      return FactStatus::Done;
    };
    return fake;
  }

  Status begin(const char* original = "10.0.0.1:3306") {
    const config::ListenerSettings& settings = listener_.compile();
    FactSet provided;
    for (const auto& factory : settings.listener_filters) provided = provided | factory->provides();
    info_.facts.known = FactSet::all().without(provided) | Fact::DirectSource;
    socket_.emplace(original);
    choice_.emplace(settings, *socket_, info_);
    return choice_->begin();
  }
  Status onBytes(const std::string& text) {
    bytes_ = text;
    return choice_->onBytes({reinterpret_cast<const uint8_t*>(bytes_.data()), bytes_.size()});
  }
  Status finish(const std::string& text = "") {
    bytes_ = text;
    return choice_->finish({reinterpret_cast<const uint8_t*>(bytes_.data()), bytes_.size()});
  }
  std::string chosen() { return choice_->chain() == nullptr ? "(none)" : choice_->chain()->name; }

  Lines log_;
  FakeListener listener_;
  filter::ConnectionInfo info_;
  std::optional<FakeSocket> socket_;
  std::optional<ChainChoice> choice_;
  std::string bytes_;
};

}  // namespace weir::server
