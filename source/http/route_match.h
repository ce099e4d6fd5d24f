#pragma once

// Which requests a route is for: plain settings, and their meaning for one request. A route takes a
// request if all of its conditions hold. Immutable; any thread.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "source/http/header_map.h"
#include "source/http/text_match.h"

namespace weir::http {

// On :path, without its query.
struct PathMatch {
  enum class Kind : uint8_t {
    Prefix,
    Exact,
    SeparatedPrefix,  // the text, or what begins with it and a slash
    Regex,            // of the whole path
    Connect,          // any CONNECT that names no path; which no other kind matches
  };
  Kind kind = Kind::Prefix;
  std::string text = "/";
  std::shared_ptr<const Regex> regex = {};  // only with Kind::Regex
  bool case_sensitive = true;               // not of a regex
};

// The value as a whole is a number of start or more and less than end.
struct ValueRange {
  int64_t start = 0;
  int64_t end = 0;
};

// On the fields of a name. Several are matched as one value, joined by ",". One that is not there
// matches nothing, whether inverted or not, unless it is taken for empty or its presence is asked
// for.
struct HeaderMatch {
  struct Present {};
  std::string name;  // lower case; Host is :authority
  std::variant<Present, TextMatch, ValueRange> value = Present{};
  bool invert = false;
  bool missing_is_empty = false;
};

// On the first parameter of that name in the query, as it stands there (percent-encoded).
struct QueryMatch {
  std::string name;
  std::optional<TextMatch> value;  // nothing: it is there
};

struct RouteMatch {
  PathMatch path = {};
  std::vector<std::string> methods = {};  // one of them; empty: any
  std::vector<HeaderMatch> headers = {};
  std::vector<QueryMatch> query = {};
  bool grpc = false;  // content-type: application/grpc, and what begins with that and a plus sign

  // Nothing but the path.
  bool onlyPath() const { return methods.empty() && headers.empty() && query.empty() && !grpc; }
};

// A request as conditions see it; valid as long as its headers are.
struct RequestView {
  explicit RequestView(const HeaderMap& request);

  const HeaderMap& headers;
  std::string_view path;   // without the query
  std::string_view query;  // behind the question mark
  std::string_view method;
  bool tunnel;  // a CONNECT without a path (RFC 9110 9.3.6), not one with :protocol (RFC 8441)
};

bool holds(const PathMatch& match, const RequestView& request);
bool holds(const HeaderMatch& match, const RequestView& request);
bool holds(const QueryMatch& match, const RequestView& request);
// All but the path.
bool restHolds(const RouteMatch& match, const RequestView& request);

// The value of the first parameter of that name; nothing if there is none.
std::optional<std::string_view> queryParameter(std::string_view query, std::string_view name);

// One condition held against a request, for people.
struct ConditionResult {
  std::string field;     // "prefix", "headers[x-user]", as in the configuration
  std::string expected;  // "exact \"a\""
  std::string actual;    // what the request has, or "(none)"
  bool holds = false;
};
std::vector<ConditionResult> explain(const RouteMatch& match, const RequestView& request);
// The same for the same conditions, and for no others.
std::string keyOf(const RouteMatch& match);

}  // namespace weir::http
