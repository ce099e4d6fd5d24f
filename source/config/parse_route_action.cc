#include <algorithm>
#include <chrono>
#include <string>
#include <unordered_set>

#include "api/weir/config/v1/route.pb.h"
#include "source/config/field_checks.h"
#include "source/config/header_checks.h"
#include "source/config/host_checks.h"
#include "source/config/matcher_checks.h"
#include "source/config/node.h"
#include "source/config/parse_route.h"
#include "source/config/path_checks.h"
#include "source/http/characters.h"

namespace weir::config {
namespace {

using http::HashPolicy;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr uint64_t MaxWeight = 1'000'000;
constexpr DurationRange StreamRange{milliseconds(1), hours(24), true};

class RouteActionParser {
 public:
  RouteActionParser(const v1::RouteAction& action, const http::PathMatch& match,
                    const FieldScope& scope, BuildContext& context)
      : action_(action), match_(match), scope_(scope), context_(context) {}

  http::Forward parse() {
    parseClusters();
    parseRewrites();
    parseTimes();
    if (action_.has_retry_policy()) {
      forward_.retry = parseRetryPolicy(action_.retry_policy(), scope_.field("retry_policy"));
    }
    eachOf("request_mirror_policies", action_.request_mirror_policies(),
           &RouteActionParser::parseMirror);
    eachOf("hash_policy", action_.hash_policy(), &RouteActionParser::parseHash);
    eachOf("upgrade_configs", action_.upgrade_configs(), &RouteActionParser::parseUpgrade);
    return std::move(forward_);
  }

 private:
  template <class Messages, class Message>
  void eachOf(std::string_view name, const Messages& messages,
              void (RouteActionParser::*parseOne)(const Message&, const FieldScope&)) {
    const FieldScope list = scope_.field(name);
    for (int i = 0; i < messages.size(); ++i) {
      (this->*parseOne)(messages[i], list.index(static_cast<size_t>(i)));
    }
  }

  void parseClusters() {
    using Action = v1::RouteAction;
    switch (action_.cluster_specifier_case()) {
      case Action::kCluster:
        context_.checkCluster(scope_.field("cluster"), action_.cluster());
        forward_.clusters.push_back({action_.cluster()});
        break;
      case Action::kWeightedClusters: parseWeighted(); break;
      case Action::CLUSTER_SPECIFIER_NOT_SET:
        scope_.error("is required: one of cluster or weighted_clusters");
        break;
    }
  }

  void parseWeighted() {
    const FieldScope list = scope_.field("weighted_clusters").field("clusters");
    const auto& clusters = action_.weighted_clusters().clusters();
    uint64_t total = 0;
    std::unordered_set<std::string> seen;
    for (int i = 0; i < clusters.size(); ++i) {
      const FieldScope scope = list.index(static_cast<size_t>(i));
      const FieldScope name = scope.field("name");
      const bool known = context_.checkCluster(name, clusters[i].name());
      if (!seen.insert(clusters[i].name()).second && known) {
        name.error(quote(clusters[i].name()) + " stands twice among the clusters");
      }
      parseShare(clusters[i], scope);
      total += clusters[i].weight();
    }
    if (clusters.empty()) list.error("is required: at least one cluster");
    if (!clusters.empty() && total == 0) {
      list.error("at least one cluster must have a weight above 0");
    }
  }

  void parseShare(const v1::WeightedClusters::ClusterWeight& config, const FieldScope& scope) {
    http::WeightedCluster cluster;
    cluster.name = config.name();
    cluster.weight = static_cast<uint32_t>(
        checkInteger(scope.field("weight"), config.weight(), 0, {0, MaxWeight}));
    cluster.request_headers =
        parseHeaderChanges(config.request_headers_to_add(), config.request_headers_to_remove(),
                           RequestHeaderFields, scope);
    cluster.response_headers =
        parseHeaderChanges(config.response_headers_to_add(), config.response_headers_to_remove(),
                           ResponseHeaderFields, scope);
    forward_.clusters.push_back(std::move(cluster));
  }

  void parseRewrites() {
    const FieldScope prefix = scope_.field("prefix_rewrite");
    if (action_.has_prefix_rewrite()) {
      checkRewritable(prefix, match_);
      if (!action_.prefix_rewrite().empty()) {
        checkPathText(prefix, action_.prefix_rewrite(), "a path");
      }
      checkNoQuery(prefix, action_.prefix_rewrite());
      forward_.prefix_rewrite = action_.prefix_rewrite();
    }
    if (action_.has_regex_rewrite()) parseRegexRewrite(scope_.field("regex_rewrite"));
    if (action_.host_rewrite_specifier_case() == v1::RouteAction::kHostRewriteLiteral) {
      checkAuthority(scope_.field("host_rewrite_literal"), action_.host_rewrite_literal());
      forward_.host_rewrite = action_.host_rewrite_literal();
    }
    forward_.auto_host_rewrite = action_.auto_host_rewrite();
  }

