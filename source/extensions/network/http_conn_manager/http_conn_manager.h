#pragma once

// Terminal network filter: speaks HTTP/1 and HTTP/2 with the client, and runs each request through
// HTTP filters, of which the router is the last.
//
// Close reasons in the access log: client_fin, idle_timeout, drained, and the name of what was
// broken: see docs/http.md.

#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "source/extensions/network/http_conn_manager/explain_request.h"
#include "source/extensions/network/http_conn_manager/settings.h"
#include "source/filter/network_filter.h"

namespace weir::extensions {

// Immutable; any thread. The filter that it makes belongs to one connection and its loop.
class HttpConnManagerFactory final : public filter::NetworkFilterFactory {
 public:
  explicit HttpConnManagerFactory(HttpConnManagerSettings settings)
      : settings_(std::move(settings)) {}

  std::string_view name() const override { return "http_conn_manager"; }
  std::vector<std::string_view> statPrefixes() const override;
  std::vector<std::string_view> logFiles() const override;
  void create(filter::FilterAdder& adder) const override;
  filter::FactSet requiredFacts() const override;
  std::optional<filter::RequestExplanation> explainRequest(
      const filter::RequestDescription& request,
      const filter::ConnectionInfo& connection) const override {
    return extensions::explainRequest(settings_, request, connection);
  }

 private:
  const HttpConnManagerSettings settings_;
};

}  // namespace weir::extensions
