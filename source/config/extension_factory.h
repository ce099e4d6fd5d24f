#pragma once

// THE CONTRACT between an extension and the configuration: a factory per message type, which checks
// a message and makes the filter's own factory from it. This is the last place that sees protobuf.
// The registry is filled once, in main, by one explicit list; there is no registration by static
// objects.
//
// Main thread only, while a configuration is being built; what create() returns is immutable and
// used by all workers.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/diagnostics.h"
#include "source/filter/facts.h"
#include "source/filter/listener_filter.h"
#include "source/filter/network_filter.h"
#include "source/http/filter.h"

namespace google::protobuf {
class Message;
}

namespace weir::config {

class Registry;

// What a factory may ask about the rest of the configuration. Valid for one call of create(). The
// checks that most fields need are in config/field_checks.h.
class BuildContext {
 public:
  virtual ~BuildContext() = default;
  virtual bool hasCluster(std::string_view name) const = 0;
  // Reports an unknown or empty cluster name at `field`, with the nearest known name. True if the
  // cluster exists.
  virtual bool checkCluster(const FieldScope& field, std::string_view name) const = 0;
  // The extensions that there are, for those that are configured inside others.
  virtual const Registry& registry() const = 0;
  // For a listener filter: what the chains of its listener match application_protocols against.
  virtual std::vector<std::string> matchedProtocols() const { return {}; }
};

// For a filter that handles the bytes of a chosen chain.
class NetworkFilterConfigFactory {
 public:
  virtual ~NetworkFilterConfigFactory() = default;
  // The full name of the settings' message, such as "weir.extensions.network.echo.v1.Echo"; static
  // storage.
  virtual std::string_view messageType() const = 0;
  // A terminal filter ends its chain: it consumes what it reads. The last filter of a chain, and
  // only it, must be.
  virtual bool isTerminal() const = 0;
  // No other filter may stand beside it in a chain (bypass).
  virtual bool mustBeAlone() const { return false; }
  // `settings` has the type messageType(). Checks every field, reports every fault at
  // settings_scope.field(...), and then may return null. Without a report it must not return null.
  virtual std::unique_ptr<filter::NetworkFilterFactory> create(
      const google::protobuf::Message& settings, const FieldScope& settings_scope,
      BuildContext& context) const = 0;
};

// For a filter that provides facts before the chain is chosen.
class ListenerFilterConfigFactory {
 public:
  virtual ~ListenerFilterConfigFactory() = default;
  // As above.
  virtual std::string_view messageType() const = 0;
  // The facts for which a listener gets this filter, with its default settings, where a chain
  // matches on one of them and the filter is not listed. tls_inspector: transport protocol, server
  // name and application protocols. proto_detect: application protocols. Others: none.
  virtual filter::FactSet defaultProviderOf() const { return {}; }
  // As above.
  virtual std::unique_ptr<filter::ListenerFilterFactory> create(
      const google::protobuf::Message& settings, const FieldScope& settings_scope,
      BuildContext& context) const = 0;
};

// For a filter of HTTP messages.
class HttpFilterConfigFactory {
 public:
  virtual ~HttpFilterConfigFactory() = default;
  // As above: "weir.extensions.http.router.v1.Router".
  virtual std::string_view messageType() const = 0;
  // A terminal filter ends its chain: it answers, or has an upstream answer.
  virtual bool isTerminal() const { return false; }
  // As above.
  virtual std::unique_ptr<http::FilterFactory> create(const google::protobuf::Message& settings,
                                                      const FieldScope& settings_scope,
                                                      BuildContext& context) const = 0;
};

// The extensions that are part of this program. Filled once, then only read.
class Registry {
 public:
  // Adding a message type twice aborts.
  void add(std::unique_ptr<NetworkFilterConfigFactory> factory);
  void add(std::unique_ptr<ListenerFilterConfigFactory> factory);
  void add(std::unique_ptr<HttpFilterConfigFactory> factory);

  // By the full name of the message; null if there is none.
  const NetworkFilterConfigFactory* networkFilter(std::string_view message_type) const;
  const ListenerFilterConfigFactory* listenerFilter(std::string_view message_type) const;
  const HttpFilterConfigFactory* httpFilter(std::string_view message_type) const;

  // The message types of all, listener filters first.
  std::vector<std::string> messageTypes() const;

  // All of them, in the order in which they were added.
  const std::vector<std::unique_ptr<NetworkFilterConfigFactory>>& networkFilters() const {
    return network_;
  }
  const std::vector<std::unique_ptr<ListenerFilterConfigFactory>>& listenerFilters() const {
    return listener_;
  }
  const std::vector<std::unique_ptr<HttpFilterConfigFactory>>& httpFilters() const { return http_; }

 private:
  bool contains(std::string_view message_type) const;

  std::vector<std::unique_ptr<NetworkFilterConfigFactory>> network_;
  std::vector<std::unique_ptr<ListenerFilterConfigFactory>> listener_;
  std::vector<std::unique_ptr<HttpFilterConfigFactory>> http_;
};

}  // namespace weir::config
