#include "source/extensions/network/http_conn_manager/factory.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "api/weir/extensions/network/http_conn_manager/v1/http_conn_manager.pb.h"
#include "source/config/field_checks.h"
#include "source/config/http2_checks.h"
#include "source/config/log_line_checks.h"
#include "source/config/node.h"
#include "source/config/parse_route.h"
#include "source/config/typed_config.h"
#include "source/extensions/network/http_conn_manager/http_conn_manager.h"
#include "source/http/characters.h"

namespace weir::extensions {
namespace {

using Proto = weir::extensions::network::http_conn_manager::v1::HttpConnectionManager;
using HttpFilterProto = weir::extensions::network::http_conn_manager::v1::HttpFilter;
using Settings = HttpConnManagerSettings;

constexpr config::DurationRange Timeout{std::chrono::milliseconds(1), std::chrono::hours(8760),
                                        true};
constexpr config::DurationRange ShortTimeout{std::chrono::milliseconds(1), std::chrono::hours(1)};

template <class Message>
std::optional<uint64_t> valueOf(const Message& message, bool (Message::*has)() const,
                                uint32_t (Message::*get)() const) {
  return (message.*has)() ? std::optional<uint64_t>((message.*get)()) : std::nullopt;
}

// One of the http_filters, as far as it could be read.
struct ParsedFilter {
  const config::HttpFilterConfigFactory* factory = nullptr;
  std::shared_ptr<const weir::http::FilterFactory> filter;
};

ParsedFilter parseFilter(const HttpFilterProto& message, const FieldScope& scope,
                         config::BuildContext& context) {
  const google::protobuf::Any& any = message.typed_config();
  const FieldScope settings = scope.field("typed_config");
  ParsedFilter parsed;
  parsed.factory = context.registry().httpFilter(config::messageTypeOf(any));
  if (parsed.factory == nullptr) {
    config::reportUnknownType(any, context.registry(), "http", settings);
  } else if (const auto unpacked = config::unpack(any, settings)) {
    parsed.filter = parsed.factory->create(*unpacked, settings, context);
  }
  return parsed;
}

void checkOrder(const std::vector<ParsedFilter>& filters, const FieldScope& list) {
  for (size_t i = 0; i < filters.size(); ++i) {
    if (filters[i].factory == nullptr) return;  // reported; what the others should be hangs on it
    const bool last = i + 1 == filters.size();
    const std::string type = config::quote(filters[i].factory->messageType());
    if (filters[i].factory->isTerminal() && !last) {
      list.index(i).error(type + " is terminal: it must be the last filter, and " +
                          list.index(i + 1).path() + " follows");
    } else if (!filters[i].factory->isTerminal() && last) {
      list.index(i).error(type +
                          " is not terminal: the last filter must be one that answers, such as "
                          "router");
    }
  }
}

// The router alone, if nothing is said.
std::shared_ptr<const weir::http::FilterFactory> defaultRouter(const FieldScope& list,
                                                               config::BuildContext& context) {
  const auto* factory = context.registry().httpFilter("weir.extensions.http.router.v1.Router");
  if (factory == nullptr) {
    list.error("is required: this program has no router that could be the default");
    return nullptr;
  }
  const auto message = config::emptyMessage(factory->messageType());
  return factory->create(*message, list, context);
}

// What could not be made was reported.
void addIfMade(std::shared_ptr<const weir::http::FilterFactory> filter, Settings& settings) {
  if (filter != nullptr) settings.filters.push_back(std::move(filter));
}

void parseFilters(const Proto& proto, const FieldScope& list, config::BuildContext& context,
                  Settings& settings) {
  if (proto.http_filters_size() == 0) {
    addIfMade(defaultRouter(list, context), settings);
    return;
  }
  std::vector<ParsedFilter> parsed;
  for (int i = 0; i < proto.http_filters_size(); ++i) {
    parsed.push_back(
        parseFilter(proto.http_filters(i), list.index(static_cast<size_t>(i)), context));
    addIfMade(parsed.back().filter, settings);
    settings.filter_names.push_back(proto.http_filters(i).name());
  }
  checkOrder(parsed, list);
}

void parseTimeouts(const Proto& proto, const FieldScope& scope, Settings& settings) {
  const auto duration = [&](const char* field, const google::protobuf::Duration* value,
                            Duration& setting, const config::DurationRange& range) {
    setting = config::checkDuration(scope.field(field), value, setting, range);
  };
  duration("idle_timeout", proto.has_idle_timeout() ? &proto.idle_timeout() : nullptr,
           settings.idle_timeout, Timeout);
  duration("stream_idle_timeout",
           proto.has_stream_idle_timeout() ? &proto.stream_idle_timeout() : nullptr,
           settings.stream_idle_timeout, Timeout);
  duration("request_timeout", proto.has_request_timeout() ? &proto.request_timeout() : nullptr,
           settings.request_timeout, Timeout);
  duration("request_headers_timeout",
           proto.has_request_headers_timeout() ? &proto.request_headers_timeout() : nullptr,
           settings.http1.request_headers_timeout, Timeout);
  settings.http2.request_headers_timeout = settings.http1.request_headers_timeout;
  duration("max_connection_duration",
           proto.has_max_connection_duration() ? &proto.max_connection_duration() : nullptr,
           settings.max_connection_duration, Timeout);
  duration("drain_timeout", proto.has_drain_timeout() ? &proto.drain_timeout() : nullptr,
           settings.drain_timeout, ShortTimeout);
  settings.http2.stream_flush_timeout = settings.stream_idle_timeout;
}

weir::http::Underscores underscoresOf(const Proto& proto) {
  using weir::http::Underscores;
  if (!proto.has_headers_with_underscores_action())
    return proto.transparent() ? Underscores::Allow : Underscores::Reject;
  switch (proto.headers_with_underscores_action()) {
    case Proto::DROP_HEADER: return Underscores::Drop;
    case Proto::ALLOW: return Underscores::Allow;
    default: return Underscores::Reject;
  }
}

void parseLimits(const Proto& proto, const FieldScope& scope, Settings& settings) {
  weir::http::HeaderLimits limits;
  limits.max_bytes = 1024 * config::checkInteger(scope.field("max_request_headers_kb"),
                                                 valueOf(proto, &Proto::has_max_request_headers_kb,
                                                         &Proto::max_request_headers_kb),
                                                 limits.max_bytes / 1024, {1, 8192});
  limits.max_count =
      config::checkInteger(scope.field("max_headers_count"),
                           valueOf(proto, &Proto::has_max_headers_count, &Proto::max_headers_count),
                           limits.max_count, {1, 10000});
  limits.max_target_bytes = config::checkInteger(
      scope.field("max_request_target_bytes"),
      valueOf(proto, &Proto::has_max_request_target_bytes, &Proto::max_request_target_bytes),
      proto.transparent() ? limits.max_bytes : limits.max_target_bytes, {1, 8192 * 1024});
  limits.underscores = underscoresOf(proto);
  settings.http1.headers = settings.http2.headers = limits;
  const auto& http1 = proto.http_protocol_options();
  settings.http1.accept_http_10 = !http1.has_accept_http_10() || http1.accept_http_10();
  settings.max_requests_per_connection = proto.max_requests_per_connection();
  settings.http2.max_requests = settings.max_requests_per_connection;
}

// Of a version that the codec never speaks.
void checkVersions(const Proto& proto, const FieldScope& scope) {
  if (proto.codec_type() == Proto::HTTP1 && proto.has_http2_protocol_options())
    scope.field("http2_protocol_options").error("is never used: codec_type is HTTP1");
  if (proto.codec_type() == Proto::HTTP2 && proto.has_http_protocol_options())
    scope.field("http_protocol_options").error("is never used: codec_type is HTTP2");
}

void parsePath(const Proto& proto, Settings& settings) {
  using Action = weir::http::EscapedSlashes;
  settings.path.normalize = !proto.has_normalize_path() || proto.normalize_path();
  settings.path.merge_slashes = !proto.has_merge_slashes() || proto.merge_slashes();
  switch (proto.path_with_escaped_slashes_action()) {
    case Proto::UNESCAPE_AND_FORWARD:
      settings.path.escaped_slashes = Action::UnescapeAndForward;
      break;
    case Proto::REJECT_REQUEST_WITH_ESCAPED_SLASHES:
      settings.path.escaped_slashes = Action::Reject;
      break;
    case Proto::KEEP_UNCHANGED: settings.path.escaped_slashes = Action::Keep; break;
    default: settings.path.escaped_slashes = Action::UnescapeAndRedirect; break;
  }
}

void parseUpgrades(const Proto& proto, const FieldScope& list, Settings& settings) {
  for (int i = 0; i < proto.upgrade_types_size(); ++i) {
    std::string type = proto.upgrade_types(i);
    const FieldScope field = list.index(static_cast<size_t>(i));
    if (!weir::http::isToken(type)) {
      field.error(config::quote(type) +
                  " is no token of the field Upgrade, such as \"websocket\", nor \"CONNECT\"");
    }
    type = weir::http::lowerCase(type);
    if (type == "h2c") field.error("\"h2c\" is never passed on (RFC 9113 3.1)");
    settings.upgrades.push_back(std::move(type));
  }
}

void parseForwarded(const Proto& proto, weir::http::ForwardedSettings& settings) {
  settings.use_remote_address = !proto.has_use_remote_address() || proto.use_remote_address();
  settings.xff_num_trusted_hops = proto.xff_num_trusted_hops();
  settings.skip_xff_append = proto.skip_xff_append();
  settings.generate_request_id = !proto.has_generate_request_id() || proto.generate_request_id();
  settings.preserve_external_request_id = proto.preserve_external_request_id();
  settings.via = proto.via();
}

void parseLog(const weir::config::v1::RequestLog& proto, const FieldScope& scope,
              Settings& settings) {
  settings.log_requests = !proto.disabled();
  settings.log_path = proto.path();
  config::checkLogPath(scope.field("path"), proto.path());
  const bool json = proto.format() == weir::config::v1::AccessLog::JSON;
  settings.log_line = config::checkOwnLine<http::RequestLine>(proto, json, scope);
  if (settings.log_line == nullptr && proto.has_format()) {
    settings.log_line = json ? http::RequestLine::defaultJson() : http::RequestLine::defaultText();
  }
}

class Factory final : public config::NetworkFilterConfigFactory {
 public:
  std::string_view messageType() const override { return Proto::descriptor()->full_name(); }
  bool isTerminal() const override { return true; }

