#include "source/extensions/listener/proto_detect/factory.h"

#include <algorithm>
#include <array>

#include "api/weir/extensions/listener/proto_detect/v1/proto_detect.pb.h"
#include "source/config/field_checks.h"
#include "source/extensions/listener/proto_detect/proto_detect.h"

namespace weir::extensions {
namespace {

namespace v1 = weir::extensions::listener::proto_detect::v1;
using std::chrono::hours;
using std::chrono::milliseconds;

std::optional<uint64_t> optionalOf(bool has, uint64_t value) {
  return has ? std::optional<uint64_t>(value) : std::nullopt;
}

void readServerFirst(const v1::ServerFirst& proto, const FieldScope& scope,
                     filter::ServerFirstSettings& out) {
  out.enabled = !proto.disabled();
  out.probe_after = config::checkDuration(scope.field("probe_after"),
                                          proto.has_probe_after() ? &proto.probe_after() : nullptr,
                                          out.probe_after, {milliseconds(1), hours(1), true});
  out.max_probes = config::checkInteger(scope.field("max_probes"),
                                        optionalOf(proto.has_max_probes(), proto.max_probes()),
                                        out.max_probes, {1, 1'000'000});
  const FieldScope learn_scope = scope.field("learn");
  const v1::Learn& learn = proto.learn();
  out.learn = !learn.disabled();
  out.learn_max_entries = config::checkInteger(
      learn_scope.field("max_entries"), optionalOf(learn.has_max_entries(), learn.max_entries()),
      out.learn_max_entries, {1, 1'000'000});
  out.learn_ttl =
      config::checkDuration(learn_scope.field("ttl"), learn.has_ttl() ? &learn.ttl() : nullptr,
                            out.learn_ttl, {milliseconds(1), hours(8760)});
}

// A method is a token (RFC 9110, 5.6.2) in upper case: detection decides at the first byte that no
// method has.
void checkMethod(const FieldScope& field, const std::string& method) {
  const auto bad = [](char c) {
    return !((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_');
  };
  if (method.empty() || method.size() > 32 || std::any_of(method.begin(), method.end(), bad)) {
    field.error("\"" + method +
                "\" is not an HTTP method: 1 to 32 of A-Z, 0-9, \"-\" and \"_\" are allowed");
  }
}

// Whether a chain hangs on the name of a TCP protocol: then the name, too, must not depend on how
// the bytes were cut, and is waited for.
bool matchesOnNames(const std::vector<std::string>& matched) {
  constexpr std::array<std::string_view, 5> Others{"http/1.0", "http/1.1", "h2c", "h2", "tls"};
  return std::any_of(matched.begin(), matched.end(), [&](const std::string& protocol) {
    return std::find(Others.begin(), Others.end(), protocol) == Others.end();
  });
}

class Factory final : public config::ListenerFilterConfigFactory {
 public:
  std::string_view messageType() const override {
    return v1::ProtoDetect::descriptor()->full_name();
  }
  filter::FactSet defaultProviderOf() const override { return filter::Fact::ApplicationProtocols; }

  std::unique_ptr<filter::ListenerFilterFactory> create(
      const google::protobuf::Message& message, const FieldScope& scope,
      config::BuildContext& context) const override {
    const auto& proto = dynamic_cast<const v1::ProtoDetect&>(message);
    ProtoDetectSettings settings;
    filter::SilencePolicy& silence = settings.silence;
    silence.detection_timeout =
        config::checkDuration(scope.field("detection_timeout"),
                              proto.has_detection_timeout() ? &proto.detection_timeout() : nullptr,
                              silence.detection_timeout, {milliseconds(1), hours(1)});
    silence.partial_timeout =
        config::checkDuration(scope.field("partial_timeout"),
                              proto.has_partial_timeout() ? &proto.partial_timeout() : nullptr,
                              silence.partial_timeout, {milliseconds(1), hours(1)});
    silence.on_timeout = proto.on_timeout() == v1::ProtoDetect::CLOSE ? filter::OnTimeout::Close
                                                                      : filter::OnTimeout::Continue;
    readServerFirst(proto.server_first(), scope.field("server_first"), silence.server_first);
    for (int i = 0; i < proto.extra_methods_size(); ++i) {
      checkMethod(scope.field("extra_methods").index(static_cast<size_t>(i)),
                  proto.extra_methods(i));
      settings.extra_methods.push_back(proto.extra_methods(i));
    }
    settings.await_names = matchesOnNames(context.matchedProtocols());
    return std::make_unique<ProtoDetectFactory>(std::move(settings));
  }
};

}  // namespace

std::unique_ptr<config::ListenerFilterConfigFactory> makeProtoDetectConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace weir::extensions
