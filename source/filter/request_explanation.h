#pragma once

// What a filter would do with a connection or a request, and where a request over a chosen chain
// would go, for people: what `weir explain` and the admin port ask of filters that authorise, and
// of a terminal filter that routes requests. Not for the data path.

#include <string>
#include <utility>
#include <vector>

#include "source/filter/facts.h"

namespace weir::net {
class OwnAddresses;
}

namespace weir::filter {

// Of one filter that can say so.
struct FilterExplanation {
  enum class Verdict : uint8_t { Passes, Ends, Unknown };
  std::string filter;  // its name
  Verdict verdict = Verdict::Passes;
  std::string outcome;  // what happens and by which rule, as a sentence
  // Facts that were not given, and on which the verdict hangs. Only with Unknown.
  FactSet missing = {};
  // Fields of a request that it looked for and that were not given, which it takes for absent.
  std::vector<std::string> missing_headers = {};
};

struct RequestDescription {
  enum class Version : uint8_t { Any, Http10, Http11, Http2 };  // Any: what its listener speaks
  std::string method = "GET";
  std::string host = {};  // the authority
  std::string path = "/";
  std::vector<std::pair<std::string, std::string>> headers = {};
  Version version = Version::Any;
  // Its head as a client of HTTP/1 sends it, in place of all of the above; empty: there is none.
  std::string head = {};
  // Where the process listens that is asked about; null: not known.
  const net::OwnAddresses* own_addresses = nullptr;
};

// The head as a client of HTTP/1 sends it.
std::string http1HeadOf(const RequestDescription& request);

struct RequestExplanation {
  struct Condition {
    std::string field;
    bool holds = false;
    std::string expected;
    std::string actual;
  };
  struct Route {
    std::string name;   // may be empty
    std::string place;  // in the configuration
    bool chosen = false;
    std::vector<Condition> conditions = {};
  };
  struct Cluster {
    std::string name;
    double percent = 100;  // of the requests
  };
  std::string protocol;  // that its connection is found to speak: "http/1.1", "h2c"
  std::string path;      // as it is matched
  std::string virtual_host;
  std::string domain;         // by which the virtual host was found
  std::vector<Route> routes;  // of the virtual host, up to the one that is chosen, or all
  std::string action;         // "forward", "redirect", "direct_response", "tunnel", "reject"
  std::string outcome;        // what happens, as a sentence
  std::string upstream_path;  // empty if it is not forwarded
  std::vector<Cluster> clusters = {};
  // Filters that it passes before that, in their order: those that say what they do, up to one that
  // ends it ...
  std::vector<FilterExplanation> verdicts = {};
  // ... and those that were not asked: they may answer or change it.
  std::vector<std::string> filters = {};
};

}  // namespace weir::filter
