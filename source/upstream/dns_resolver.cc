#include "source/upstream/dns_resolver.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "source/base/check.h"
#include "source/upstream/dns_lookup.h"

namespace weir::upstream {
namespace {

using net::Family;

constexpr Duration LiteralTtl = std::chrono::hours(24);

// The family to ask for first, and the one to ask for behind it or beside it.
Family firstOf(DnsFamily family) {
  return family == DnsFamily::V6Only || family == DnsFamily::Auto ? Family::V6 : Family::V4;
}
Family secondOf(DnsFamily family) {
  switch (family) {
    case DnsFamily::V4Only:
    case DnsFamily::V6Only: return Family::None;
    case DnsFamily::Auto: return Family::V4;
    case DnsFamily::V4Preferred:
    case DnsFamily::All: return Family::V6;
  }
  return Family::None;
}

Result<DnsAnswer> literalAnswer(const net::IpAddress& ip, DnsFamily family) {
  if (ip.family == firstOf(family) || ip.family == secondOf(family)) {
    return DnsAnswer{.addresses = {ip}, .ttl = LiteralTtl, .failure = {}, .local = true};
  }
  return Error{ErrorCode::NoAddress, Side::Config,
               "\"" + ip.toString() + "\" is not an address of the wanted family"};
}

// A name can be asked for again when it was not found; a server that failed says nothing of it.
int weight(const Error& error) {
  return error.code == ErrorCode::NotFound ? 0 : error.code == ErrorCode::NoAddress ? 1 : 2;
}

// `family` is that of `other`, which failed.
Result<DnsAnswer> without(Result<DnsAnswer> answer, const Error& other, Family family) {
  if (weight(other) < 2) return answer;
  answer.value().unanswered = family;
  answer.value().failure = other;
  return answer;
}

Result<DnsAnswer> merged(Result<DnsAnswer> first, const Result<DnsAnswer>& second,
                         DnsFamily family) {
  if (!second.ok()) {
    if (first.ok()) return without(std::move(first), second.error(), secondOf(family));
    return weight(first.error()) >= weight(second.error()) ? std::move(first) : second;
  }
  if (!first.ok()) return without(second, first.error(), firstOf(family));
  DnsAnswer both = std::move(first).value();
  const DnsAnswer& more = second.value();
  both.addresses.insert(both.addresses.end(), more.addresses.begin(), more.addresses.end());
  both.ttl = std::min(both.ttl, more.ttl);
  both.local = both.local && more.local;
  return both;
}

constexpr Duration PatienceForTheOther = std::chrono::seconds(2);

// What no resolver can ask for: an empty name, and one that would be cut at its NUL.
bool impossible(const std::string& host) {
  return host.empty() || host.find('\0') != std::string::npos;
}

}  // namespace

// One or two lookups, in turn or side by side, under one deadline.
class DnsResolver::Query final : public DnsQuery {
 public:
  Query(DnsResolver& resolver, std::string host, DnsFamily family, Done done)
      : resolver_(resolver),
        host_(std::move(host)),
        family_(family),
        done_(std::move(done)),
        settle_(resolver.loop_, [this] { finish(*std::move(first_)); }),
        deadline_(resolver.loop_, [this] { onDeadline(); }) {
    ++resolver_.queries_;
  }
  ~Query() override { --resolver_.queries_; }

  void start() {
    if (const auto ip = net::IpAddress::parse(host_)) return settle(literalAnswer(*ip, family_));
    if (impossible(host_)) {
      return settle(Error{ErrorCode::InvalidArgument, Side::Config,
                          "lookup of \"" + host_ + "\": not a host name"});
    }
    const bool in_turn = family_ == DnsFamily::Auto || family_ == DnsFamily::V4Preferred;
    deadline_.arm(in_turn ? resolver_.options_.deadline / 2 : resolver_.options_.deadline);
    lookUp(first_lookup_, firstOf(family_), first_);
    if (family_ == DnsFamily::All) lookUp(second_lookup_, secondOf(family_), second_);
  }

 private:
  using Outcome = std::optional<Result<DnsAnswer>>;

  // Known without asking.
  void settle(Result<DnsAnswer> result) {
    first_ = std::move(result);
    settle_.schedule();
  }

  void lookUp(std::unique_ptr<DnsLookup>& lookup, Family family, Outcome& outcome) {
    lookup = std::make_unique<DnsLookup>(resolver_.loop_, resolver_.options_, host_, family,
                                         [this, &outcome](Result<DnsAnswer> result) {
                                           outcome = std::move(result);
                                           onOutcome();
                                         });
  }

  void onOutcome() {
    if (first_ && second_) return finish(merged(*std::move(first_), *second_, family_));
    if (family_ == DnsFamily::All) {
      // Servers that never answer for one family are common; the other one is not to wait for it.
      const Outcome& one = first_ ? first_ : second_;
      if (one->ok()) deadline_.arm(std::min(resolver_.options_.deadline, PatienceForTheOther));
      return;
    }
    if (second_) return;
    if (first_->ok() || secondOf(family_) == Family::None) return finish(*std::move(first_));
    deadline_.arm(resolver_.options_.deadline / 2);
    lookUp(second_lookup_, secondOf(family_), second_);
  }

  void onDeadline() {
    const bool preferred = !first_ && second_lookup_ == nullptr;
    for (Outcome* outcome : {&first_, &second_}) {
      if (*outcome) continue;
      *outcome = Error{ErrorCode::TimedOut, Side::Upstream,
                       "lookup of \"" + host_ + "\": no answer in time"};
      if (preferred) break;
    }
    if (!preferred) return onOutcome();
    first_lookup_.reset();
    onOutcome();
  }

  // The last thing: `done` may drop this.
  void finish(Result<DnsAnswer> result) {
    deadline_.disarm();
    settle_.cancel();
    first_lookup_.reset();
    second_lookup_.reset();
    const Done done = std::move(done_);
    done(std::move(result));
  }

  DnsResolver& resolver_;
  const std::string host_;
  const DnsFamily family_;
  Done done_;
  Outcome first_;
  Outcome second_;
  std::unique_ptr<DnsLookup> first_lookup_;
  std::unique_ptr<DnsLookup> second_lookup_;
  event::Task settle_;
  event::Timer deadline_;
};

DnsResolver::DnsResolver(event::Loop& loop, DnsOptions options)
    : loop_(loop), options_(std::move(options)) {}

DnsResolver::~DnsResolver() { WEIR_CHECK(queries_ == 0); }

std::unique_ptr<DnsQuery> DnsResolver::resolve(std::string host, DnsFamily family, Done done) {
  auto query = std::make_unique<Query>(*this, std::move(host), family, std::move(done));
  query->start();
  return query;
}

}  // namespace weir::upstream
