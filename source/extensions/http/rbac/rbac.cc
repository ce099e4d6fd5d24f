#include "source/extensions/http/rbac/rbac.h"

#include <fmt/format.h>

#include <utility>

#include "source/base/log.h"
#include "source/extensions/common/rbac_explanation.h"
#include "source/http/grpc.h"

namespace weir::http_filters {
namespace {

using extensions::RbacCounters;
using extensions::RbacRules;
using extensions::RbacVerdict;
using extensions::Truth;
using http::FilterStatus;

constexpr unsigned MostLogged = 10;  // each second

RbacCounters countersOf(filter::Worker& worker, const std::string& name, std::string_view kind,
                        const std::optional<RbacRules>& rules) {
  if (!rules) return {};
  return {worker.stats,
          {"weir_http_rbac_decisions_total", "Requests by what the rules of an rbac said."},
          name,
          kind,
          *rules};
}

}  // namespace

FilterStatus RbacFilter::decodeHeaders(http::HeaderMap& headers, bool) {
  const http::RequestView request(headers);
  if (settings_.shadow_rules) tryShadowRules(request);
  if (!settings_.rules) return FilterStatus::Continue;
  const RbacVerdict verdict = extensions::decideFor(*settings_.rules, context_.connection(),
                                                    &request, context_.info().client);
  stats_.enforced.count(verdict);
  // What is not known is not allowed.
  if (verdict.allowed == Truth::Yes) return FilterStatus::Continue;
  context_.sendLocalReply({.status = 403, .reason = "rbac_access_denied"});
  return FilterStatus::StopAllIteration;
}

void RbacFilter::tryShadowRules(const http::RequestView& request) {
  static log::LimitedLog limit(MostLogged);
  const filter::ConnectionInfo& connection = context_.connection();
  const net::IpAddress& client = context_.info().client;
  const RbacVerdict verdict =
      extensions::decideFor(*settings_.shadow_rules, connection, &request, client);
  stats_.shadow.count(verdict);
  if (verdict.allowed == Truth::Yes) return;
  const auto& policies = settings_.shadow_rules->policies;
  limit.write(
      context_.worker().loop.now(), log::Component::Filter, log::Level::Info,
      "rbac {}: shadow rules would deny {} {} of {} (policy {})", settings_.stat_prefix,
      request.method, request.path,
      client.family != net::Family::None ? client.toString() : connection.facts.source.toString(),
      verdict.policy < policies.size() ? policies[verdict.policy].name : "-");
}

RbacFactory::RbacFactory(RbacSettings settings) : settings_(std::move(settings)) {
  if (settings_.rules) required_ = required_ | extensions::factsOf(*settings_.rules);
  if (settings_.shadow_rules) required_ = required_ | extensions::factsOf(*settings_.shadow_rules);
}

std::optional<filter::FilterExplanation> RbacFactory::explainRequest(
    const http::HeaderMap& headers, const filter::ConnectionInfo& connection,
    const net::IpAddress& client) const {
  const http::RequestView request(headers);
  return extensions::explainRbac(
      settings_.rules, settings_.shadow_rules,
      {connection.facts, &request, client, connection.security},
      fmt::format("answered with {} (rbac_access_denied)", http::shownStatus(headers, 403)));
}

void RbacFactory::create(http::FilterAdder& adder) const {
  http::FilterContext& context = adder.context();
  filter::Worker& worker = context.worker();
  const auto& stats = worker.local.get<RbacFilter::Stats>(this, [&] {
    return RbacFilter::Stats{
        countersOf(worker, settings_.stat_prefix, "enforced", settings_.rules),
        countersOf(worker, settings_.stat_prefix, "shadow", settings_.shadow_rules)};
  });
  adder.add<RbacFilter>(context, settings_, stats);
}

}  // namespace weir::http_filters
