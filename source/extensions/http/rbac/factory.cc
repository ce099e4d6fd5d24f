#include "source/extensions/http/rbac/factory.h"

#include <optional>
#include <string>
#include <utility>

#include "api/weir/extensions/http/rbac/v1/rbac.pb.h"
#include "source/config/field_checks.h"
#include "source/config/matcher_checks.h"
#include "source/config/node.h"
#include "source/extensions/common/rbac_reader.h"
#include "source/extensions/http/rbac/rbac.h"

namespace weir::http_filters {
namespace {

namespace v1 = weir::extensions::http::rbac::v1;
using extensions::RbacCondition;
using Kind = RbacCondition::Kind;

// That a path of a request can be so: it begins with a slash (but for "*" of OPTIONS), and has no
// query.
void checkPath(const http::TextMatch& match, const FieldScope& field) {
  using TextKind = http::TextMatch::Kind;
  const bool from_begin = match.kind == TextKind::Exact || match.kind == TextKind::Prefix;
  if (match.kind == TextKind::Regex || match.text.empty()) return;
  if (from_begin && match.text.front() != '/' && match.text != "*") {
    field.error(config::quote(match.text) + " is the begin of no path: it begins with a slash");
  } else if (match.text.find('?') != std::string::npos) {
    field.error(config::quote(match.text) +
                " has a question mark: the path is compared without its query");
  }
}

// The conditions on the request, which permissions and principals have alike.
template <class Message>
std::optional<RbacCondition> readRequestCondition(const Message& proto, const FieldScope& scope) {
  if (proto.has_header()) {
    return RbacCondition{
        .kind = Kind::Header,
        .header = config::parseHeaderMatcher(proto.header(), scope.field("header"))};
  }
  if (proto.has_url_path()) {
    const FieldScope field = scope.field("url_path").field("path");
    RbacCondition condition{.kind = Kind::UrlPath,
                            .path = config::parseStringMatcher(proto.url_path().path(), field)};
    checkPath(condition.path, field);
    return condition;
  }
  return std::nullopt;
}

struct OfRequest {
  static std::optional<RbacCondition> permission(const v1::HttpPermission& proto,
                                                 const FieldScope& scope) {
    return readRequestCondition(proto, scope);
  }
  static std::optional<RbacCondition> principal(const v1::HttpPrincipal& proto,
                                                const FieldScope& scope) {
    return readRequestCondition(proto, scope);
  }
};

class Factory final : public config::HttpFilterConfigFactory {
 public:
  std::string_view messageType() const override { return v1::Rbac::descriptor()->full_name(); }

  std::unique_ptr<http::FilterFactory> create(const google::protobuf::Message& message,
                                              const FieldScope& scope,
                                              config::BuildContext&) const override {
    const auto& proto = dynamic_cast<const v1::Rbac&>(message);
    const extensions::RbacReader<OfRequest> read;
    RbacSettings settings;
    settings.stat_prefix = proto.stat_prefix();
    config::checkRequired(scope.field("stat_prefix"), settings.stat_prefix,
                          "the label of its metrics");
    if (proto.has_rules()) settings.rules = read.rules(proto.rules(), scope.field("rules"));
    if (proto.has_shadow_rules())
      settings.shadow_rules = read.rules(proto.shadow_rules(), scope.field("shadow_rules"));
    if (!settings.rules && !settings.shadow_rules)
      scope.field("rules").error("is required, unless there are shadow_rules");
    return std::make_unique<RbacFactory>(std::move(settings));
  }
};

}  // namespace

std::unique_ptr<config::HttpFilterConfigFactory> makeRbacConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::http_filters
