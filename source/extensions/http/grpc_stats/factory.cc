#include "source/extensions/http/grpc_stats/factory.h"

#include <string>
#include <utility>

#include "api/weir/extensions/http/grpc_stats/v1/grpc_stats.pb.h"
#include "source/config/field_checks.h"
#include "source/extensions/http/grpc_stats/grpc_stats.h"

namespace weir::http_filters {
namespace {

namespace v1 = weir::extensions::http::grpc_stats::v1;

constexpr size_t MostMethods = 500;

void readService(const v1::GrpcMethodList::Service& proto, const FieldScope& scope,
                 GrpcStatsSettings& settings) {
  config::checkRequired(scope.field("name"), proto.name(), "the name of a service");
  const FieldScope field = scope.field("method_names");
  if (proto.method_names().empty()) field.error("is required: at least one");
  for (int i = 0; i < proto.method_names_size(); ++i) {
    config::checkRequired(field.index(static_cast<size_t>(i)), proto.method_names(i),
                          "the name of a method");
    settings.methods.push_back({proto.name(), proto.method_names(i)});
  }
}

void readMethods(const v1::GrpcMethodList& proto, const FieldScope& scope,
                 GrpcStatsSettings& settings) {
  const FieldScope field = scope.field("services");
  if (proto.services().empty()) field.error("is required: at least one");
  for (int i = 0; i < proto.services_size(); ++i) {
    readService(proto.services(i), field.index(static_cast<size_t>(i)), settings);
  }
  if (settings.methods.size() > MostMethods) {
    field.error(std::to_string(settings.methods.size()) + " methods are too many: at most " +
                std::to_string(MostMethods));
  }
}

class Factory final : public config::HttpFilterConfigFactory {
 public:
  std::string_view messageType() const override { return v1::GrpcStats::descriptor()->full_name(); }

  std::unique_ptr<http::FilterFactory> create(const google::protobuf::Message& message,
                                              const FieldScope& scope,
                                              config::BuildContext&) const override {
    const auto& proto = dynamic_cast<const v1::GrpcStats&>(message);
    GrpcStatsSettings settings;
    settings.stat_prefix = proto.stat_prefix();
    config::checkRequired(scope.field("stat_prefix"), settings.stat_prefix,
                          "the label of its metrics");
    if (proto.has_individual_method_stats_allowlist()) {
      readMethods(proto.individual_method_stats_allowlist(),
                  scope.field("individual_method_stats_allowlist"), settings);
    }
    const uint64_t most = proto.has_max_methods() ? proto.max_methods() : 100;
    config::checkInteger(scope.field("max_methods"), most, most, {1, MostMethods});
    if (proto.stats_for_all_methods()) {
      settings.max_methods = most;
    } else if (proto.has_max_methods()) {
      scope.field("max_methods").error("is only for stats_for_all_methods");
    }
    return std::make_unique<GrpcStatsFactory>(std::move(settings));
  }
};

}  // namespace

std::unique_ptr<config::HttpFilterConfigFactory> makeGrpcStatsConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::http_filters
