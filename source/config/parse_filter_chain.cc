#include <string>
#include <utility>

#include "source/config/field_checks.h"
#include "source/config/node.h"
#include "source/config/parse.h"
#include "source/config/parse_tls.h"
#include "source/config/typed_config.h"

namespace weir::config {
namespace {

// One filter of a chain, as far as it could be read.
struct ParsedFilter {
  const NetworkFilterConfigFactory* factory = nullptr;  // null: its type is wrong
  std::shared_ptr<const filter::NetworkFilterFactory> filter;
};

ParsedFilter parseFilter(const v1::NetworkFilter& message, const FieldScope& scope,
                         const ListenerContext& context) {
  const google::protobuf::Any& any = message.typed_config();
  const FieldScope settings = scope.field("typed_config");
  ParsedFilter parsed;
  parsed.factory = context.registry.networkFilter(messageTypeOf(any));
  if (parsed.factory == nullptr) {
    reportUnknownType(any, context.registry, "network", settings);
    return parsed;
  }
  if (const auto unpacked = unpack(any, settings)) {
    parsed.filter = parsed.factory->create(*unpacked, settings, context.clusters);
  }
  return parsed;
}

void checkOrder(const std::vector<ParsedFilter>& filters, const FieldScope& scope) {
  for (size_t i = 0; i < filters.size(); ++i) {
    if (filters[i].factory == nullptr) return;  // reported; what the others should be hangs on it
  }
  for (size_t i = 0; i < filters.size(); ++i) {
    const NetworkFilterConfigFactory& factory = *filters[i].factory;
    const std::string type = quote(factory.messageType());
    const bool last = i + 1 == filters.size();
    if (factory.mustBeAlone() && filters.size() > 1) {
      scope.index(i).error(type + " must be the only filter of its chain");
    } else if (factory.isTerminal() && !last) {
      scope.index(i).error(type + " is terminal: it must be the last filter, and " +
                           scope.index(i + 1).path() + " follows");
    } else if (!factory.isTerminal() && last) {
      scope.index(i).error(
          type +
          " is not terminal: the last filter must be one that answers or connects, "
          "such as tcp_proxy");
    }
  }
}

void parseTransport(const v1::FilterChain& chain, const FieldScope& scope,
                    const ListenerContext& context, FilterChainSettings& settings) {
  const FieldScope timeout = scope.field("transport_socket_connect_timeout");
  settings.handshake_timeout = checkDuration(
      timeout,
      chain.has_transport_socket_connect_timeout() ? &chain.transport_socket_connect_timeout()
                                                   : nullptr,
      settings.handshake_timeout, {std::chrono::milliseconds(1), std::chrono::hours(1)});
  if (chain.has_tls_context()) {
    settings.transport =
        parseDownstreamTls(chain.tls_context(), scope.field("tls_context"), context.certificates);
  } else if (chain.has_transport_socket_connect_timeout()) {
    timeout.error("is only for chains with tls_context");
  }
}

}  // namespace

FilterChainSettings parseFilterChain(const v1::FilterChain& chain, const FieldScope& scope,
                                     const ListenerContext& context) {
  FilterChainSettings settings;
  settings.name = chain.name();
  settings.path = scope.path();
  settings.early_connect = chain.has_early_connect() ? chain.early_connect() : true;
  checkRequired(scope.field("name"), chain.name(), "it names the chain in logs and metrics");
  if (chain.name() == "-") {
    scope.field("name").error("\"-\" stands for no chain in metrics and logs: choose another name");
  }
  const FieldScope list = scope.field("filters");
  if (chain.filters_size() == 0) {
    list.error(
        "is required: a chain needs at least one filter, the last one terminal, such as tcp_proxy");
  }
  std::vector<ParsedFilter> filters;
  for (int i = 0; i < chain.filters_size(); ++i) {
    filters.push_back(parseFilter(chain.filters(i), list.index(static_cast<size_t>(i)), context));
    if (filters.back().filter != nullptr) settings.filters.push_back(filters.back().filter);
  }
  checkOrder(filters, list);
  parseTransport(chain, scope, context, settings);
  if (chain.has_tls_context() && !filters.empty() && filters.front().factory != nullptr &&
      filters.front().factory->mustBeAlone())
    scope.field("tls_context").error("a bypass carries bytes as they are: TLS cannot end there");
  return settings;
}

}  // namespace weir::config
