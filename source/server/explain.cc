#include "source/server/explain.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <iterator>

#include "source/filter/silence_policy.h"
#include "source/http/h2/preface.h"
#include "source/net/own_addresses.h"
#include "source/net/security.h"
#include "source/server/chain_choice.h"
#include "source/server/explain_chosen.h"

namespace weir::server {
namespace {

using filter::Fact;
using match::PredicateResult;

Result<const config::ListenerSettings*> findListener(const config::BootstrapSettings& settings,
                                                     const ExplainRequest& request) {
  std::string names;
  for (const config::ListenerSettings& listener : settings.listeners) {
    names += (names.empty() ? "" : ", ") + listener.name;
    if (!request.listener.empty() && listener.name == request.listener) return &listener;
  }
  if (!request.listener.empty()) {
    return Error{ErrorCode::NotFound, Side::Config,
                 "there is no listener \"" + request.listener + "\"; there are: " + names};
  }
  if (settings.listeners.size() == 1) return &settings.listeners[0];
  const config::ListenerSettings* found = nullptr;
  for (const config::ListenerSettings& listener : settings.listeners) {
    const net::IpPort& at = listener.address.ip;
    const bool any_ip = at.ip == net::IpAddress{{}, at.ip.family};
    if (at.port == request.destination.port && (any_ip || at.ip == request.destination.ip))
      found = &listener;
  }
  if (found != nullptr) return found;
  return Error{ErrorCode::NotFound, Side::Config,
               "no listener is bound to " + request.destination.toString() + "; say " +
                   request.option_prefix + "listener with one of: " + names};
}

// The connection as its socket would present it.
class DescribedSocket final : public filter::AcceptedSocket {
 public:
  explicit DescribedSocket(net::IpPort destination) : destination_(destination) {}
  bool originalDestination(net::IpPort& destination) const override {
    destination = destination_;
    return true;
  }

