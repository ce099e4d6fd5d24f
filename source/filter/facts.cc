#include "source/filter/facts.h"

namespace weir::filter {

std::string_view toString(Fact fact) {
  switch (fact) {
    case Fact::Destination: return "destination";
    case Fact::Source: return "source";
    case Fact::DirectSource: return "direct_source";
    case Fact::TransportProtocol: return "transport_protocol";
    case Fact::ServerName: return "server_name";
    case Fact::ApplicationProtocols: return "application_protocols";
  }
  return "unknown";
}

}  // namespace weir::filter
