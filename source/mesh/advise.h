#pragma once

// `weir advise`: what has to be configured for a port or a protocol, mostly nothing, and why. Pure
// functions, any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "source/mesh/known_protocols.h"
#include "source/mesh/port_policy.h"

namespace weir::mesh {

struct AdviceQuestion {
  uint16_t port = 0;
  const KnownProtocol* protocol = nullptr;  // null: what the port tells
  bool tls = false;                         // the application speaks TLS from its first byte
  bool off_cluster = false;                 // the server is outside of the mesh
  const PortDefaults* defaults = portDefaultsOrNull(OwnPortDefaults);
};

// Something to set: an annotation, or a field of a Service.
struct AdviceSetting {
  std::string name;
  std::string value;
};

// What could be done instead, and when it is better.
struct AdviceAlternative {
  Treatment treatment;
  AdviceSetting setting;
  std::string when;
};

struct Advice {
  AdviceQuestion question;
  std::vector<const KnownProtocol*> protocols;  // that the port may have; none: not known
  Treatment treatment = Treatment::Detect;      // if nothing is configured
  std::string source;                           // by whose word
  std::vector<AdviceSetting> configure;         // empty: nothing needs to be
  std::string why;
  std::vector<AdviceAlternative> alternatives;
};

// Requires: a port.
Advice advise(const AdviceQuestion& question);

std::string adviceText(const Advice& advice);
// One object.
std::string adviceJson(const Advice& advice);

}  // namespace weir::mesh
