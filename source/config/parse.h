#pragma once

// One function per message: checks it, reports every fault at its field, and makes the plain
// settings from it. The result is only used if nothing was reported. Main thread, while a
// configuration is built.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "api/weir/config/v1/bootstrap.pb.h"
#include "source/base/diagnostics.h"
#include "source/config/broken_fields.h"
#include "source/config/extension_factory.h"
#include "source/config/settings.h"

namespace weir::config {

// The clusters of the file, for the filters that name one.
class ClusterNames final : public BuildContext {
 public:
  // `complete`: false if the name of some cluster is not known because it is wrong itself; then no
  // reference to an unknown cluster is reported.
  ClusterNames(std::vector<std::string> names, bool complete, const Registry& registry)
      : names_(std::move(names)),
        set_(names_.begin(), names_.end()),
        complete_(complete),
        registry_(registry) {}
  bool hasCluster(std::string_view name) const override;
  bool checkCluster(const FieldScope& field, std::string_view name) const override;
  const Registry& registry() const override { return registry_; }

 private:
  std::vector<std::string> names_;
  std::unordered_set<std::string> set_;
  bool complete_;
  const Registry& registry_;
};

// What the parsers of a listener's parts have in common; refers to things that outlive the load.
struct ListenerContext {
  const Registry& registry;
  const BrokenFields& broken;
  ClusterNames& clusters;
  std::vector<tls::CertificateInfo>& certificates;  // are appended
};

AdminSettings parseAdmin(const v1::Admin& admin, const FieldScope& scope);
OverloadSettings parseOverload(const v1::Overload& overload, const FieldScope& scope);
AccessLogSettings parseAccessLog(const v1::AccessLog& log, const FieldScope& scope);
// `certificates`: the own ones of its tls_context are appended.
upstream::ClusterSettings parseCluster(const v1::Cluster& cluster, const FieldScope& scope,
                                       std::vector<tls::CertificateInfo>& certificates);
upstream::HttpSettings parseClusterHttp(const v1::Cluster& cluster, const FieldScope& scope);
upstream::HealthCheckSettings parseHealthCheck(const v1::HealthCheck& check,
                                               const FieldScope& scope);
upstream::OutlierSettings parseOutlierDetection(const v1::OutlierDetection& detection,
                                                const FieldScope& scope);
ListenerSettings parseListener(const v1::Listener& listener, const FieldScope& scope,
                               const ListenerContext& context);
match::ChainMatch parseChainMatch(const v1::FilterChainMatch& match, const FieldScope& scope);
FilterChainSettings parseFilterChain(const v1::FilterChain& chain, const FieldScope& scope,
                                     const ListenerContext& context);

// The listener filters of the file, and those that `needed` adds (extension_factory.h,
// defaultProviderOf).
struct ListenerFilterPlan {
  std::vector<std::shared_ptr<const filter::ListenerFilterFactory>> filters;
  bool complete = true;          // none of them is wrong
  bool names_protocols = false;  // one that is no default provider does: any name is possible
};
ListenerFilterPlan parseListenerFilters(const v1::Listener& listener, filter::FactSet needed,
                                        const FieldScope& scope, const ListenerContext& context);

}  // namespace weir::config
