#include "source/extensions/http/cors/factory.h"

#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "api/weir/extensions/http/cors/v1/cors.pb.h"
#include "source/config/field_checks.h"
#include "source/config/header_checks.h"
#include "source/config/matcher_checks.h"
#include "source/config/node.h"
#include "source/extensions/http/cors/cors.h"
#include "source/http/characters.h"

namespace weir::http_filters {
namespace {

using Proto = weir::extensions::http::cors::v1::Cors;

// The value of a field that is a list of methods or names.
std::string readList(const std::string& text, const FieldScope& field) {
  std::string_view rest = text;
  while (!rest.empty()) {
    const std::string_view element = http::takeElement(rest);
    if (http::isToken(element)) continue;
    field.error(config::quote(element) +
                " is neither a name nor a method; they are separated by commas");
    break;
  }
  return text;
}

bool hasDefaultPort(std::string_view origin) {
  return (origin.starts_with("http://") && origin.ends_with(":80")) ||
         (origin.starts_with("https://") && origin.ends_with(":443"));
}

// That browsers write an origin so (RFC 6454 6.2); else nobody would be let in by it.
void checkOrigin(const http::TextMatch& match, const FieldScope& field) {
  using Kind = http::TextMatch::Kind;
  const std::string& text = match.text;
  if (match.kind == Kind::Regex || text.empty()) return;
  const std::string quoted = config::quote(text);
  if (!match.ignore_case && http::lowerCase(text) != text) {
    field.error(quoted + " has upper case: browsers write origins in lower case");
  }
  if ((match.kind == Kind::Exact || match.kind == Kind::Suffix) && text.ends_with('/')) {
    field.error(quoted + " ends with a slash: an origin has no path");
  }
  if (match.kind != Kind::Exact || text == "*" || text == "null") return;
  const size_t scheme = text.find("://");
  if (scheme == std::string::npos || scheme == 0) {
    field.error(quoted + " is no origin: it is a scheme and a host, such as \"https://a.example\"");
  } else if (text.find('/', scheme + 3) < text.size() - 1) {
    field.error(quoted + " has a path: an origin has none");
  } else if (hasDefaultPort(text)) {
    field.error(quoted + " has the port of its scheme: browsers leave it out");
  }
}

void readOrigins(const Proto& proto, const FieldScope& field, CorsSettings& settings) {
  using Kind = http::TextMatch::Kind;
  if (proto.allow_origin_string_match().empty()) {
    field.error("is required: at least one origin that may");
  }
  for (int i = 0; i < proto.allow_origin_string_match_size(); ++i) {
    auto match = config::parseStringMatcher(proto.allow_origin_string_match(i),
                                            field.index(static_cast<size_t>(i)));
    checkOrigin(match, field.index(static_cast<size_t>(i)));
    if (match.kind == Kind::Exact && match.text == "*") settings.any_origin = true;
    settings.origins.push_back(std::move(match));
  }
}

std::string readMaxAge(const Proto& proto, const FieldScope& field) {
  if (!proto.has_max_age()) return {};
  const Duration age = config::checkDuration(field, &proto.max_age(), Duration::zero(),
                                             {Duration::zero(), std::chrono::hours(24)});
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(age);
  if (seconds != age) field.error("is not a whole number of seconds");
  return std::to_string(seconds.count());
}

class Factory final : public config::HttpFilterConfigFactory {
 public:
  std::string_view messageType() const override { return Proto::descriptor()->full_name(); }

  std::unique_ptr<http::FilterFactory> create(const google::protobuf::Message& message,
                                              const FieldScope& scope,
                                              config::BuildContext&) const override {
    const auto& proto = dynamic_cast<const Proto&>(message);
    CorsSettings settings;
    settings.stat_prefix = proto.stat_prefix();
    config::checkRequired(scope.field("stat_prefix"), settings.stat_prefix,
                          "the label of its metrics");
    readOrigins(proto, scope.field("allow_origin_string_match"), settings);
    settings.allow_methods = readList(proto.allow_methods(), scope.field("allow_methods"));
    settings.allow_headers = readList(proto.allow_headers(), scope.field("allow_headers"));
    settings.expose_headers = readList(proto.expose_headers(), scope.field("expose_headers"));
    settings.max_age = readMaxAge(proto, scope.field("max_age"));
    settings.allow_credentials = proto.allow_credentials();
    if (settings.allow_credentials && settings.any_origin) {
      scope.field("allow_credentials")
          .error("cannot be true where every origin may: any page could act in a user's name");
    }
    settings.forward_not_matching_preflights =
        !proto.has_forward_not_matching_preflights() || proto.forward_not_matching_preflights();
    return std::make_unique<CorsFactory>(std::move(settings));
  }
};

}  // namespace

std::unique_ptr<config::HttpFilterConfigFactory> makeCorsConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::http_filters
