#include "source/mesh/port_policy.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace weir::mesh {
namespace {

constexpr std::array<PortDefaults, 2> Defaults = {{
    {"linkerd-2.10", "25,443,587,3306,5432,11211", ""},
    {"linkerd-2.11", "25,587,3306,4444,5432,6379,9300,11211", "4567,4568"},
}};

struct KnownAppProtocol {
  std::string_view name;
  ProtocolHint hint;
};

// Kubernetes' own names, Linkerd's, and the plain ones that others use. A WebSocket begins as
// HTTP/1.
constexpr std::array<KnownAppProtocol, 16> AppProtocols = {{
    {"grpc", ProtocolHint::Http2},
    {"h2c", ProtocolHint::Http2},
    {"http", ProtocolHint::Http1},
    {"http2", ProtocolHint::Http2},
    {"https", ProtocolHint::Tls},
    {"kubernetes.io/h2c", ProtocolHint::Http2},
    {"kubernetes.io/ws", ProtocolHint::Http1},
    {"kubernetes.io/wss", ProtocolHint::Tls},
    {"linkerd.io/opaque", ProtocolHint::Opaque},
    {"linkerd.io/tcp", ProtocolHint::Opaque},
    {"memcache", ProtocolHint::Opaque},
    {"mysql", ProtocolHint::Opaque},
    {"postgresql", ProtocolHint::Opaque},
    {"redis", ProtocolHint::Opaque},
    {"tcp", ProtocolHint::Opaque},
    {"tls", ProtocolHint::Tls},
}};

bool equalsIgnoringCase(std::string_view left, std::string_view right) {
  return std::ranges::equal(left, right, [](char a, char b) {
    return std::tolower(static_cast<unsigned char>(a)) ==
           std::tolower(static_cast<unsigned char>(b));
  });
}

Treatment treatmentOf(ProtocolHint hint) {
  switch (hint) {
    case ProtocolHint::Detect: return Treatment::Detect;
    case ProtocolHint::Http1: return Treatment::Http1;
    case ProtocolHint::Http2: return Treatment::Http2;
    case ProtocolHint::Opaque: return Treatment::Opaque;
    case ProtocolHint::Tls: return Treatment::Tls;
  }
  return Treatment::Detect;
}

}  // namespace

std::string annotationSource(std::string_view annotation, std::string_view object) {
  return "annotation " + std::string(annotation) + " on " + std::string(object);
}

std::span<const PortDefaults> allPortDefaults() { return Defaults; }

const PortDefaults* portDefaultsOrNull(std::string_view name) {
  const auto* found = std::ranges::find(Defaults, name, &PortDefaults::name);
  return found == Defaults.end() ? nullptr : found;
}

const EffectivePorts::Part* EffectivePorts::partOrNull(uint16_t port) const {
  const auto found =
      std::ranges::find_if(parts_, [&](const Part& part) { return part.ports.contains(port); });
  return found == parts_.end() ? nullptr : &*found;
}

PortSet EffectivePorts::ports() const {
  PortSet all;
  for (const Part& part : parts_) all.add(part.ports);
  return all;
}

void EffectivePorts::apply(const PortList& list, PortLevel level, std::string_view source) {
  source_ = source;
  if (list.replaces()) parts_.clear();
  Part own{list.over({}), level, std::string(source)};
  for (const PortList::Change& change : list.changes()) {
    for (Part& lower : parts_) lower.ports.remove(change.ports);
  }
  std::erase_if(parts_, [](const Part& part) { return part.ports.empty(); });
  if (!own.ports.empty()) parts_.push_back(std::move(own));
}

Result<EffectivePorts> effectivePorts(std::span<const WrittenPorts> written,
                                      std::span<const NamedPort> names) {
  EffectivePorts ports;
  std::string complaints;
  for (const WrittenPorts& one : written) {
    const auto list = parsePortList(one.text, names);
    if (list.ok()) {
      ports.apply(list.value(), one.level, one.source);
      continue;
    }
    if (!complaints.empty()) complaints += "\n";
    complaints += one.source + ": " + list.error().detail;
  }
  if (!complaints.empty())
    return Error{ErrorCode::InvalidArgument, Side::Config, std::move(complaints)};
  return ports;
}

std::string_view toString(ProtocolHint hint) { return toString(treatmentOf(hint)); }

std::string_view toString(Treatment treatment) {
  switch (treatment) {
    case Treatment::Skip: return "skip";
    case Treatment::Opaque: return "opaque";
    case Treatment::Tls: return "tls";
    case Treatment::Http1: return "http1";
    case Treatment::Http2: return "http2";
    case Treatment::Detect: return "detect";
  }
  return "";
}

ProtocolHint hintOfAppProtocol(std::string_view app_protocol) {
  for (const KnownAppProtocol& known : AppProtocols) {
    if (equalsIgnoringCase(known.name, app_protocol)) return known.hint;
  }
  return ProtocolHint::Detect;
}

PortDecision decidePort(uint16_t port, const EffectivePorts& skipped, const EffectivePorts& opaque,
                        const std::optional<AppProtocol>& app_protocol) {
  if (const auto* part = skipped.partOrNull(port)) return {Treatment::Skip, part->source};
  const auto* part = opaque.partOrNull(port);
  if (part != nullptr && part->level == PortLevel::Object) return {Treatment::Opaque, part->source};
  if (app_protocol) {
    const ProtocolHint hint = hintOfAppProtocol(app_protocol->value);
    if (hint != ProtocolHint::Detect) return {treatmentOf(hint), app_protocol->source};
  }
  if (part != nullptr) return {Treatment::Opaque, part->source};
  return {Treatment::Detect, "no list has it"};
}

}  // namespace weir::mesh
