#include "source/config/extension_types.h"

#include <optional>

#include "source/config/nearest_name.h"
#include "source/config/node.h"

namespace weir::config {
namespace {

constexpr std::string_view Ours = "weir.extensions.";

std::string_view messageName(std::string_view type) { return type.substr(type.rfind('.') + 1); }

// "weir.extensions.network." of "weir.extensions.network.echo.v1.Echo"; empty for a type that is
// not ours.
std::string_view kindOf(std::string_view type) {
  if (!type.starts_with(Ours)) return {};
  const size_t dot = type.find('.', Ours.size());
  return dot == std::string_view::npos ? std::string_view() : type.substr(0, dot + 1);
}

std::vector<std::string> ofKind(std::string_view kind, const std::vector<std::string>& known) {
  std::vector<std::string> same;
  for (const std::string& type : known) {
    if (type.starts_with(kind)) same.push_back(type);
  }
  return same.empty() ? known : same;
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

}  // namespace

std::string unknownTypeMessage(std::string_view type, const std::vector<std::string>& known) {
  const std::string_view kind = kindOf(type);
  const std::vector<std::string> candidates = ofKind(kind, known);
  auto nearest = nearestType(type, candidates);
  if (!nearest) nearest = nearestType(type, known);
  if (nearest) return "unknown type " + quote(type) + "; did you mean \"" + *nearest + "\"?";
  std::string list;
  for (const std::string& candidate : candidates) list += (list.empty() ? "" : ", ") + candidate;
  const std::string what = kind.empty() ? "unknown type " + quote(type)
                                        : "the type " + quote(type) + " is not part of this build";
  return list.empty() ? what : what + "; known types: " + list;
}

}  // namespace weir::config
