#include "source/extensions/network/rbac/rbac.h"

#include "source/base/log.h"

namespace weir::extensions {
namespace {

using filter::FilterStatus;

constexpr unsigned MostLogged = 10;  // each second

std::vector<stats::Value*> countersOf(filter::Worker& worker, const std::string& name,
                                      std::string_view kind,
                                      const std::optional<RbacRules>& rules) {
  std::vector<stats::Value*> counters;
  if (!rules) return counters;
  for (size_t i = 0; i <= rules->policies.size() + 1; ++i) {
    const bool matched = i < rules->policies.size();
    const bool unknown = i > rules->policies.size();
    counters.push_back(&worker.stats.counter(
        "weir_rbac_decisions_total", "Connections by what the rules of an rbac said.",
        {{"name", name},
         {"rules", kind},
         {"outcome", matched == rules->allow && !unknown ? "allowed" : "denied"},
         {"policy", matched ? std::string_view(rules->policies[i].name) : "-"}}));
  }
  return counters;
}

}  // namespace

void Rbac::count(const std::vector<stats::Value*>& counters, const RbacVerdict& verdict) {
  (verdict.allowed == Truth::Unknown ? counters.back() : counters[verdict.policy])->add(1);
}

void Rbac::tryShadowRules() {
  static log::LimitedLog limit(MostLogged);
  const RbacVerdict verdict = verdictOf(*settings_.shadow_rules);
  count(stats_.shadow, verdict);
  if (verdict.allowed == Truth::Yes) return;
  const auto& policies = settings_.shadow_rules->policies;
  const filter::ConnectionInfo& info = context_.info();
  limit.write(context_.worker().loop.now(), log::Component::Filter, log::Level::Info,
              "rbac {}: shadow rules would deny {} to {} on listener {}, chain {} (policy {})",
              settings_.stat_prefix, info.facts.source.toString(),
              info.facts.destination.toString(), info.listener, info.chain,
              verdict.policy < policies.size() ? policies[verdict.policy].name : "-");
}

// Whoever makes us wait until time is up has not shown that it asks for no name: it may still do
// so, behind our back.
RbacVerdict Rbac::verdictOf(const RbacRules& rules) const {
  const filter::ConnectionInfo& info = context_.info();
  if (info.reason != filter::Reason::Timeout) return decide(rules, info.facts);
  filter::Facts facts = info.facts;
  facts.known = facts.known.without(filter::Fact::ServerName);
  return decide(rules, facts);
}

FilterStatus Rbac::onNewConnection() {
  if (settings_.shadow_rules) tryShadowRules();
  if (!settings_.rules) return FilterStatus::Continue;
  const RbacVerdict verdict = verdictOf(*settings_.rules);
  count(stats_.enforced, verdict);
  // What is not known is not allowed.
  if (verdict.allowed == Truth::Yes) return FilterStatus::Continue;
  context_.close(filter::Close::Reset, "rbac_denied");
  return FilterStatus::StopIteration;
}

RbacFactory::RbacFactory(RbacSettings settings) : settings_(std::move(settings)) {
  if (settings_.rules) required_ = required_ | factsOf(*settings_.rules);
  if (settings_.shadow_rules) required_ = required_ | factsOf(*settings_.shadow_rules);
}

bool RbacFactory::allowsEarly(const filter::ConnectionInfo& info) const {
  return !settings_.rules || decide(*settings_.rules, info.facts).allowed == Truth::Yes;
}

void RbacFactory::create(filter::FilterAdder& adder) const {
  filter::FilterContext& context = adder.context();
  filter::Worker& worker = context.worker();
  const auto& stats = worker.local.get<Rbac::Stats>(this, [&] {
    return Rbac::Stats{countersOf(worker, settings_.stat_prefix, "enforced", settings_.rules),
                       countersOf(worker, settings_.stat_prefix, "shadow", settings_.shadow_rules)};
  });
  adder.addRead(std::make_unique<Rbac>(context, settings_, stats));
}

}  // namespace weir::extensions
