#include "source/upstream/strict_dns.h"

#include <algorithm>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "source/base/backoff.h"
#include "source/base/log.h"

namespace weir::upstream {

using log::Component;

struct StrictDns::Name {
  Name(StrictDns& owner, const EndpointSettings& settings)
      : endpoint(settings), timer(owner.loop_, [this, &owner] { owner.ask(*this); }) {}
  const EndpointSettings endpoint;
  std::vector<net::IpAddress> addresses;  // as of the last answer that had any
  DnsStatus status;
  unsigned failures = 0;  // in a row
  bool partial = false;   // one family was not answered the last time, and that is logged
  bool asked_once = false;
  std::unique_ptr<DnsQuery> query;
  event::Timer timer;
};

StrictDns::StrictDns(event::Loop& loop, DnsResolver& resolver, stats::Registry& stats,
                     const std::shared_ptr<ClusterState>& state, Events events)
    : loop_(loop),
      resolver_(resolver),
      stats_(stats),
      state_(state),
      events_(std::move(events)),
      random_(randomSeed()) {
  for (const EndpointSettings& endpoint : state->settings().endpoints) {
    if (endpoint.name.empty()) continue;
    Name& name = *names_.emplace_back(std::make_unique<Name>(*this, endpoint));
    name.status.name = endpoint.name;
    name.status.since = loop.now();
    name.timer.arm(Duration::zero());
  }
  waiting_ = names_.size();
  publish(*state);
}

void StrictDns::inherit(const StrictDns& before) {
  const auto state = state_.lock();
  if (state == nullptr) return;
  for (auto& name : names_) {
    for (const auto& old : before.names_) {
      if (old->endpoint.name != name->endpoint.name) continue;
      name->addresses = old->addresses;
      name->status = old->status;
    }
  }
  rebuild(*state);
  publish(*state);
}

StrictDns::~StrictDns() = default;

void StrictDns::ask(Name& name) {
  const auto state = state_.lock();
  if (state == nullptr) return events_.on_gone();
  name.query = resolver_.resolve(
      name.endpoint.name, state->settings().dns.lookup_family,
      [this, &name](Result<DnsAnswer> result) { onAnswer(name, std::move(result)); });
}

void StrictDns::onAnswer(Name& name, Result<DnsAnswer> result) {
  name.query.reset();
  const auto state = state_.lock();
  if (state == nullptr) return events_.on_gone();
  const bool empty = result.ok() && result.value().addresses.empty();
  if (empty) result = Error{ErrorCode::NoAddress, Side::Upstream, "the answer has no address"};
  count(*state, result);
  name.timer.arm(result.ok() ? accept(*state, name, result.value())
                             : reject(*state, name, result.error()));
  publish(*state);
  if (std::exchange(name.asked_once, true)) return;
  if (--waiting_ == 0) events_.on_warm();
}

namespace {

// Why one family is not known; null if both are, or the other one is known from a file.
const Error* failureOf(const DnsAnswer& answer) {
  return answer.failure && !answer.local ? &*answer.failure : nullptr;
}

}  // namespace

void StrictDns::count(const ClusterState& state, const Result<DnsAnswer>& result) {
  const Error* failure = result.ok() ? failureOf(result.value()) : &result.error();
  stats_
      .counter("weir_upstream_dns_total", "Names that were asked for, by what came of it.",
               {{"cluster", state.settings().name},
                {"outcome", failure == nullptr ? "resolved" : toString(failure->code)}})
      .add(1);
}

void StrictDns::tellUnanswered(const std::string& cluster) {
  if (std::exchange(told_unanswered_, true)) return;
  for (const auto& name : names_) {
    if (name->asked_once) continue;
    log::warn(Component::Dns, "cluster {}: no answer for {} yet; it starts {}", cluster,
              name->endpoint.name,
              name->addresses.empty() ? "without" : "with the addresses from before");
  }
}

namespace {

// The addresses of an answer; and of a family that was not answered, those known before. Where one
// family only stands in for the other, they stay alone.
std::vector<net::IpAddress> withKept(const DnsSettings& dns,
                                     const std::vector<net::IpAddress>& before,
                                     const DnsAnswer& answer) {
  if (answer.unanswered == net::Family::None) return answer.addresses;
  std::vector<net::IpAddress> kept;
  for (const net::IpAddress& ip : before) {
    if (ip.family == answer.unanswered) kept.push_back(ip);
  }
  if (!kept.empty() && dns.lookup_family != DnsFamily::All) return kept;
  kept.insert(kept.end(), answer.addresses.begin(), answer.addresses.end());
  return kept;
}

}  // namespace

// Of an answer, for all or for one family alone: what begins with it, and what ends.
void StrictDns::tell(const ClusterState& state, Name& name, const Error* failure) {
  const bool failed = std::exchange(name.failures, 0) > 0;
  const bool was_partial = std::exchange(name.partial, failure != nullptr);
  if (failure == nullptr && (failed || was_partial)) {
    log::info(Component::Dns, "cluster {}: {} is resolved again", state.settings().name,
              name.endpoint.name);
  } else if (failure != nullptr && !was_partial) {
    log::warn(Component::Dns,
              "cluster {}: {}: one address family was not answered ({}); what is known of it stays",
              state.settings().name, name.endpoint.name, failure->detail);
  }
}

// When to ask again.
Duration StrictDns::accept(ClusterState& state, Name& name, const DnsAnswer& answer) {
  const Error* const failure = failureOf(answer);
  tell(state, name, failure);
  name.status.stale = failure != nullptr;
  name.status.error =
      failure != nullptr ? "one address family was not answered: " + failure->detail : "";
  name.status.last_good = loop_.now();
  // Servers turn the order round; that alone is no change.
  auto before = name.addresses;
  const std::vector<net::IpAddress> wanted = withKept(state.settings().dns, name.addresses, answer);
  auto now = wanted;
  const auto less = [](const net::IpAddress& a, const net::IpAddress& b) {
    return std::pair(a.family, a.bytes) < std::pair(b.family, b.bytes);
  };
  std::sort(before.begin(), before.end(), less);
  std::sort(now.begin(), now.end(), less);
  if (before != now) {
    name.addresses = wanted;
    rebuild(state);
    events_.on_hosts();
  }
  const DnsSettings& dns = state.settings().dns;
  return std::clamp(answer.ttl, dns.min_refresh_rate, dns.max_refresh_rate);
}

Duration StrictDns::reject(const ClusterState& state, Name& name, const Error& error) {
  if (++name.failures == 1) {
    log::warn(Component::Dns, "cluster {}: {}; {}", state.settings().name, error.detail,
              name.addresses.empty()
                  ? std::string("it has no address yet")
                  : "its last " + std::to_string(name.addresses.size()) + " address(es) stay");
  }
  name.partial = false;
  name.status.stale = true;
  name.status.error = error.detail;
  return backoff(state.settings().dns.failure_refresh_rate, name.failures, random_);
}

namespace {

constexpr Duration KeepGoneFor = std::chrono::minutes(10);
constexpr size_t MaxGone = 1024;  // without connections

}  // namespace

// Servers that give some of many addresses in turn make hosts leave and come back all the time.
void StrictDns::forgetGone() {
  std::vector<std::pair<MonotonicTime, std::string>> unused;
  for (const auto& [address, gone] : gone_) {
    if (gone.host.use_count() == 1) unused.emplace_back(gone.since, address);
  }
  std::sort(unused.begin(), unused.end());
  for (size_t i = 0; i < unused.size(); ++i) {
    const bool old = unused[i].first + KeepGoneFor <= loop_.now();
    if (old || i + MaxGone < unused.size()) gone_.erase(unused[i].second);
  }
}

// A host that stays is the same object: with its connections, its health, its ejection.
void StrictDns::rebuild(ClusterState& state) {
  forgetGone();
  const auto before = state.hosts();
  std::unordered_map<std::string, std::shared_ptr<Host>> known;
  for (const auto& host : before->hosts()) known.emplace(host->address().toString(), host);
  for (const auto& [address, gone] : gone_) known.emplace(address, gone.host);
  HostList::Hosts hosts;
  std::unordered_set<std::string> seen;
  const auto add = [&](const net::SocketAddress& address, const EndpointSettings& endpoint) {
    std::string text = address.toString();
    const auto it = known.find(text);
    if (!seen.insert(std::move(text)).second) return;
    const bool stays = it != known.end() && it->second->weight() == endpoint.weight &&
                       it->second->name() == endpoint.name;
    hosts.push_back(stays ? it->second
                          : std::make_shared<Host>(address, endpoint.weight, endpoint.name,
                                                   endpoint.transport));
  };
  auto name = names_.begin();
  for (const EndpointSettings& endpoint : state.settings().endpoints) {
    if (endpoint.name.empty()) {
      add(endpoint.address, endpoint);
      continue;
    }
    for (const net::IpAddress& ip : (*name)->addresses) {
      add({net::IpPort{ip, endpoint.port}, {}}, endpoint);
    }
    ++name;
  }
  log::debug(Component::Dns, "cluster {}: {} hosts", state.settings().name, hosts.size());
  state.replaceHosts(std::move(hosts));
  for (const auto& host : before->hosts()) gone_[host->address().toString()] = {host, loop_.now()};
  for (const auto& address : seen) gone_.erase(address);
}

void StrictDns::publish(ClusterState& state) {
  std::vector<DnsStatus> all;
  for (const auto& name : names_) all.push_back(name->status);
  state.setDns(std::move(all));
}

}  // namespace weir::upstream
