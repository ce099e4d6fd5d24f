#include "source/extensions/http/cors/factory.h"

#include <chrono>
#include <string>
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

void readOrigins(const Proto& proto, const FieldScope& field, CorsSettings& settings) {
  using Kind = http::TextMatch::Kind;
  if (proto.allow_origin_string_match().empty()) {
    field.error("is required: at least one origin that may");
  }
  for (int i = 0; i < proto.allow_origin_string_match_size(); ++i) {
    auto match = config::parseStringMatcher(proto.allow_origin_string_match(i),
                                            field.index(static_cast<size_t>(i)));
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
