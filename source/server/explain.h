#pragma once

// Says why a connection would go where it would go: the same listener filters and the same matcher
// as the data plane, without a network. For `weir explain` and the admin port. One thread.

#include <optional>
#include <string>
#include <vector>

#include "source/base/result.h"
#include "source/config/settings.h"
#include "source/filter/request_explanation.h"
#include "source/net/address.h"

namespace weir::server {

// What is known about the connection. What is not given is not known.
struct ExplainRequest {
  std::string listener;  // empty: the one bound to `destination`, or the only one
  net::IpPort destination;
  std::optional<net::IpPort> source;
  std::optional<std::string> server_name;  // this or alpn: a TLS client
  std::optional<std::vector<std::string>> alpn;
  std::optional<std::string> bytes;  // the client's first bytes
  // A request of which is to be told where it goes. Without `bytes` and what tells of TLS, it is
  // what the client sends first.
  std::optional<filter::RequestDescription> request;
  std::string option_prefix = "--";  // before the names of options, in errors
};

// The same as words of a user: options of the command line, or parameters of a query.
struct ExplainWords {
  std::optional<std::string> listener = {};
  std::optional<std::string> dst = {};
  std::optional<std::string> src = {};
  std::optional<std::string> sni = {};
  std::optional<std::string> alpn = {};
  std::optional<std::string> bytes = {};
  std::optional<std::string> method = {};  // one of these five: a request
  std::optional<std::string> host = {};
  std::optional<std::string> path = {};
  std::vector<std::string> headers = {};         // "name:value"
  std::optional<std::string> http_version = {};  // "1.0", "1.1" or "2"
};

// An error (InvalidArgument) says which word is wrong and what is wanted; `prefix` stands before
// its name.
Result<ExplainRequest> readExplainRequest(const ExplainWords& words, const std::string& prefix);

// C escapes (\r \n \t \0 \\ \xHH) to bytes; an error names the bad one.
Result<std::string> unescape(const std::string& text);

struct Explanation {
  enum class Outcome : uint8_t { Chosen, Waits, Refused, Closed };
  struct FactLine {
    std::string name;
    std::string value;
    std::string provider;
    bool known;
  };
  struct Predicate {
    std::string field;
    std::string outcome;
    std::string expected;
    std::string actual;
  };
  struct Chain {
    std::string name;
    std::string verdict;
    bool chosen;
    std::vector<Predicate> predicates;
  };
  std::string listener;
  std::string address;
  std::string header_reader;  // the filter that takes a header off first, if there is one
  std::vector<FactLine> facts;
  std::vector<Chain> chains;  // most specific first
  Outcome outcome = Outcome::Closed;
  std::string chain;  // Chosen
  std::string protocol;
  std::string reason;  // Chosen
  // Chosen: of the chain, those that say what they do with the connection, up to one that ends it.
  std::vector<filter::FilterExplanation> filters;
  std::optional<filter::RequestExplanation> request;  // Chosen, it passes, and it was asked for
  std::vector<std::string> remarks;                   // what happens, and what would with silence
};

// An error if it is not clear which listener is meant, or what its chains ask for is not given.
Result<Explanation> explainConnection(const config::BootstrapSettings& settings,
                                      const ExplainRequest& request);

std::string explanationText(const Explanation& explanation);
// An object, with the text in it.
std::string explanationJson(const Explanation& explanation);

}  // namespace weir::server
