#include "source/extensions/network/rbac/factory.h"

#include <map>
#include <utility>

#include "api/weir/extensions/network/rbac/v1/rbac.pb.h"
#include "source/config/field_checks.h"
#include "source/extensions/network/rbac/rbac.h"

namespace weir::extensions {
namespace {

namespace v1 = weir::extensions::network::rbac::v1;
using Kind = RbacCondition::Kind;

constexpr config::IntegerRange Ports{1, 65535};

// Every function makes a condition from a message; what is wrong was reported, and the result is
// not used.
RbacCondition readPermission(const v1::Permission& proto, const FieldScope& scope);
RbacCondition readPrincipal(const v1::Principal& proto, const FieldScope& scope);

template <class List, class Read>
RbacCondition readList(Kind kind, const List& list, const FieldScope& field, Read read) {
  RbacCondition condition{.kind = kind};
  if (list.empty()) field.error("is required: at least one");
  for (int i = 0; i < list.size(); ++i) {
    condition.parts.push_back(read(list[i], field.index(static_cast<size_t>(i))));
  }
  return condition;
}

RbacCondition readAny(bool value, const FieldScope& field) {
  if (!value) field.error("must be true: it stands for everything; not_rule and not_id negate");
  return {.kind = Kind::Always};
}

RbacCondition readPrefix(Kind kind, const std::string& text, const FieldScope& field) {
  return {.kind = kind, .prefix = config::checkPrefix(field, text).value_or(net::IpPrefix{})};
}

uint16_t readPort(uint32_t port, const FieldScope& field) {
  return static_cast<uint16_t>(config::checkInteger(field, port, 1, Ports));
}

RbacCondition readPorts(const v1::PortRange& proto, const FieldScope& scope) {
  const uint16_t first = readPort(proto.start(), scope.field("start"));
  const uint16_t last = readPort(proto.end(), scope.field("end"));
  if (last < first) {
    scope.field("end").error(std::to_string(last) + " is less than start, " +
                             std::to_string(first));
  }
  return {.kind = Kind::DestinationPort, .first_port = first, .last_port = last};
}

RbacCondition readPermission(const v1::Permission& proto, const FieldScope& scope) {
  switch (proto.rule_case()) {
    case v1::Permission::kAny: return readAny(proto.any(), scope.field("any"));
    case v1::Permission::kAndRules:
      return readList(Kind::All, proto.and_rules().rules(), scope.field("and_rules").field("rules"),
                      readPermission);
    case v1::Permission::kOrRules:
      return readList(Kind::Any, proto.or_rules().rules(), scope.field("or_rules").field("rules"),
                      readPermission);
    case v1::Permission::kNotRule:
      return {.kind = Kind::Not,
              .parts = {readPermission(proto.not_rule(), scope.field("not_rule"))}};
    case v1::Permission::kDestinationIp:
      return readPrefix(Kind::DestinationIp, proto.destination_ip(), scope.field("destination_ip"));
    case v1::Permission::kDestinationPort: {
      const uint16_t port = readPort(proto.destination_port(), scope.field("destination_port"));
      return {.kind = Kind::DestinationPort, .first_port = port, .last_port = port};
    }
    case v1::Permission::kDestinationPortRange:
      return readPorts(proto.destination_port_range(), scope.field("destination_port_range"));
    case v1::Permission::kRequestedServerName: {
      const auto name = config::checkServerName(scope.field("requested_server_name"),
                                                proto.requested_server_name());
      return {.kind = Kind::ServerName, .name = name.value_or("")};
    }
    case v1::Permission::RULE_NOT_SET: break;
  }
  scope.error("is empty: set one of its fields; \"any: true\" permits everything");
  return {};
}

RbacCondition readPrincipal(const v1::Principal& proto, const FieldScope& scope) {
  switch (proto.identifier_case()) {
    case v1::Principal::kAny: return readAny(proto.any(), scope.field("any"));
    case v1::Principal::kAndIds:
      return readList(Kind::All, proto.and_ids().ids(), scope.field("and_ids").field("ids"),
                      readPrincipal);
    case v1::Principal::kOrIds:
      return readList(Kind::Any, proto.or_ids().ids(), scope.field("or_ids").field("ids"),
                      readPrincipal);
    case v1::Principal::kNotId:
      return {.kind = Kind::Not, .parts = {readPrincipal(proto.not_id(), scope.field("not_id"))}};
    case v1::Principal::kRemoteIp:
      return readPrefix(Kind::Source, proto.remote_ip(), scope.field("remote_ip"));
    case v1::Principal::kDirectRemoteIp:
      return readPrefix(Kind::DirectSource, proto.direct_remote_ip(),
                        scope.field("direct_remote_ip"));
    case v1::Principal::IDENTIFIER_NOT_SET: break;
  }
  scope.error("is empty: set one of its fields; \"any: true\" is everyone");
  return {};
}

RbacCondition readPolicy(const v1::Policy& proto, const FieldScope& scope) {
  RbacCondition both{.kind = Kind::All};
  both.parts.push_back(
      readList(Kind::Any, proto.permissions(), scope.field("permissions"), readPermission));
  both.parts.push_back(
      readList(Kind::Any, proto.principals(), scope.field("principals"), readPrincipal));
  return both;
}

RbacRules readRules(const v1::Rules& proto, const FieldScope& scope) {
  RbacRules rules;
  rules.allow = proto.action() == v1::Rules::ALLOW;
  const FieldScope field = scope.field("policies");
  if (proto.policies().empty()) field.error("is required: at least one");
  // A map has no order of its own.
  const std::map<std::string, v1::Policy> sorted(proto.policies().begin(), proto.policies().end());
  for (const auto& [name, policy] : sorted) {
    rules.policies.push_back({name, readPolicy(policy, field.field(name))});
    if (name.empty() || name == "-") field.error("a policy's name must not be empty or \"-\"");
  }
  return rules;
}

class Factory final : public config::NetworkFilterConfigFactory {
 public:
  std::string_view messageType() const override { return v1::Rbac::descriptor()->full_name(); }
  bool isTerminal() const override { return false; }

  std::unique_ptr<filter::NetworkFilterFactory> create(const google::protobuf::Message& message,
                                                       const FieldScope& scope,
                                                       config::BuildContext&) const override {
    const auto& proto = dynamic_cast<const v1::Rbac&>(message);
    RbacSettings settings;
    settings.stat_prefix = proto.stat_prefix();
    config::checkRequired(scope.field("stat_prefix"), settings.stat_prefix,
                          "the label of its metrics");
    if (proto.has_rules()) settings.rules = readRules(proto.rules(), scope.field("rules"));
    if (proto.has_shadow_rules())
      settings.shadow_rules = readRules(proto.shadow_rules(), scope.field("shadow_rules"));
    if (!settings.rules && !settings.shadow_rules)
      scope.field("rules").error("is required, unless there are shadow_rules");
    return std::make_unique<RbacFactory>(std::move(settings));
  }
};

}  // namespace

std::unique_ptr<config::NetworkFilterConfigFactory> makeRbacConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::extensions
