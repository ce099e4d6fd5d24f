#include "source/extensions/http/fault/factory.h"

#include <chrono>
#include <utility>

#include "api/weir/extensions/http/fault/v1/fault.pb.h"
#include "source/config/field_checks.h"
#include "source/config/matcher_checks.h"
#include "source/extensions/http/fault/fault.h"

namespace weir::http_filters {
namespace {

namespace v1 = weir::extensions::http::fault::v1;

template <class Message>
uint32_t readPercentage(const Message& proto, const FieldScope& scope) {
  const FieldScope field = scope.field("percentage");
  if (proto.has_percentage()) return config::parseFraction(proto.percentage(), field);
  field.error("is required: how many of the requests");
  return 0;
}

void readDelay(const v1::FaultDelay& proto, const FieldScope& scope, FaultSettings& settings) {
  // What is not set is out of range.
  settings.delay = config::checkDuration(scope.field("fixed_delay"), &proto.fixed_delay(), {},
                                         {std::chrono::milliseconds(1), std::chrono::hours(1)});
  settings.delay_per_million = readPercentage(proto, scope);
}

// "HTTP to gRPC Status Code Mapping" has the other way; this one is that of google.rpc.Code.
unsigned httpStatusFor(unsigned grpc_status) {
  constexpr unsigned Statuses[] = {200, 499, 500, 400, 504, 404, 409, 403, 429,
                                   400, 409, 400, 501, 500, 503, 500, 401};
  return Statuses[grpc_status];
}

void readAbort(const v1::FaultAbort& proto, const FieldScope& scope, FaultSettings& settings) {
  switch (proto.error_type_case()) {
    case v1::FaultAbort::kHttpStatus:
      settings.abort.http_status = static_cast<unsigned>(
          config::checkInteger(scope.field("http_status"), proto.http_status(), 0, {200, 599}));
      break;
    case v1::FaultAbort::kGrpcStatus:
      settings.abort.grpc_status = static_cast<unsigned>(
          config::checkInteger(scope.field("grpc_status"), proto.grpc_status(), 0, {0, 16}));
      if (*settings.abort.grpc_status <= 16)
        settings.abort.http_status = httpStatusFor(*settings.abort.grpc_status);
      break;
    case v1::FaultAbort::ERROR_TYPE_NOT_SET:
      scope.error("is required to have http_status or grpc_status");
      break;
  }
  settings.abort_per_million = readPercentage(proto, scope);
}

class Factory final : public config::HttpFilterConfigFactory {
 public:
  std::string_view messageType() const override { return v1::Fault::descriptor()->full_name(); }

  std::unique_ptr<http::FilterFactory> create(const google::protobuf::Message& message,
                                              const FieldScope& scope,
                                              config::BuildContext&) const override {
    const auto& proto = dynamic_cast<const v1::Fault&>(message);
    FaultSettings settings;
    settings.stat_prefix = proto.stat_prefix();
    config::checkRequired(scope.field("stat_prefix"), settings.stat_prefix,
                          "the label of its metrics");
    if (proto.has_delay()) readDelay(proto.delay(), scope.field("delay"), settings);
    if (proto.has_abort()) readAbort(proto.abort(), scope.field("abort"), settings);
    if (!proto.has_delay() && !proto.has_abort()) scope.error("has neither delay nor abort");
    for (int i = 0; i < proto.headers_size(); ++i) {
      settings.headers.push_back(config::parseHeaderMatcher(
          proto.headers(i), scope.field("headers").index(static_cast<size_t>(i))));
    }
    if (proto.has_max_active_faults()) {
      settings.max_active = config::checkInteger(scope.field("max_active_faults"),
                                                 proto.max_active_faults(), 0, {1, UINT32_MAX});
    }
    return std::make_unique<FaultFactory>(std::move(settings));
  }
};

}  // namespace

std::unique_ptr<config::HttpFilterConfigFactory> makeFaultConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::http_filters
