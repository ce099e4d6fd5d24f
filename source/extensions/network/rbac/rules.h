#pragma once

// The rules of rbac: conditions on facts, put together with and, or and not. Facts may not be known
// yet, and then neither may the answer be: three values. Immutable plain values; any thread.

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "source/filter/facts.h"
#include "source/net/address.h"

namespace weir::extensions {

enum class Truth : uint8_t { No, Unknown, Yes };

// One condition. `parts` is for All, Any (none of which is empty) and Not (exactly one).
struct RbacCondition {
  enum class Kind : uint8_t {
    Always,
    All,
    Any,
    Not,
    DestinationIp,    // in prefix
    DestinationPort,  // from first_port to last_port
    ServerName,       // name: lower case, exact or "*.suffix"
    Source,           // in prefix
    DirectSource,     // in prefix
  };
  Kind kind = Kind::Always;
  std::vector<RbacCondition> parts{};
  net::IpPrefix prefix{};
  uint16_t first_port = 0;
  uint16_t last_port = 0;
  std::string name{};
};

struct RbacPolicy {
  std::string name;
  RbacCondition condition;  // permissions and principals
};

struct RbacRules {
  bool allow = true;                 // else the policies say what is denied
  std::vector<RbacPolicy> policies;  // never empty; the first that matches counts
};

struct RbacVerdict {
  Truth allowed = Truth::Unknown;
  size_t policy =
      0;  // the one that matches; policies.size() if none does. Only if `allowed` is known
};

// A fact outside `known`, or one that is unreadable, may be anything.
Truth evaluate(const RbacCondition& condition, const filter::Facts& facts);
RbacVerdict decide(const RbacRules& rules, const filter::Facts& facts);
// The facts on which the rules hang.
filter::FactSet factsOf(const RbacCondition& condition);
filter::FactSet factsOf(const RbacRules& rules);

}  // namespace weir::extensions
