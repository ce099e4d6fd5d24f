#include "source/extensions/common/rbac_counters.h"

namespace weir::extensions {

RbacCounters::RbacCounters(stats::Registry& registry, const Metric& metric, std::string_view name,
                           std::string_view kind, const RbacRules& rules) {
  for (size_t i = 0; i <= rules.policies.size() + 1; ++i) {
    const bool matched = i < rules.policies.size();
    const bool unknown = i > rules.policies.size();
    counters_.push_back(
        &registry.counter(metric.name, metric.help,
                          {{"name", name},
                           {"rules", kind},
                           {"outcome", matched == rules.allow && !unknown ? "allowed" : "denied"},
                           {"policy", matched ? std::string_view(rules.policies[i].name) : "-"}}));
  }
}

}  // namespace weir::extensions
