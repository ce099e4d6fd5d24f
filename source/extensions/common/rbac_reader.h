#pragma once

// Reads the rules of rbac from the messages of the network filter or of the HTTP filter, whose
// common fields have the same names. `Extra` reads the fields that only one of them has:
//
//   struct Extra {
//     std::optional<RbacCondition> permission(const v1::Permission&, const FieldScope&) const;
//     std::optional<RbacCondition> principal(const v1::Principal&, const FieldScope&) const;
//   };
//
// with nothing for a message that has none of them. Every function makes a condition from a
// message; if something was wrong with it, that was reported, and the result is not used. Main
// thread, while a configuration is built.

#include <map>
#include <optional>
#include <string>
#include <utility>

#include "source/config/field_checks.h"
#include "source/config/matcher_checks.h"
#include "source/extensions/common/rbac_rules.h"

namespace weir::extensions {

template <class Extra>
class RbacReader {
 public:
  template <class Rules>
  RbacRules rules(const Rules& proto, const FieldScope& scope) const {
    RbacRules rules;
    rules.allow = proto.action() == Rules::ALLOW;
    const FieldScope field = scope.field("policies");
    if (proto.policies().empty()) field.error("is required: at least one");
    // A map has no order of its own.
    const std::map sorted(proto.policies().begin(), proto.policies().end());
    for (const auto& [name, one] : sorted) {
      rules.policies.push_back({name, policy(one, field.field(name))});
      if (name.empty() || name == "-") field.error("a policy's name must not be empty or \"-\"");
    }
    return rules;
  }

 private:
  using Kind = RbacCondition::Kind;

  template <class Policy>
  RbacCondition policy(const Policy& proto, const FieldScope& scope) const {
    RbacCondition both{.kind = Kind::All};
    both.parts.push_back(permissions(Kind::Any, proto.permissions(), scope.field("permissions")));
    both.parts.push_back(principals(Kind::Any, proto.principals(), scope.field("principals")));
    return both;
  }

  template <class List>
  RbacCondition permissions(Kind kind, const List& list, const FieldScope& field) const {
    return each(kind, list, field, [this](const auto& one, const FieldScope& scope) {
      return permission(one, scope);
    });
  }

  template <class List>
  RbacCondition principals(Kind kind, const List& list, const FieldScope& field) const {
    return each(kind, list, field,
                [this](const auto& one, const FieldScope& scope) { return principal(one, scope); });
  }

  template <class List, class Read>
  static RbacCondition each(Kind kind, const List& list, const FieldScope& field, Read read) {
    RbacCondition condition{.kind = kind};
    if (list.empty()) field.error("is required: at least one");
    for (int i = 0; i < list.size(); ++i) {
      condition.parts.push_back(read(list[i], field.index(static_cast<size_t>(i))));
    }
    return condition;
  }

  static RbacCondition always(bool value, const FieldScope& field) {
    if (!value) field.error("must be true: it stands for everything; not_rule and not_id negate");
    return {.kind = Kind::Always};
  }

  static RbacCondition prefix(Kind kind, const std::string& text, const FieldScope& field) {
    return {.kind = kind, .prefix = config::checkPrefix(field, text).value_or(net::IpPrefix{})};
  }

  static uint16_t port(uint32_t port, const FieldScope& field) {
    return static_cast<uint16_t>(config::checkInteger(field, port, 1, {1, 65535}));
  }

  static RbacCondition onePort(uint32_t number, const FieldScope& field) {
    const uint16_t checked = port(number, field);
    return {.kind = Kind::DestinationPort, .first_port = checked, .last_port = checked};
  }

  template <class PortRange>
  static RbacCondition ports(const PortRange& proto, const FieldScope& scope) {
    const uint16_t first = port(proto.start(), scope.field("start"));
    const uint16_t last = port(proto.end(), scope.field("end"));
    if (last < first) {
      scope.field("end").error(std::to_string(last) + " is less than start, " +
                               std::to_string(first));
    }
    return {.kind = Kind::DestinationPort, .first_port = first, .last_port = last};
  }

  static RbacCondition serverName(const std::string& text, const FieldScope& field) {
    return {.kind = Kind::ServerName, .name = config::checkServerName(field, text).value_or("")};
  }

  template <class Authenticated>
  static RbacCondition authenticated(const Authenticated& proto, const FieldScope& scope) {
    RbacCondition condition{.kind = Kind::Authenticated};
    if (proto.has_principal_name())
      condition.principal =
          config::parseStringMatcher(proto.principal_name(), scope.field("principal_name"));
    return condition;
  }

  template <class Permission>
  RbacCondition permission(const Permission& proto, const FieldScope& scope) const {
    switch (proto.rule_case()) {
      case Permission::kAny: return always(proto.any(), scope.field("any"));
      case Permission::kAndRules:
        return permissions(Kind::All, proto.and_rules().rules(),
                           scope.field("and_rules").field("rules"));
      case Permission::kOrRules:
        return permissions(Kind::Any, proto.or_rules().rules(),
                           scope.field("or_rules").field("rules"));
      case Permission::kNotRule:
        return {.kind = Kind::Not,
                .parts = {permission(proto.not_rule(), scope.field("not_rule"))}};
      case Permission::kDestinationIp:
        return prefix(Kind::DestinationIp, proto.destination_ip(), scope.field("destination_ip"));
      case Permission::kDestinationPort:
        return onePort(proto.destination_port(), scope.field("destination_port"));
      case Permission::kDestinationPortRange:
        return ports(proto.destination_port_range(), scope.field("destination_port_range"));
      case Permission::kRequestedServerName:
        return serverName(proto.requested_server_name(), scope.field("requested_server_name"));
      default: break;
    }
    if (auto condition = extra_.permission(proto, scope)) return std::move(*condition);
    scope.error("is empty: set one of its fields; \"any: true\" permits everything");
    return {};
  }

  template <class Principal>
  RbacCondition principal(const Principal& proto, const FieldScope& scope) const {
    switch (proto.identifier_case()) {
      case Principal::kAny: return always(proto.any(), scope.field("any"));
      case Principal::kAndIds:
        return principals(Kind::All, proto.and_ids().ids(), scope.field("and_ids").field("ids"));
      case Principal::kOrIds:
        return principals(Kind::Any, proto.or_ids().ids(), scope.field("or_ids").field("ids"));
      case Principal::kNotId:
        return {.kind = Kind::Not, .parts = {principal(proto.not_id(), scope.field("not_id"))}};
      case Principal::kRemoteIp:
        return prefix(Kind::Source, proto.remote_ip(), scope.field("remote_ip"));
      case Principal::kDirectRemoteIp:
        return prefix(Kind::DirectSource, proto.direct_remote_ip(),
                      scope.field("direct_remote_ip"));
      case Principal::kAuthenticated:
        return authenticated(proto.authenticated(), scope.field("authenticated"));
      default: break;
    }
    if (auto condition = extra_.principal(proto, scope)) return std::move(*condition);
    scope.error("is empty: set one of its fields; \"any: true\" is everyone");
    return {};
  }

  Extra extra_;
};

}  // namespace weir::extensions