 private:
  const net::IpPort destination_;
};

// Facts that were given are known, whoever would provide them.
void giveFacts(const config::ListenerSettings& listener, const ExplainRequest& request,
               filter::ConnectionInfo& info) {
  filter::Facts& facts = info.facts;
  filter::FactSet provided;
  for (const auto& factory : listener.listener_filters) provided = provided | factory->provides();
  facts.known = filter::FactSet::all().without(provided) | Fact::Destination;
  facts.destination = request.destination;
  if (request.source) {
    facts.source = *request.source;
    facts.direct_source = request.source->ip;
    facts.known = facts.known | Fact::Source | Fact::DirectSource;
  }
  if (request.server_name || request.alpn) {
    facts.tls = true;
    info.protocol = "tls";
    facts.server_name = request.server_name.value_or("");
    facts.application_protocols = request.alpn.value_or(std::vector<std::string>{});
    facts.known =
        facts.known | Fact::TransportProtocol | Fact::ServerName | Fact::ApplicationProtocols;
  }
}

std::string valueOf(const filter::Facts& facts, Fact fact) {
  if (!facts.known.has(fact)) return "(not known)";
  switch (fact) {
    case Fact::Destination: return facts.destination.toString();
    case Fact::Source:
      return facts.source.ip.family == net::Family::None ? "(none)" : facts.source.toString();
    case Fact::DirectSource:
      return facts.direct_source.family == net::Family::None ? "(none)"
                                                             : facts.direct_source.toString();
    case Fact::TransportProtocol: return std::string(facts.transportProtocol());
    case Fact::ServerName: return facts.server_name.empty() ? "(none)" : facts.server_name;
    case Fact::ApplicationProtocols: break;
  }
  std::string all;
  for (const std::string& one : facts.application_protocols) all += (all.empty() ? "" : ", ") + one;
  return all.empty() ? "(none)" : all;
}

std::string providerOf(const config::ListenerSettings& listener, const filter::Facts& given,
                       Fact fact) {
  std::string names;
  for (const auto& factory : listener.listener_filters) {
    if (factory->provides().has(fact))
      names += (names.empty() ? "" : ", then ") + std::string(factory->name());
  }
  if (names.empty())
    return fact == Fact::Destination || fact == Fact::Source || fact == Fact::DirectSource
               ? "the socket"
               : "no provider: empty";
  return given.known.has(fact) ? "given (provider: " + names + ")" : names;
}

template <class... Args>
void remark(Explanation& out, fmt::format_string<Args...> format, Args&&... args) {
  out.remarks.push_back(fmt::format(format, std::forward<Args>(args)...));
}

void explainFacts(Explanation& out, const config::ListenerSettings& listener,
                  const filter::Facts& given, const filter::Facts& facts) {
  for (int i = 0; i < filter::FactCount; ++i) {
    const Fact fact = static_cast<Fact>(i);
    out.facts.push_back({std::string(filter::toString(fact)), valueOf(facts, fact),
                         providerOf(listener, given, fact), facts.known.has(fact)});
  }
}

std::string verdictOf(const match::ChainResult& result) {
  for (const PredicateResult& predicate : result.predicates) {
    if (predicate.outcome == PredicateResult::Outcome::Fails) return "lost on " + predicate.field;
  }
  for (const PredicateResult& predicate : result.predicates) {
    if (predicate.outcome == PredicateResult::Outcome::Unknown)
      return "waits for " + predicate.field;
  }
  return "holds; more specific ones come first";
}

std::string_view nameOf(PredicateResult::Outcome outcome) {
  switch (outcome) {
    case PredicateResult::Outcome::Holds: return "holds";
    case PredicateResult::Outcome::Fails: return "fails";
    case PredicateResult::Outcome::Unknown: return "unknown";
  }
  return "unknown";
}

void explainChains(Explanation& out, const config::ListenerSettings& listener,
                   const filter::Facts& facts, const config::FilterChainSettings* chosen) {
  for (const match::ChainResult& result : match::explain(listener.chain_specs, facts)) {
    const config::FilterChainSettings& chain = listener.chains[result.chain];
    const bool is_chosen = &chain == chosen;
    Explanation::Chain line{chain.name, is_chosen ? "CHOSEN" : verdictOf(result), is_chosen, {}};
    for (const PredicateResult& predicate : result.predicates) {
      line.predicates.push_back({predicate.field, std::string(nameOf(predicate.outcome)),
                                 predicate.expected, predicate.actual});
    }
    out.chains.push_back(std::move(line));
  }
  if (!listener.default_chain) return;
  const bool is_default = chosen == &*listener.default_chain;
  out.chains.push_back({listener.default_chain->name,
                        is_default ? "CHOSEN: default_filter_chain, as no other chain holds"
                                   : "default_filter_chain, not needed",
                        is_default,
                        {}});
}

bool asksForSource(const config::ListenerSettings& listener) {
  return std::any_of(
      listener.chain_specs.begin(), listener.chain_specs.end(), [](const auto& spec) {
        const match::ChainMatch& m = spec.match;
        return !m.source_prefixes.empty() || !m.source_ports.empty() ||
               !m.direct_source_prefixes.empty() || m.source_type != match::SourceType::Any;
      });
}

// What happens if the client sends no more than bytes that are not conclusive.
void explainPause(Explanation& out, const config::ListenerSettings& listener, ChainChoice& choice,
                  std::span<const uint8_t> bytes) {
  const filter::SilencePolicy& policy = silencePolicyOf(listener);
  const bool partial = choice.partial();
  const Duration wait = partial ? policy.partial_timeout : policy.detection_timeout;
  remark(out, "the bytes are not conclusive{}; if no more come for {} s",
         partial ? ": a prefix so far" : "", toSeconds(wait));
  const bool closes = !partial && policy.on_timeout == filter::OnTimeout::Close;
  choice.finish(bytes);
  if (closes || choice.chain() == nullptr) {
    remark(out, "  the connection is closed{}",
           closes ? " (on_timeout: CLOSE)" : ", as no chain holds");
  } else {
    remark(out, "  \"{}\" is chosen (reason timeout)", choice.chain()->name);
  }
}

// What happens while the client is silent.
void explainSilence(Explanation& out, const config::ListenerSettings& listener,
                    const ChainChoice& choice, const filter::ConnectionInfo& info) {
  const filter::SilencePolicy& policy = silencePolicyOf(listener);
  remark(out, "waits for the client's bytes ({} would look at them)", choice.waitingFor());
  const config::FilterChainSettings* fallback = choice.fallback();
  if (fallback == nullptr) {
    remark(out, "  if it stays silent for {} s: closed, as no chain holds",
           toSeconds(policy.detection_timeout));
    return;
  }
  const auto& filters = fallback->filters;
  const bool connects = fallback->early_connect && filters.back()->connectsEarly();
  const auto refuses = std::find_if(filters.begin(), filters.end(), [&](const auto& factory) {
    return !factory->allowsEarly(info);
  });
  if (policy.server_first.enabled && connects && refuses != filters.end()) {
    remark(out, "  its server is not probed: {} of \"{}\" cannot allow that yet",
           (*refuses)->name(), fallback->name);
  } else if (policy.server_first.enabled && connects) {
    remark(
        out,
        "  after {} s of silence: the upstream of \"{}\" is connected; if it speaks, that chain is "
        "chosen",
        toSeconds(policy.server_first.probe_after), fallback->name);
  }
  const bool closes = policy.on_timeout == filter::OnTimeout::Close;
  remark(out, "  after {} s of silence: {}", toSeconds(policy.detection_timeout),
         closes ? "closed (on_timeout: CLOSE)"
                : "\"" + fallback->name + "\" is chosen (reason timeout)");
}

// What the client sends first, as far as it is known.
std::optional<std::string> bytesOf(const ExplainRequest& request) {
  if (request.bytes || !request.request || request.server_name || request.alpn)
    return request.bytes;
  if (request.request->version == filter::RequestDescription::Version::Http2)
    return std::string(http::Http2Preface);
  return filter::http1HeadOf(*request.request);
}

std::vector<net::SocketAddress> addressesOf(const config::BootstrapSettings& settings) {
  std::vector<net::SocketAddress> addresses;
  for (const auto& listener : settings.listeners) addresses.push_back(listener.address);
  return addresses;
}

ExplainRequest withAddresses(ExplainRequest request, const net::OwnAddresses& own) {
  if (request.request) request.request->own_addresses = &own;
  return request;
}

// As filters see it that are asked: the source is known only if it was given, or if there is none.
void forgetSource(const config::ListenerSettings& listener, const ExplainRequest& request,
                  filter::Facts& facts) {
  if (request.source || listener.address.isUnix()) return;
  facts.known = facts.known.without(Fact::Source | Fact::DirectSource);
}

// What a handshake that nobody has made will have agreed on. What is to be known of it is that it
// will be there.
const net::Security& securityToCome() {
  static const net::Security security;
  return security;
}

}  // namespace

Result<Explanation> explainConnection(const config::BootstrapSettings& settings,
                                      const ExplainRequest& request) {
  auto found = findListener(settings, request);
  if (!found.ok()) return found.error();
  const config::ListenerSettings& listener = *found.value();
  if (!request.source && !listener.address.isUnix() && asksForSource(listener)) {
    return Error{ErrorCode::InvalidArgument, Side::Config,
                 "chains of listener \"" + listener.name + "\" match on the source: say " +
                     request.option_prefix + "src IP:PORT"};
  }

  filter::ConnectionInfo info;
  giveFacts(listener, request, info);
  const filter::Facts given = info.facts;
  const DescribedSocket socket(request.destination);
  ChainChoice choice(listener, socket, info);
  choice.assumeHeader();
  auto status = choice.begin();
  const std::optional<std::string> sent = bytesOf(request);
  std::span<const uint8_t> bytes;
  if (sent) bytes = {reinterpret_cast<const uint8_t*>(sent->data()), sent->size()};
  const bool partial_first = status == ChainChoice::Status::Wait && sent;
  if (partial_first) status = choice.onBytes(bytes);

  Explanation out;
  out.listener = listener.name;
  out.address = listener.address.toString();
  if (const auto& filters = listener.listener_filters;
      !filters.empty() && filters.front()->stripsHeader()) {
    out.header_reader = filters.front()->name();
  }
  explainFacts(out, listener, given, info.facts);
  const bool waits = status == ChainChoice::Status::Wait;
  explainChains(out, listener, info.facts, waits ? nullptr : choice.chain());
  out.protocol = info.protocol;
  if (waits) {
    out.outcome = Explanation::Outcome::Waits;
    partial_first ? explainPause(out, listener, choice, bytes)
                  : explainSilence(out, listener, choice, info);
  } else if (status == ChainChoice::Status::Refused) {
    out.outcome = Explanation::Outcome::Refused;
    remark(out, "refused: {}", choice.rejectReason());
  } else if (choice.chain() == nullptr) {
    out.outcome = Explanation::Outcome::Closed;
    remark(out, "closed: no chain holds, and there is no default_filter_chain");
  } else {
    out.outcome = Explanation::Outcome::Chosen;
    out.chain = choice.chain()->name;
    out.reason = filter::toString(choice.usedBytes() || request.server_name || request.alpn
                                      ? filter::Reason::ClientBytes
                                      : filter::Reason::Match);
    forgetSource(listener, request, info.facts);
    if (choice.chain()->transport != nullptr) info.security = &securityToCome();
    info.destination_is_self =
        !listener.address.isUnix() && net::leadsTo(listener.address.ip, info.facts.destination);
    net::OwnAddresses own;
    own.setListeners(addressesOf(settings));
    explainChosen(settings, *choice.chain(), withAddresses(request, own), info, out);
  }
  return out;
}

}  // namespace weir::server
