#pragma once

// HTTP filter: allows or denies a request by rules on its path and fields, and on the facts of its
// connection, which are found out for it. A request that may not pass is answered with 403. Shadow
// rules are counted and logged, and change nothing. Reason: rbac_access_denied.
//
// Metrics: weir_http_rbac_decisions_total, by `name` (the stat_prefix), `rules` (enforced, shadow),
// `outcome` (allowed, denied) and `policy` (that matched; "-" if none).

#include <optional>
#include <string>

#include "source/extensions/common/rbac_counters.h"
#include "source/extensions/common/rbac_rules.h"
#include "source/http/filter.h"
#include "source/http/filter_context.h"

namespace weir::http_filters {

struct RbacSettings {
  std::string stat_prefix = {};
  std::optional<extensions::RbacRules> rules = {};
  std::optional<extensions::RbacRules> shadow_rules = {};
};

// Of one stream, on its loop.
class RbacFilter final : public http::StreamDecoderFilter {
 public:
  // On one worker.
  struct Stats {
    extensions::RbacCounters enforced;
    extensions::RbacCounters shadow;
  };
  // All outlive it.
  RbacFilter(http::FilterContext& context, const RbacSettings& settings, const Stats& stats)
      : context_(context), settings_(settings), stats_(stats) {}

  http::FilterStatus decodeHeaders(http::HeaderMap& headers, bool end_stream) override;

 private:
  void tryShadowRules(const http::RequestView& request);

  http::FilterContext& context_;
  const RbacSettings& settings_;
  const Stats& stats_;
};

// Immutable; any thread.
class RbacFactory final : public http::FilterFactory {
 public:
  explicit RbacFactory(RbacSettings settings);
  std::string_view name() const override { return "rbac"; }
  std::string_view statPrefix() const override { return settings_.stat_prefix; }
  filter::FactSet requiredFacts() const override { return required_; }
  std::optional<filter::FilterExplanation> explainRequest(
      const http::HeaderMap& headers, const filter::ConnectionInfo& connection,
      const net::IpAddress& client) const override;
  void create(http::FilterAdder& adder) const override;

 private:
  const RbacSettings settings_;
  filter::FactSet required_;
};

}  // namespace weir::http_filters
