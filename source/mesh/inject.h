#pragma once

// `weir inject` and `weir uninject` for one object of a manifest: adds the sidecar to a workload
// and writes port annotations on workloads, services and namespaces. Pure functions on trees, any
// thread.

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/result.h"
#include "source/mesh/kubernetes_object.h"
#include "source/mesh/port_policy.h"
#include "source/mesh/sidecar.h"

namespace weir::mesh {

// Lists to write on objects; nothing where none was given, as an empty list is one, too.
struct PortAnnotations {
  std::optional<std::string> opaque;
  std::optional<std::string> skip_inbound;
  std::optional<std::string> skip_outbound;
};

struct InjectOptions {
  PortAnnotations ports;
  SidecarSettings sidecar;
  const PortDefaults* defaults = portDefaultsOrNull(OwnPortDefaults);
};

// What the whole input says, which one object does not.
class ManifestNamespaces {
 public:
  // Takes note of a Namespace, a Service or a workload.
  void add(const YamlNode& object);
  // What the Namespaces will say once these are on them.
  void annotate(const PortAnnotations& ports);
  // The Namespace of this name; null if the input has none.
  const YamlNode* find(std::string_view name) const;
  // The ports that objects in it have names for.
  std::vector<NamedPort> namedPorts(std::string_view name) const;

 private:
  std::map<std::string, YamlNode, std::less<>> namespaces_;
  std::map<std::string, std::vector<NamedPort>, std::less<>> ports_;
};

// Corrected: a NetworkPolicy, by netpol.h.
enum class InjectOutcome : uint8_t { Injected, Annotated, Uninjected, Corrected, Skipped };

struct Injected {
  InjectOutcome outcome = InjectOutcome::Skipped;
  std::vector<std::string> warnings;
};

// Changes `object`, no List. It is first un-injected, so that once and twice are the same. An error
// leaves it half changed: it names the object, the annotation if it is about one, and why.
Result<Injected> injectObject(YamlNode& object, const InjectOptions& options,
                              const ManifestNamespaces& namespaces);

// Takes the sidecar out; annotations with lists of ports stay, as they are the user's.
Injected uninjectObject(YamlNode& object);

// The lists of one kind that count for an object, lowest first: the default, its namespace's (null:
// not known) and its own.
std::vector<WrittenPorts> writtenPorts(std::string_view annotation, const PortDefaults& defaults,
                                       const YamlNode* space, const YamlNode& annotated,
                                       const ObjectName& name);

}  // namespace weir::mesh
