#include "source/extensions/network/rbac/rbac.h"

#include "source/base/log.h"
#include "source/extensions/common/rbac_explanation.h"

namespace weir::extensions {
namespace {

using filter::FilterStatus;

constexpr unsigned MostLogged = 10;  // each second

RbacCounters countersOf(filter::Worker& worker, const std::string& name, std::string_view kind,
                        const std::optional<RbacRules>& rules) {
  if (!rules) return {};
  return {worker.stats,
          {"weir_rbac_decisions_total", "Connections by what the rules of an rbac said."},
          name,
          kind,
          *rules};
}

}  // namespace

void Rbac::tryShadowRules() {
  static log::LimitedLog limit(MostLogged);
  const RbacVerdict verdict = decideFor(*settings_.shadow_rules, context_.info());
  stats_.shadow.count(verdict);
  if (verdict.allowed == Truth::Yes) return;
  const auto& policies = settings_.shadow_rules->policies;
  const filter::ConnectionInfo& info = context_.info();
  limit.write(context_.worker().loop.now(), log::Component::Filter, log::Level::Info,
              "rbac {}: shadow rules would deny {} to {} on listener {}, chain {} (policy {})",
              settings_.stat_prefix, info.facts.source.toString(),
              info.facts.destination.toString(), info.listener, info.chain,
              verdict.policy < policies.size() ? policies[verdict.policy].name : "-");
}

FilterStatus Rbac::onNewConnection() {
  if (settings_.shadow_rules) tryShadowRules();
  if (!settings_.rules) return FilterStatus::Continue;
  const RbacVerdict verdict = decideFor(*settings_.rules, context_.info());
  stats_.enforced.count(verdict);
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

std::optional<filter::FilterExplanation> RbacFactory::explainConnection(
    const filter::ConnectionInfo& info) const {
  return explainRbac(settings_.rules, settings_.shadow_rules,
                     {info.facts, nullptr, {}, info.security},
                     "the connection is reset (rbac_denied)");
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
