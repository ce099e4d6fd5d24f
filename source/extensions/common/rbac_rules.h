#pragma once

// The rules of rbac, the network filter and the HTTP filter: conditions on facts of a connection
// and on a request, put together with and, or and not. Facts may not be known yet, and then neither
// may the answer be: three values. Immutable plain values; any thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "source/filter/connection_info.h"
#include "source/filter/facts.h"
#include "source/http/route_match.h"
#include "source/net/address.h"
#include "source/net/security.h"

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
    Authenticated,    // the verified names of the client: principal
    Header,           // header, of the request
    UrlPath,          // path: of the request, without the query
  };
  Kind kind = Kind::Always;
  std::vector<RbacCondition> parts{};
  net::IpPrefix prefix{};
  uint16_t first_port = 0;
  uint16_t last_port = 0;
  std::string name{};
  weir::http::HeaderMatch header{};
  weir::http::TextMatch path{};
  std::optional<weir::http::TextMatch> principal{};  // nothing: whoever is verified
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

// What rules are about; refers to what it is made from.
struct RbacSubject {
  RbacSubject(const filter::Facts& of_connection,
              const weir::http::RequestView* of_request = nullptr,
              const net::IpAddress& of_client = {}, const net::Security* of_transport = nullptr)
      : facts(of_connection), request(of_request), client(of_client), security(of_transport) {}
  const filter::Facts& facts;
  const weir::http::RequestView* request;  // null: there is none, and conditions on it do not hold
  // Whom the request is taken to come from; family None: the source of the connection.
  net::IpAddress client;
  const net::Security* security;  // null: nobody is verified
  // The connection is only described, and `security` of no handshake: nobody knows which
  // certificate there will be.
  bool handshake_to_come = false;
};

// A fact outside `known`, or one that is unreadable, may be anything.
Truth evaluate(const RbacCondition& condition, const RbacSubject& subject);
RbacVerdict decide(const RbacRules& rules, const RbacSubject& subject);
// The same for a connection whose chain is chosen, and perhaps a request.
RbacVerdict decideFor(const RbacRules& rules, const filter::ConnectionInfo& connection,
                      const weir::http::RequestView* request = nullptr,
                      const net::IpAddress& client = {});
// The facts on which the rules hang.
filter::FactSet factsOf(const RbacCondition& condition);
filter::FactSet factsOf(const RbacRules& rules);

}  // namespace weir::extensions
