#include "source/server/chain_choice.h"

#include <algorithm>

#include "source/base/check.h"
#include "source/filter/silence_policy.h"

namespace weir::server {

using filter::FactStatus;

const filter::SilencePolicy& silencePolicyOf(const config::ListenerSettings& listener) {
  static const filter::SilencePolicy defaults;
  for (const auto& factory : listener.listener_filters) {
    if (const auto* policy = factory->silencePolicy(); policy != nullptr) return *policy;
  }
  return defaults;
}

ChainChoice::ChainChoice(const config::ListenerSettings& listener,
                         const filter::AcceptedSocket& socket, filter::ConnectionInfo& info)
    : listener_(listener), socket_(socket), info_(info) {}

ChainChoice::Status ChainChoice::begin() {
  const Status status = advance();
  if (status == Status::Wait && !waitsForHeader()) prepareFallback();
  return status;
}

// The fallback may be connected early, so what it needs must be known by then; bytes are not there
// to be asked for.
void ChainChoice::prepareFallback() {
  const filter::FactSet needed = requiredBy(fallback());
  Provider* const waiting = waiting_;
  for (Provider& provider : providers_) {
    const bool asks_socket = provider.factory->maxBytes() == 0;
    if (asks_socket && !provider.done && !(provider.factory->provides() & needed).empty())
      ask(provider);
  }
  waiting_ = waiting;
}

filter::FactSet ChainChoice::requiredBy(const config::FilterChainSettings* chain) const {
  filter::FactSet needed;
  if (chain == nullptr) return needed;
  for (const auto& factory : chain->filters) needed = needed | factory->requiredFacts();
  return needed.without(info_.facts.known);
}

ChainChoice::Status ChainChoice::onBytes(std::span<const uint8_t> prefix) {
  prefix_ = prefix;
  const bool waited_for_header = waitsForHeader();
  const Status status = advance();
  if (status == Status::Wait && waited_for_header && !waitsForHeader()) prepareFallback();
  return status;
}

ChainChoice::Status ChainChoice::finish(std::span<const uint8_t> prefix) {
  prefix_ = prefix;
  ending_ = true;
  return advance();
}

const config::FilterChainSettings* ChainChoice::chainOf(const match::Choice& choice) const {
  if (choice.kind == match::Choice::Kind::Chosen) return &listener_.chains[choice.chain];
  return listener_.default_chain ? &*listener_.default_chain : nullptr;
}

const config::FilterChainSettings* ChainChoice::fallback() const {
  return chainOf(listener_.matcher->chooseIfRestEmpty(info_.facts));
}

// The header first, if there is to be one: all else is behind it.
ChainChoice::Status ChainChoice::advance() {
  if (Provider* const provider = header(); provider != nullptr) {
    const FactStatus status = ask(*provider);
    waiting_ = status == FactStatus::NeedMore ? provider : nullptr;
    if (status == FactStatus::NeedMore) return Status::Wait;
    if (status == FactStatus::Reject) return Status::Refused;
    header_done_ = true;
  }
  return choose();
}

// Who strips the header, as long as that is not done.
ChainChoice::Provider* ChainChoice::header() {
  if (header_done_) return nullptr;
  const auto& filters = listener_.listener_filters;
  header_done_ = filters.empty() || !filters.front()->stripsHeader();
  if (header_done_) return nullptr;
  makeProviders();
  return &providers_.front();
}

ChainChoice::Status ChainChoice::choose() {
  for (;;) {
    const match::Choice choice = listener_.matcher->choose(info_.facts);
    filter::FactSet needed = choice.needed;
    if (choice.kind != match::Choice::Kind::NeedFacts) {
      chain_ = chainOf(choice);
      needed = requiredBy(chain_);
      if (needed.empty()) return Status::Chosen;
    }
    Provider* provider = nextProvider(needed);
    if (provider == nullptr) {
      // Nobody (left) says: known, and empty.
      info_.facts.known = info_.facts.known | needed;
      continue;
    }
    const FactStatus status = ask(*provider);
    waiting_ = status == FactStatus::NeedMore ? provider : nullptr;
    if (status == FactStatus::NeedMore) return Status::Wait;
    if (status == FactStatus::Reject) return Status::Refused;
  }
}

void ChainChoice::makeProviders() {
  if (!providers_.empty()) return;
  for (const auto& factory : listener_.listener_filters) {
    providers_.push_back({factory.get(), nullptr});
    // Known already, or asked in front of all others.
    providers_.back().done = factory->stripsHeader() && header_done_;
  }
}

ChainChoice::Provider* ChainChoice::nextProvider(filter::FactSet needed) {
  makeProviders();
  for (Provider& provider : providers_) {
    if (!provider.done && !(provider.factory->provides() & needed).empty()) return &provider;
  }
  return nullptr;
}

FactStatus ChainChoice::ask(Provider& provider) {
  filter::Sniffed sniffed{info_.facts};
  FactStatus status = FactStatus::NeedMore;
  if (provider.filter == nullptr) {
    provider.filter = provider.factory->create();
    status = provider.filter->start(socket_, sniffed);
  }
  if (status == FactStatus::NeedMore) {
    const size_t most = provider.factory->maxBytes();
    const auto shown = prefix_.first(std::min(most, prefix_.size()));
    const bool clients = !provider.factory->stripsHeader();
    if (ending_ || shown.size() == most) {
      used_bytes_ |= clients;
      status = provider.filter->onEnd(shown, sniffed);
      WEIR_CHECK(status != FactStatus::NeedMore);
    } else if (!shown.empty()) {
      used_bytes_ |= clients;
      status = provider.filter->onBytes(shown, sniffed);
    }
  }
  settle(provider, status, sniffed);
  return status;
}

void ChainChoice::settle(Provider& provider, FactStatus status, const filter::Sniffed& sniffed) {
  provider.partial = sniffed.partial;
  if (!sniffed.protocol.empty()) info_.protocol = sniffed.protocol;
  if (status == FactStatus::Reject) reject_reason_ = sniffed.reject_reason;
  if (status != FactStatus::Done) return;
  provider.done = true;
  if (provider.factory->stripsHeader()) {
    WEIR_CHECK(sniffed.consumed <= prefix_.size());
    info_.header = sniffed.header;
    header_bytes_ += sniffed.consumed;
    prefix_ = prefix_.subspan(sniffed.consumed);
  }
  info_.facts.known = info_.facts.known | (sniffed.settled & provider.factory->provides());
}

}  // namespace weir::server
