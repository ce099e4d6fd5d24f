#pragma once

// Which ports are skipped, opaque or of a known protocol, by whose word: lists on a workload or
// service, on its namespace, and the default, as users of Linkerd write them. The kernel's rules,
// the proxy's chains and the manifests all ask here. Plain values and pure functions, any thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/result.h"
#include "source/mesh/ports.h"

namespace weir::mesh {

inline constexpr std::string_view OpaquePortsAnnotation = "config.linkerd.io/opaque-ports";
inline constexpr std::string_view SkipInboundPortsAnnotation =
    "config.linkerd.io/skip-inbound-ports";
inline constexpr std::string_view SkipOutboundPortsAnnotation =
    "config.linkerd.io/skip-outbound-ports";

// "annotation config.linkerd.io/opaque-ports on namespace shop"
std::string annotationSource(std::string_view annotation, std::string_view object);

// The defaults of one Linkerd release. Skipped: inbound and outbound alike.
struct PortDefaults {
  std::string_view name;
  std::string_view opaque;
  std::string_view skipped;
};
// Weir's own.
inline constexpr std::string_view OwnPortDefaults = "linkerd-2.11";
// All of them, for a message.
std::span<const PortDefaults> allPortDefaults();
// Null if no defaults have this name.
const PortDefaults* portDefaultsOrNull(std::string_view name);

// Who wrote a list. A higher one replaces, or changes, what is below it.
enum class PortLevel : uint8_t { Default, Namespace, Object };

// A list as it was written. On an object: a workload, for what is done with connections to it, or a
// service, for what its clients do.
struct WrittenPorts {
  PortLevel level = PortLevel::Default;
  std::string text;
  std::string source;  // for people: annotationSource(), or "default linkerd-2.11"
};

// The ports that a list means in the end, each with the list to which it is owed.
class EffectivePorts {
 public:
  struct Part {
    PortSet ports;
    PortLevel level;
    std::string source;
  };

  bool contains(uint16_t port) const { return partOrNull(port) != nullptr; }
  // By whose word the port is in it; null if it is not. Valid as long as this.
  const Part* partOrNull(uint16_t port) const;
  PortSet ports() const;
  // From the lowest level to the highest; no port is in two of them.
  std::span<const Part> parts() const { return parts_; }
  // The highest list of those that were written: it decided that a port is not in it.
  const std::string& source() const { return source_; }

  // Puts one more list on top.
  void apply(const PortList& list, PortLevel level, std::string_view source);

 private:
  std::vector<Part> parts_;
  std::string source_;
};

// `written` from the lowest level to the highest; names of ports mean those of the object. Every
// list is read, also one that another replaces, so that a wrong one does not lie in wait. The error
// names the list's source and each of its bad entries.
Result<EffectivePorts> effectivePorts(std::span<const WrittenPorts> written,
                                      std::span<const NamedPort> names);

// What is known of a port's protocol before a connection.
enum class ProtocolHint : uint8_t {
  Detect,  // nothing
  Http1,
  Http2,   // with prior knowledge; gRPC
  Opaque,  // bytes are not looked at
  Tls,     // the application's own TLS: passed through, not looked into
};
std::string_view toString(ProtocolHint hint);

// Of a Kubernetes Service port's appProtocol, in upper or lower case. "" and values that are not
// known give Detect: looking at the bytes loses nothing, while a wrong guess does.
ProtocolHint hintOfAppProtocol(std::string_view app_protocol);

// What becomes of connections to a port.
enum class Treatment : uint8_t { Skip, Opaque, Tls, Http1, Http2, Detect };
std::string_view toString(Treatment treatment);

struct PortDecision {
  Treatment treatment = Treatment::Detect;
  std::string source;  // by whose word; for Detect, "no list has it"
};

// An appProtocol, and where it was written: "appProtocol http of service shop/web".
struct AppProtocol {
  std::string value;
  std::string source;
};

// Skipped wins: such a connection never meets the proxy. Then an opaque list of the object itself,
// then its appProtocol, then the opaque lists of namespace and default: the word that was said for
// fewer ports holds, on the client's side as on the server's.
PortDecision decidePort(uint16_t port, const EffectivePorts& skipped, const EffectivePorts& opaque,
                        const std::optional<AppProtocol>& app_protocol);

}  // namespace weir::mesh
