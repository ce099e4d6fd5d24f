#pragma once

// Terminal filter of a skip port: relays to the destination that the client dialled, with nothing
// else: no other filter, no transport, no settings. Where redirect rules can leave the port out,
// the connection never gets here.

#include <memory>
#include <optional>

#include "source/extensions/network/common/upstream_relay.h"
#include "source/filter/network_filter.h"

namespace weir::extensions {

// Immutable; any thread. The filter that it makes belongs to one connection and its loop.
class BypassFactory final : public filter::NetworkFilterFactory {
 public:
  std::string_view name() const override { return "bypass"; }
  void create(filter::FilterAdder& adder) const override;
  filter::FactSet requiredFacts() const override { return filter::Fact::Destination; }
  std::optional<filter::FilterExplanation> explainConnection(
      const filter::ConnectionInfo& info) const override;
  bool connectsEarly() const override { return true; }
  std::unique_ptr<upstream::EarlyConnection> makeEarly(
      filter::Worker& worker, const filter::ConnectionInfo& info) const override;

 private:
  const RelaySettings settings_{};
};

}  // namespace weir::extensions
