#pragma once

// What a route says is done with a request: plain settings, made when the configuration is read.
// Immutable; any thread. Which route a request takes is RouteTable's business (route_table.h).

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "source/base/backoff.h"
#include "source/base/time.h"

namespace weir::http {

class Regex;

// A field that is added to a message, or set in the place of those of its name.
struct HeaderToAdd {
  enum class Action : uint8_t {
    Append,       // beside those that are there
    AddIfAbsent,  // only if there is none
    Overwrite,    // in place of those that are there
    OverwriteIfPresent,
  };
  std::string name;  // lower case
  std::string value;
  Action action = Action::Append;
};

struct HeaderChanges {
  std::vector<HeaderToAdd> add;
  std::vector<std::string> remove;  // lower case
  bool empty() const { return add.empty() && remove.empty(); }
};

struct WeightedCluster {
  std::string name;
  uint32_t weight = 1;
  HeaderChanges request_headers = {};
  HeaderChanges response_headers = {};
};

// When a request is tried again; bits.
enum class RetryOn : uint32_t {
  ServerErrors = 1,          // 5xx: any status of 500 or more, and no answer at all
  GatewayErrors = 2,         // 502, 503, 504
  Reset = 4,                 // the upstream gave no answer: reset, or the connection ended
  ConnectFailure = 8,        // no connection could be made
  RefusedStream = 16,        // REFUSED_STREAM
  Retriable4xx = 32,         // 409
  RetriableStatus = 64,      // one of `statuses`
  ResetBeforeRequest = 128,  // as Reset, before anything of the request was sent
  GrpcCancelled = 256,
  GrpcDeadlineExceeded = 512,
  GrpcInternal = 1024,
  GrpcResourceExhausted = 2048,
  GrpcUnavailable = 4096,
};

struct RetryPolicy {
  uint32_t on = 0;  // RetryOn
  unsigned num_retries = 1;
  Duration per_try_timeout = Duration::zero();       // zero: the request's alone
  Duration per_try_idle_timeout = Duration::zero();  // zero: none
  std::vector<unsigned> statuses;
  BackoffSettings backoff{std::chrono::milliseconds(25), std::chrono::milliseconds(250)};
  bool has(RetryOn what) const { return (on & static_cast<uint32_t>(what)) != 0; }
};

// A copy of the request goes there, too, and its answer is dropped.
struct Mirror {
  std::string cluster;
  uint32_t per_million = 1'000'000;  // of the requests
};

// What the place on a hash ring follows from; the first one that has a value, if terminal, else all
// together.
struct HashPolicy {
  enum class Kind : uint8_t { Header, Cookie, SourceIp, QueryParameter };
  Kind kind = Kind::SourceIp;
  std::string name = {};
  // Of a cookie that the request does not have: it is set, to live so long. Nothing: it is not.
  std::optional<Duration> cookie_ttl = {};
  std::string cookie_path = {};
  bool terminal = false;
};

struct RegexRewrite {
  std::shared_ptr<const Regex> pattern;
  std::string substitution;  // \1 ... \9 are the groups
};

// Whether an upgrade may pass.
struct UpgradeRule {
  std::string type;  // a token of Upgrade in lower case, or "connect"
  bool enabled = true;
};

// To a cluster.
struct Forward {
  std::vector<WeightedCluster> clusters;  // at least one with a weight above 0
  // From the end of the request until the end of the response, over all tries; zero: no bound.
  Duration timeout = std::chrono::seconds(15);
  // Without a byte in either direction: as the connection manager says if there is none; zero:
  // never.
  std::optional<Duration> idle_timeout = {};
  Duration max_stream_duration = Duration::zero();  // zero: no bound
  std::optional<RetryPolicy> retry = {};
  std::optional<std::string> prefix_rewrite = {};  // in place of what the route's prefix or path is
  std::optional<RegexRewrite> regex_rewrite = {};  // of the path without the query
  std::string host_rewrite = {};                   // empty: none
  bool auto_host_rewrite = false;                  // the name of the endpoint, if it has one
  std::vector<Mirror> mirrors;
  std::vector<HashPolicy> hash_policy;
  // What the route says otherwise than the connection manager.
  std::vector<UpgradeRule> upgrades = {};
  // Whether an upgrade may pass; nothing: the connection manager says. `type`: as in UpgradeRule.
  // Never h2c, which we would have to speak ourselves: what follows would pass by all rules.
  std::optional<bool> allowsUpgrade(std::string_view type) const {
    if (type == "h2c") return false;
    for (const UpgradeRule& rule : upgrades) {
      if (rule.type == type) return rule.enabled;
    }
    return std::nullopt;
  }
};

// A CONNECT that ends here: its bytes go to a cluster, or to the authority that it names.
struct Tunnel {
  std::string cluster = {};  // empty: to the authority
  Duration idle_timeout = std::chrono::hours(1);
  // To the authority though that is this machine, or on its link only.
  bool allow_local_destinations = false;
};

struct Redirect {
  unsigned status = 301;    // 301, 302, 303, 307, 308
  std::string scheme = {};  // each: empty, as the request's
  std::string host = {};
  std::optional<uint16_t> port = {};
  std::string path = {};
  std::optional<std::string> prefix_rewrite = {};
  bool strip_query = false;
};

struct DirectResponse {
  unsigned status = 200;
  std::string body = {};
};

struct VirtualHost {
  std::string name;        // in logs and metrics
  std::string table = {};  // the name of the table that it stands in, for logs; may be empty
};

struct Route {
  std::string name;  // in logs and metrics; may be empty
  std::variant<Forward, Redirect, DirectResponse, Tunnel> action = {};
  // Of the route, its virtual host and the table together. Those of the weighted cluster that was
  // drawn come first.
  HeaderChanges request_headers = {};
  HeaderChanges response_headers = {};
  const VirtualHost* virtual_host = nullptr;
  // How much of the path the match spoke of: what prefix_rewrite replaces. Of a
  // regex or a CONNECT, nothing.
  size_t matched_prefix = 0;
};

}  // namespace weir::http
