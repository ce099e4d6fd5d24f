#pragma once

// Counts what rules of rbac said: by outcome and policy.
//
// Loop: one worker's.

#include <string_view>
#include <vector>

#include "source/extensions/common/rbac_rules.h"
#include "source/stats/stats.h"

namespace weir::extensions {

class RbacCounters {
 public:
  struct Metric {
    std::string_view name;
    std::string_view help;
  };

  // Of no rules.
  RbacCounters() = default;
  // With the labels `name`, `rules` (the kind: enforced, shadow), `outcome` (allowed, denied) and
  // `policy` (that matched; "-" if none).
  RbacCounters(stats::Registry& registry, const Metric& metric, std::string_view name,
               std::string_view kind, const RbacRules& rules);

  // A verdict of those rules.
  void count(const RbacVerdict& verdict) const {
    (verdict.allowed == Truth::Unknown ? counters_.back() : counters_[verdict.policy])->add(1);
  }

 private:
  // By the index of the policy; the last but one is of none, and the last of a verdict that is not
  // known.
  std::vector<stats::Value*> counters_;
};

}  // namespace weir::extensions
