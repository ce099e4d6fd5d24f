#include "source/config/extension_types.h"

#include <algorithm>
#include <iterator>
#include <optional>

#include "source/config/nearest_name.h"
#include "source/config/node.h"

namespace weir::config {
namespace {

constexpr std::string_view Ours = "weir.extensions.";

struct Kind {
  std::string_view prefix;  // of its types
  std::string_view holder;  // the message with the typed_config
  std::string_view types;   // what they are called together
  std::string_view place;   // what one of them is, and where it stands
};
constexpr Kind Kinds[] = {
    {"weir.extensions.listener.", "weir.config.v1.ListenerFilter", "listener filters",
     "a listener filter: it belongs in listener_filters"},
    {"weir.extensions.network.", "weir.config.v1.NetworkFilter", "network filters",
     "a network filter: it belongs in the filters of a chain"},
    {"weir.extensions.http.", "weir.extensions.network.http_conn_manager.v1.HttpFilter",
     "HTTP filters", "an HTTP filter: it belongs in http_filters"},
};

const Kind* kindWithPrefix(std::string_view prefix) {
  const auto* found = std::find_if(std::begin(Kinds), std::end(Kinds),
                                   [&](const Kind& kind) { return kind.prefix == prefix; });
  return found == std::end(Kinds) ? nullptr : found;
}

// Of Envoy's messages, what does the same here under another name.
std::string_view ownNameOf(std::string_view message) {
  return message == "HttpInspector" ? "ProtoDetect" : message;
}

std::string_view messageName(std::string_view type) {
  return ownNameOf(type.substr(type.rfind('.') + 1));
}

// "weir.extensions.network." of "weir.extensions.network.echo.v1.Echo"; empty for a type that is
// not ours.
std::string_view kindOf(std::string_view type) {
  if (!type.starts_with(Ours)) return {};
  const size_t dot = type.find('.', Ours.size());
  return dot == std::string_view::npos ? std::string_view() : type.substr(0, dot + 1);
}

// Those that begin with `kind`.
std::vector<std::string> ofKind(std::string_view kind, const std::vector<std::string>& known) {
  std::vector<std::string> same;
  for (const std::string& type : known) {
    if (type.starts_with(kind)) same.push_back(type);
  }
  return same;
}

// "echo" of "weir.extensions.network.echo.v1.Echo"; empty for a type that is not ours.
std::string_view extensionName(std::string_view type) {
  const std::string_view kind = kindOf(type);
  const std::string_view rest = type.substr(kind.size());
  return kind.empty() ? std::string_view() : rest.substr(0, rest.find('.'));
}

// The type whose name, as `nameOf` cuts it out, is nearest. The whole of a type is no measure: the
// long prefix that all of them share would make every two of them look alike.
std::optional<std::string> nearestBy(std::string_view (*nameOf)(std::string_view),
                                     std::string_view type, const std::vector<std::string>& known) {
  std::vector<std::string> names;
  for (const std::string& candidate : known) names.emplace_back(nameOf(candidate));
  const auto nearest = nearestName(nameOf(type), names);
  if (!nearest) return std::nullopt;
  for (const std::string& candidate : known) {
    if (nameOf(candidate) == *nearest) return candidate;
  }
  return std::nullopt;
}

std::optional<std::string> nearestType(std::string_view type,
                                       const std::vector<std::string>& known) {
  const auto by_message = nearestBy(messageName, type, known);
  return by_message ? by_message : nearestBy(extensionName, type, known);
}

// "; known HTTP filters: a, b"
std::string listOf(std::string_view prefix, const std::vector<std::string>& types) {
  if (types.empty()) return {};
  const Kind* kind = kindWithPrefix(prefix);
  std::string list = "; known " + std::string(kind == nullptr ? "types" : kind->types) + ": ";
  for (const std::string& type : types) list += (&type == &types.front() ? "" : ", ") + type;
  return list;
}

}  // namespace

std::string_view extensionKindIn(std::string_view message) {
  const auto* found = std::find_if(std::begin(Kinds), std::end(Kinds),
                                   [&](const Kind& kind) { return kind.holder == message; });
  return found == std::end(Kinds) ? std::string_view() : found->prefix;
}

std::string extensionPlace(std::string_view type) {
  const Kind* kind = kindWithPrefix(kindOf(type));
  return kind == nullptr ? std::string() : std::string(kind->place);
}

std::string unknownTypeMessage(std::string_view type, const std::vector<std::string>& known,
                               std::string_view wanted) {
  const std::string_view own = kindOf(type);
  const std::string_view kind = wanted.empty() ? own : wanted;
  const std::vector<std::string> candidates = ofKind(kind, known);
  std::string text = "unknown type " + quote(type);
  if (const auto nearest = nearestType(type, candidates)) {
    return text + "; did you mean \"" + *nearest + "\"?";
  }
  if (const auto other = nearestType(type, known)) {
    text += "; did you mean \"" + *other + "\"?";
    const std::string place = wanted.empty() ? std::string() : extensionPlace(*other);
    return place.empty() ? text : text + " That is " + place;
  }
  if (!own.empty()) text = "the type " + quote(type) + " is not part of this build";
  // Where a program has none of the kind, what it has.
  return text + (candidates.empty() ? listOf({}, known) : listOf(kind, candidates));
}

}  // namespace weir::config
