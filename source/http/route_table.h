#pragma once

// Chooses the route of a request: the virtual host by the authority (domain_index.h says how), and
// of its routes the first all of whose conditions hold (route_match.h). The order of the routes
// decides, as if they were tried one by one; an index over the paths finds those that are worth
// trying.
//
// Made once from a configuration, immutable, and read by all workers. Choosing allocates nothing,
// but for a header of several long fields on which a condition is, and what a regular expression
// caches.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/base/diagnostics.h"
#include "source/http/domain_index.h"
#include "source/http/header_map.h"
#include "source/http/path_index.h"
#include "source/http/route.h"
#include "source/http/route_match.h"

namespace weir::http {

// `path`: where in the configuration it stands, for messages.
struct RouteSpec {
  std::string path = {};
  RouteMatch match = {};
  Route route = {};  // virtual_host and matched_prefix are set by the table
};

struct VirtualHostSpec {
  std::string name;
  std::string path = {};
  std::vector<std::string> domains = {};
  std::vector<RouteSpec> routes = {};
  std::string table = {};  // see VirtualHost
};

// Why a request takes the route that it takes.
struct RouteAnswer {
  struct Try {
    std::string name;  // may be empty
    std::string path;  // in the configuration
    bool chosen = false;
    std::vector<ConditionResult> conditions = {};
  };
  std::string virtual_host;      // empty if no domain is the authority's
  std::string domain;            // by which the virtual host was found
  std::vector<Try> tries;        // the routes up to the one that is chosen, or all
  const Route* route = nullptr;  // null: none; as long as the table lives
};

class RouteTable {
 public:
  // Reports to `diagnostics`, each at its place and naming both: domains that are twice in the
  // table, routes with the conditions of an earlier one, and routes that an earlier one leaves
  // nothing to. Never null; with errors reported it must not be used.
  static std::shared_ptr<const RouteTable> compile(std::vector<VirtualHostSpec> hosts,
                                                   Diagnostics& diagnostics);
  RouteTable(const RouteTable&) = delete;
  RouteTable& operator=(const RouteTable&) = delete;

  // `request` has :method, :authority and :path, a CONNECT the first two. The path is normalised
  // (path.h). Null if no virtual host or none of its routes takes it. What is returned lives as
  // long as the table.
  const Route* find(const HeaderMap& request) const;
  // Not for the data path.
  RouteAnswer explain(const HeaderMap& request) const;

  // All routes, to look at what they name.
  template <class Visit>
  void eachRoute(Visit visit) const {
    for (const Host& host : hosts_) {
      for (const RouteSpec& spec : host.routes) visit(spec.route);
    }
  }

 private:
  // Where a route stands in the index, and what is still to be checked.
  struct Candidate {
    uint32_t route;
    PathMatch::Kind kind;
    bool more;  // it has other conditions than its path
  };
  struct Host {
    explicit Host(VirtualHostSpec spec);
    const Route* find(const RequestView& request) const;
    bool takes(const Candidate& candidate, const RequestView& request, size_t size) const;

    std::unique_ptr<const VirtualHost> name;
    std::vector<RouteSpec> routes;
    std::vector<Candidate> candidates;  // of each route
    std::vector<uint32_t> connects;     // the routes for CONNECT
    PathIndex exact_case;
    PathIndex any_case;
  };

  RouteTable() = default;

  std::vector<Host> hosts_;
  DomainIndex domains_;
};

// The cluster that `random`, a number in which every bit is, draws by weight.
const WeightedCluster& pickCluster(const Forward& forward, uint64_t random);

}  // namespace weir::http
