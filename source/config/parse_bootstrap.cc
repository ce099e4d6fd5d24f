#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "source/config/build.h"
#include "source/config/field_checks.h"
#include "source/config/node.h"
#include "source/config/parse.h"

namespace weir::config {
namespace {

constexpr uint64_t MaxWorkers = 1024;
constexpr IntegerRange DetectionRange{64 << 10, uint64_t{1} << 40};
constexpr DurationRange DrainRange{
    .least = std::chrono::milliseconds(1), .most = std::chrono::hours(24), .zero_allowed = true};

// Above 0, at most `most`.
double checkFraction(const FieldScope& field, double value, double most) {
  if (value > 0 && value <= most) return value;
  field.error(fmt::format("{} is out of range: above 0 and at most {} is allowed", value, most));
  return most;
}

// Reports each value that was there before, naming where.
class Unique {
 public:
  explicit Unique(std::string_view what) : what_(what) {}
  void check(const std::string& value, const FieldScope& field) {
    if (value.empty()) return;
    const auto [first, fresh] = seen_.try_emplace(value, field.path());
    if (!fresh)
      field.error("the " + what_ + " " + quote(value) + " is already taken by " + first->second);
  }

 private:
  std::string what_;
  std::map<std::string, std::string> seen_;
};

bool portIsFixed(const net::SocketAddress& address) {
  return address.isUnix() || address.ip.port != 0;
}

std::vector<upstream::ClusterSettings> parseClusters(const v1::Bootstrap& bootstrap,
                                                     const FieldScope& scope,
                                                     BootstrapSettings& settings) {
  std::vector<upstream::ClusterSettings> clusters;
  Unique names("name");
  for (int i = 0; i < bootstrap.clusters_size(); ++i) {
    const FieldScope field = scope.index(static_cast<size_t>(i));
    clusters.push_back(parseCluster(bootstrap.clusters(i), field, settings.certificates));
    names.check(clusters.back().name, field.field("name"));
  }
  return clusters;
}

ClusterNames namesOf(const std::vector<upstream::ClusterSettings>& clusters,
                     const BrokenFields& broken, const Registry& registry) {
  std::vector<std::string> names;
  bool complete = !broken.covers("clusters");
  for (size_t i = 0; i < clusters.size(); ++i) {
    if (!clusters[i].name.empty()) names.push_back(clusters[i].name);
    if (broken.covers("clusters[" + std::to_string(i) + "].name")) complete = false;
  }
  return {std::move(names), complete, registry};
}

std::vector<ListenerSettings> parseListeners(const v1::Bootstrap& bootstrap,
                                             const FieldScope& scope,
                                             const ListenerContext& context, Unique& addresses) {
  std::vector<ListenerSettings> listeners;
  Unique names("name");
  for (int i = 0; i < bootstrap.listeners_size(); ++i) {
    const FieldScope field = scope.index(static_cast<size_t>(i));
    listeners.push_back(parseListener(bootstrap.listeners(i), field, context));
    const ListenerSettings& listener = listeners.back();
    names.check(listener.name, field.field("name"));
    const bool usable = listener.address != net::SocketAddress{} && portIsFixed(listener.address);
    if (usable) addresses.check(listener.address.toString(), field.field("address"));
  }
  if (listeners.empty()) scope.error("is required: without a listener there is nothing to do");
  return listeners;
}

}  // namespace

OverloadSettings parseOverload(const v1::Overload& overload, const FieldScope& scope) {
  OverloadSettings settings;
  settings.enabled = !overload.disabled();
  settings.max_memory_bytes = overload.max_memory_bytes();
  if (overload.has_shed_threshold()) {
    settings.shed_threshold =
        checkFraction(scope.field("shed_threshold"), overload.shed_threshold(), 1);
  }
  settings.resume_threshold = std::min(settings.resume_threshold, settings.shed_threshold);
  if (overload.has_resume_threshold()) {
    settings.resume_threshold = checkFraction(scope.field("resume_threshold"),
                                              overload.resume_threshold(), settings.shed_threshold);
  }
  return settings;
}

AdminSettings parseAdmin(const v1::Admin& admin, const FieldScope& scope) {
  constexpr std::string_view ByDefault = "127.0.0.1:9901";
  const std::string_view address = admin.address().empty() ? ByDefault : admin.address();
  return {checkAddress(scope.field("address"), address).value_or(net::SocketAddress{})};
}

BootstrapSettings buildSettings(const v1::Bootstrap& bootstrap, const Registry& registry,
                                const BrokenFields& broken, Diagnostics& diagnostics) {
  const FieldScope root(diagnostics, "");
  BootstrapSettings settings;
  Unique addresses("address");
  if (bootstrap.has_admin()) {
    const FieldScope admin = root.field("admin");
    settings.admin = parseAdmin(bootstrap.admin(), admin);
    const net::SocketAddress& address = settings.admin->address;
    if (portIsFixed(address)) addresses.check(address.toString(), admin.field("address"));
  }
  settings.workers = static_cast<uint32_t>(
      checkInteger(root.field("workers"), bootstrap.workers(), 0, {0, MaxWorkers}));
  settings.access_log = parseAccessLog(bootstrap.access_log(), root.field("access_log"));
  settings.drain_timeout =
      checkDuration(root.field("drain_timeout"),
                    bootstrap.has_drain_timeout() ? &bootstrap.drain_timeout() : nullptr,
                    settings.drain_timeout, DrainRange);
  settings.max_connections = bootstrap.max_connections();
  settings.max_detection_bytes = checkInteger(
      root.field("max_detection_bytes"),
      bootstrap.has_max_detection_bytes() ? std::optional<uint64_t>(bootstrap.max_detection_bytes())
                                          : std::nullopt,
      settings.max_detection_bytes, DetectionRange);
  settings.overload = parseOverload(bootstrap.overload(), root.field("overload"));
  settings.clusters = parseClusters(bootstrap, root.field("clusters"), settings);
  ClusterNames clusters = namesOf(settings.clusters, broken, registry);
  settings.listeners =
      parseListeners(bootstrap, root.field("listeners"),
                     {registry, broken, clusters, settings.certificates}, addresses);
  return settings;
}

}  // namespace weir::config
