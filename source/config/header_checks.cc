#include "source/config/header_checks.h"

#include <algorithm>
#include <array>
#include <unordered_set>
#include <utility>

#include "api/weir/config/v1/route.pb.h"
#include "source/config/field_checks.h"
#include "source/config/node.h"
#include "source/http/characters.h"
#include "source/http/header_id.h"

namespace weir::config {
namespace {

using http::HeaderToAdd;

bool isValueByte(char c) {
  return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

constexpr std::array<std::string_view, 9> OwnFields = {
    "connection", "content-length",    "http2-settings", "keep-alive", "proxy-connection",
    "te",         "transfer-encoding", "trailer",        "upgrade"};

HeaderToAdd::Action actionOf(v1::HeaderValueOption::HeaderAppendAction action) {
  switch (action) {
    case v1::HeaderValueOption::ADD_IF_ABSENT: return HeaderToAdd::Action::AddIfAbsent;
    case v1::HeaderValueOption::OVERWRITE_IF_EXISTS_OR_ADD: return HeaderToAdd::Action::Overwrite;
    case v1::HeaderValueOption::OVERWRITE_IF_EXISTS: return HeaderToAdd::Action::OverwriteIfPresent;
    default: return HeaderToAdd::Action::Append;
  }
}

}  // namespace

std::optional<std::string> checkHeaderName(const FieldScope& field, std::string_view name) {
  if (!checkRequired(field, name, "the name of a field, such as \"x-user\"")) return std::nullopt;
  if (http::isToken(name)) return http::lowerCase(name);
  field.error(quote(name) + " is not the name of a field");
  return std::nullopt;
}

std::optional<std::string> checkRequestHeaderName(const FieldScope& field, std::string_view name) {
  if (!name.starts_with(':')) {
    auto checked = checkHeaderName(field, name);
    return checked == "host" ? ":authority" : checked;
  }
  constexpr std::array<std::string_view, 5> Pseudo = {":method", ":scheme", ":authority", ":path",
                                                      ":protocol"};
  if (std::find(Pseudo.begin(), Pseudo.end(), name) != Pseudo.end()) return std::string(name);
  field.error(quote(name) +
              " is not a field of a request; with a colon there are :method, :scheme, "
              ":authority, :path and :protocol");
  return std::nullopt;
}

std::optional<std::string> checkChangeableHeader(const FieldScope& field, std::string_view name) {
  if (name.starts_with(':') || http::equalIgnoringCase(name, "host")) {
    field.error(quote(name) +
                " cannot be changed so; prefix_rewrite, regex_rewrite and "
                "host_rewrite_literal of a route change the path and the host");
    return std::nullopt;
  }
  auto checked = checkHeaderName(field, name);
  if (!checked || std::find(OwnFields.begin(), OwnFields.end(), *checked) == OwnFields.end()) {
    return checked;
  }
  field.error(quote(name) + " belongs to the connection or frames the body: it cannot be changed");
  return std::nullopt;
}

std::optional<std::string> checkHeaderValue(const FieldScope& field, std::string_view value) {
  if (!checkRequired(field, value, "the field's value")) return std::nullopt;
  const auto bad = std::find_if_not(value.begin(), value.end(), isValueByte);
  if (bad != value.end()) {
    field.error("the character " + quote(std::string(1, *bad)) + " cannot be in a field's value");
    return std::nullopt;
  }
  const auto isSpace = [](char c) { return c == ' ' || c == '\t'; };
  if (isSpace(value.front()) || isSpace(value.back())) {
    field.error("a field's value neither begins nor ends with white space");
    return std::nullopt;
  }
  std::string text;
  for (size_t i = 0; i < value.size(); ++i) {
    text += value[i];
    if (value[i] != '%') continue;
    if (i + 1 < value.size() && value[i + 1] == '%') {
      ++i;
      continue;
    }
    field.error("has a single %: there are no operators in values; write %% for a percent sign");
    return std::nullopt;
  }
  return text;
}

std::optional<HeaderToAdd> parseAddedHeader(const v1::HeaderValueOption& option,
                                            const FieldScope& scope) {
  const FieldScope header = scope.field("header");
  if (!option.has_header()) {
    header.error("is required: the field's key and value");
    return std::nullopt;
  }
  auto name = checkChangeableHeader(header.field("key"), option.header().key());
  auto value = checkHeaderValue(header.field("value"), option.header().value());
  if (!name || !value) return std::nullopt;
  return HeaderToAdd{std::move(*name), std::move(*value), actionOf(option.append_action())};
}

http::HeaderChanges parseHeaderChanges(
    const google::protobuf::RepeatedPtrField<v1::HeaderValueOption>& add,
    const google::protobuf::RepeatedPtrField<std::string>& remove, const HeaderChangeFields& fields,
    const FieldScope& scope) {
  http::HeaderChanges changes;
  for (int i = 0; i < add.size(); ++i) {
    const FieldScope field = scope.field(fields.add).index(static_cast<size_t>(i));
    if (auto header = parseAddedHeader(add[i], field)) changes.add.push_back(std::move(*header));
  }
  std::unordered_set<std::string> seen;
  for (int i = 0; i < remove.size(); ++i) {
    const FieldScope field = scope.field(fields.remove).index(static_cast<size_t>(i));
    const auto name = checkChangeableHeader(field, remove[i]);
    if (!name) continue;
    if (seen.insert(*name).second) {
      changes.remove.push_back(*name);
    } else {
      field.error(quote(remove[i]) + " stands twice in this list");
    }
  }
  return changes;
}

}  // namespace weir::config
