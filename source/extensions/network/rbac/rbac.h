#pragma once

// Network filter: allows or denies a connection by rules on its facts, which are all known when its
// chain is chosen; the facts that the rules hang on are found out for it. A denied connection is
// reset; nothing is connected for it, and no server is probed before the rules are known to allow
// it. Shadow rules are counted and logged, and change nothing. Looks at no bytes. Close reason:
// rbac_denied.
//
// Metrics: weir_rbac_decisions_total, by `name` (the stat_prefix), `rules` (enforced, shadow),
// `outcome` (allowed, denied) and `policy` (that matched; "-" if none).

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/extensions/common/rbac_counters.h"
#include "source/extensions/common/rbac_rules.h"
#include "source/filter/filter_context.h"
#include "source/filter/network_filter.h"

namespace weir::extensions {

struct RbacSettings {
  std::string stat_prefix{};
  std::optional<RbacRules> rules{};
  std::optional<RbacRules> shadow_rules{};
};

// Immutable; any thread.
class RbacFactory final : public filter::NetworkFilterFactory {
 public:
  explicit RbacFactory(RbacSettings settings);

  std::string_view name() const override { return "rbac"; }
  std::vector<std::string_view> statPrefixes() const override { return {settings_.stat_prefix}; }
  void create(filter::FilterAdder& adder) const override;
  filter::FactSet requiredFacts() const override { return required_; }
  bool seesBytes() const override { return false; }
  bool allowsEarly(const filter::ConnectionInfo& info) const override;
  std::optional<filter::FilterExplanation> explainConnection(
      const filter::ConnectionInfo& info) const override;

 private:
  const RbacSettings settings_;
  filter::FactSet required_;
};

// Of one connection, on its loop; owned by its chain.
class Rbac final : public filter::ReadFilter {
 public:
  // On one worker.
  struct Stats {
    RbacCounters enforced;
    RbacCounters shadow;
  };
  // All outlive it.
  Rbac(filter::FilterContext& context, const RbacSettings& settings, const Stats& stats)
      : context_(context), settings_(settings), stats_(stats) {}

  filter::FilterStatus onNewConnection() override;
  filter::FilterStatus onData(buffer::Buffer&, bool) override {
    return filter::FilterStatus::Continue;
  }

 private:
  void tryShadowRules();

  filter::FilterContext& context_;
  const RbacSettings& settings_;
  const Stats& stats_;
};

}  // namespace weir::extensions