  void parseRegexRewrite(const FieldScope& scope) {
    const auto& config = action_.regex_rewrite();
    if (action_.has_prefix_rewrite()) scope.error("cannot be used with prefix_rewrite");
    if (match_.kind == http::PathMatch::Kind::Connect) {
      scope.error("is not for connect_matcher: there is no path");
    }
    auto pattern = checkRegex(config.pattern(), scope.field("pattern"));
    if (pattern == nullptr) return;
    if (const auto fits = pattern->checkSubstitution(config.substitution()); !fits.ok()) {
      scope.field("substitution").error("is wrong: " + fits.error().detail);
    }
    checkNoQuery(scope.field("substitution"), config.substitution());
    checkPathBytes(scope.field("substitution"), config.substitution(), "a path");
    forward_.regex_rewrite = http::RegexRewrite{std::move(pattern), config.substitution()};
  }

  void parseTimes() {
    forward_.timeout =
        checkDuration(scope_.field("timeout"), action_.has_timeout() ? &action_.timeout() : nullptr,
                      forward_.timeout, StreamRange);
    if (action_.has_idle_timeout()) {
      forward_.idle_timeout = checkDuration(scope_.field("idle_timeout"), &action_.idle_timeout(),
                                            seconds(0), StreamRange);
    }
    const auto& longest = action_.max_stream_duration();
    forward_.max_stream_duration =
        checkDuration(scope_.field("max_stream_duration").field("max_stream_duration"),
                      longest.has_max_stream_duration() ? &longest.max_stream_duration() : nullptr,
                      forward_.max_stream_duration, StreamRange);
  }

  void parseMirror(const v1::RequestMirrorPolicy& policy, const FieldScope& scope) {
    context_.checkCluster(scope.field("cluster"), policy.cluster());
    http::Mirror mirror{policy.cluster()};
    if (policy.has_fraction()) {
      mirror.per_million = parseFraction(policy.fraction(), scope.field("fraction"));
    }
    forward_.mirrors.push_back(std::move(mirror));
  }

  void parseHash(const v1::HashPolicy& config, const FieldScope& scope) {
    HashPolicy policy;
    policy.terminal = config.terminal();
    switch (config.policy_specifier_case()) {
      case v1::HashPolicy::kHeader: {
        const auto name = checkRequestHeaderName(scope.field("header").field("header_name"),
                                                 config.header().header_name());
        policy.kind = HashPolicy::Kind::Header;
        policy.name = name.value_or("");
        break;
      }
      case v1::HashPolicy::kCookie:
        parseCookie(config.cookie(), scope.field("cookie"), policy);
        break;
      case v1::HashPolicy::kConnectionProperties:
        if (!config.connection_properties().source_ip()) {
          scope.field("connection_properties").field("source_ip").error("is required to be true");
        }
        break;
      case v1::HashPolicy::kQueryParameter:
        policy.kind = HashPolicy::Kind::QueryParameter;
        policy.name = config.query_parameter().name();
        checkRequired(scope.field("query_parameter").field("name"), policy.name,
                      "the name of a parameter in the query");
        break;
      case v1::HashPolicy::POLICY_SPECIFIER_NOT_SET:
        scope.error(
            "is required: one of header, cookie, connection_properties or "
            "query_parameter");
        break;
    }
    forward_.hash_policy.push_back(std::move(policy));
  }

  void parseCookie(const v1::HashPolicy::Cookie& cookie, const FieldScope& scope,
                   HashPolicy& policy) {
    policy.kind = HashPolicy::Kind::Cookie;
    policy.name = cookie.name();
    if (checkRequired(scope.field("name"), cookie.name(), "the name of a cookie") &&
        !http::isToken(cookie.name())) {
      scope.field("name").error(quote(cookie.name()) + " is not the name of a cookie");
    }
    if (cookie.has_ttl()) {
      policy.cookie_ttl = checkDuration(scope.field("ttl"), &cookie.ttl(), seconds(0),
                                        {seconds(1), hours(87'600), true});
    }
    policy.cookie_path = cookie.path();
    if (cookie.path().empty()) return;
    if (!cookie.has_ttl()) scope.field("path").error("does nothing without ttl");
    if (checkPathText(scope.field("path"), cookie.path(), "a path") &&
        cookie.path().find(';') != std::string::npos) {
      scope.field("path").error("a cookie's path has no semicolon");
    }
  }

  void parseUpgrade(const v1::UpgradeConfig& config, const FieldScope& scope) {
    const FieldScope field = scope.field("upgrade_type");
    const std::string type = http::lowerCase(config.upgrade_type());
    if (!checkRequired(field, type, "a token such as \"websocket\", or \"CONNECT\"")) return;
    if (!http::isToken(type))
      return field.error(quote(type) + " is not a token of the Upgrade field");
    auto& upgrades = forward_.upgrades;
    if (std::any_of(upgrades.begin(), upgrades.end(),
                    [&](const http::UpgradeRule& rule) { return rule.type == type; })) {
      return field.error(quote(config.upgrade_type()) + " stands twice in this list");
    }
    upgrades.push_back({type, !config.has_enabled() || config.enabled()});
  }

  const v1::RouteAction& action_;
  const http::PathMatch& match_;
  const FieldScope& scope_;
  BuildContext& context_;
  http::Forward forward_;
};

}  // namespace

http::Forward parseRouteAction(const v1::RouteAction& action, const http::PathMatch& match,
                               const FieldScope& scope, BuildContext& context) {
  return RouteActionParser(action, match, scope, context).parse();
}

}  // namespace weir::config