  std::unique_ptr<filter::NetworkFilterFactory> create(
      const google::protobuf::Message& message, const FieldScope& scope,
      config::BuildContext& context) const override {
    const auto& proto = dynamic_cast<const Proto&>(message);
    Settings settings;
    settings.stat_prefix = proto.stat_prefix();
    config::checkRequired(scope.field("stat_prefix"), proto.stat_prefix(),
                          "it is the label of the metrics");
    if (proto.codec_type() == Proto::HTTP1) settings.codec = Settings::Codec::Http1;
    if (proto.codec_type() == Proto::HTTP2) settings.codec = Settings::Codec::Http2;
    checkVersions(proto, scope);
    if (proto.has_route_config()) {
      settings.routes = config::parseRouteConfiguration(proto.route_config(),
                                                        scope.field("route_config"), context);
    } else {
      scope.field("route_config").error("is required: it says where requests go");
    }
    parseFilters(proto, scope.field("http_filters"), context, settings);
    parseTimeouts(proto, scope, settings);
    parseLimits(proto, scope, settings);
    parsePath(proto, settings);
    parseUpgrades(proto, scope.field("upgrade_types"), settings);
    const auto& http2 = proto.http2_protocol_options();
    config::checkHttp2Options(http2, scope.field("http2_protocol_options"), settings.http2);
    settings.http2.allow_connect = !http2.has_allow_connect() || http2.allow_connect();
    parseLog(proto.access_log(), scope.field("access_log"), settings);
    settings.transparent = proto.transparent();
    parseForwarded(proto, settings.forwarded);
    return std::make_unique<HttpConnManagerFactory>(std::move(settings));
  }
};

}  // namespace

std::unique_ptr<config::NetworkFilterConfigFactory> makeHttpConnManagerConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::extensions
