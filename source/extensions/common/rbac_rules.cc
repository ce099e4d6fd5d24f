#include "source/extensions/common/rbac_rules.h"

#include <algorithm>
#include <optional>
#include <string_view>

namespace weir::extensions {
namespace {

using filter::Fact;
using Kind = RbacCondition::Kind;

Truth truthOf(bool value) { return value ? Truth::Yes : Truth::No; }

bool nameMatches(std::string_view pattern, std::string_view name) {
  if (!pattern.starts_with("*.")) return name == pattern;
  const std::string_view suffix = pattern.substr(1);
  return name.size() > suffix.size() && name.ends_with(suffix);
}

// The fact of a condition that is about one.
std::optional<Fact> factOf(Kind kind) {
  switch (kind) {
    case Kind::DestinationIp:
    case Kind::DestinationPort: return Fact::Destination;
    case Kind::ServerName: return Fact::ServerName;
    case Kind::Source: return Fact::Source;
    case Kind::DirectSource: return Fact::DirectSource;
    case Kind::Authenticated:
    case Kind::Always:
    case Kind::Header:
    case Kind::UrlPath:
    case Kind::All:
    case Kind::Any:
    case Kind::Not: break;
  }
  return std::nullopt;
}

bool isVerified(const RbacCondition& condition, const net::Security* security) {
  if (security == nullptr || !security->peer_verified) return false;
  if (!condition.principal) return true;
  const auto matches = [&](std::string_view name) { return condition.principal->matches(name); };
  const auto& names = security->peer_names;
  if (names.empty()) return matches(security->peer_subject);
  return std::any_of(names.begin(), names.end(), matches);
}

bool saysClient(const RbacSubject& subject) { return subject.client.family != net::Family::None; }

bool holds(const RbacCondition& condition, const RbacSubject& subject) {
  const filter::Facts& facts = subject.facts;
  const weir::http::RequestView* request = subject.request;
  switch (condition.kind) {
    case Kind::DestinationIp: return condition.prefix.contains(facts.destination.ip);
    case Kind::DestinationPort:
      return facts.destination.port >= condition.first_port &&
             facts.destination.port <= condition.last_port;
    case Kind::ServerName: return nameMatches(condition.name, facts.server_name);
    case Kind::Source:
      return condition.prefix.contains(saysClient(subject) ? subject.client : facts.source.ip);
    case Kind::DirectSource: return condition.prefix.contains(facts.direct_source);
    case Kind::Authenticated: return isVerified(condition, subject.security);
    case Kind::Header: return request != nullptr && weir::http::holds(condition.header, *request);
    case Kind::UrlPath: return request != nullptr && condition.path.matches(request->path);
    default: return true;
  }
}

Truth allOf(const std::vector<RbacCondition>& parts, const RbacSubject& subject) {
  Truth all = Truth::Yes;
  for (const RbacCondition& part : parts) all = std::min(all, evaluate(part, subject));
  return all;
}

Truth anyOf(const std::vector<RbacCondition>& parts, const RbacSubject& subject) {
  Truth any = Truth::No;
  for (const RbacCondition& part : parts) any = std::max(any, evaluate(part, subject));
  return any;
}

Truth negated(Truth truth) {
  if (truth == Truth::Unknown) return truth;
  return truthOf(truth == Truth::No);
}

}  // namespace

Truth evaluate(const RbacCondition& condition, const RbacSubject& subject) {
  switch (condition.kind) {
    case Kind::Always: return Truth::Yes;
    case Kind::All: return allOf(condition.parts, subject);
    case Kind::Any: return anyOf(condition.parts, subject);
    case Kind::Not: return negated(evaluate(condition.parts.front(), subject));
    default: break;
  }
  if (condition.kind == Kind::Authenticated && subject.handshake_to_come) return Truth::Unknown;
  const std::optional<Fact> fact = factOf(condition.kind);
  const filter::Facts& facts = subject.facts;
  if (fact == Fact::Source && saysClient(subject)) return truthOf(holds(condition, subject));
  if (fact && !facts.known.without(facts.unreadable).has(*fact)) return Truth::Unknown;
  return truthOf(holds(condition, subject));
}

RbacVerdict decide(const RbacRules& rules, const RbacSubject& subject) {
  RbacVerdict verdict{Truth::No, rules.policies.size()};
  for (size_t i = 0; i < rules.policies.size(); ++i) {
    const Truth matches = evaluate(rules.policies[i].condition, subject);
    verdict.allowed = std::max(verdict.allowed, matches);
    if (matches != Truth::Yes) continue;
    verdict.policy = i;
    break;
  }
  if (!rules.allow) verdict.allowed = negated(verdict.allowed);
  return verdict;
}

// Whoever makes us wait until time is up has not shown that it asks for no name: it may still do
// so, behind our back.
RbacVerdict decideFor(const RbacRules& rules, const filter::ConnectionInfo& connection,
                      const weir::http::RequestView* request, const net::IpAddress& client) {
  if (connection.reason != filter::Reason::Timeout)
    return decide(rules, {connection.facts, request, client, connection.security});
  filter::Facts facts = connection.facts;
  facts.known = facts.known.without(Fact::ServerName);
  return decide(rules, {facts, request, client, connection.security});
}

filter::FactSet factsOf(const RbacCondition& condition) {
  filter::FactSet facts;
  if (const auto fact = factOf(condition.kind)) facts = *fact;
  for (const RbacCondition& part : condition.parts) facts = facts | factsOf(part);
  return facts;
}

filter::FactSet factsOf(const RbacRules& rules) {
  filter::FactSet facts;
  for (const RbacPolicy& policy : rules.policies) facts = facts | factsOf(policy.condition);
  return facts;
}

}  // namespace weir::extensions
