#include "filters/api_keys/factory.h"

#include <algorithm>

#include "filters/api_keys/api_keys.h"
#include "filters/api_keys/api_keys.pb.h"

namespace custom {
namespace {

using Proto = custom::api_keys::v1::ApiKeys;

bool isGraphic(char c) { return c > ' ' && c <= '~'; }

bool isOfFieldName(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; }

void checkText(const std::string& text, size_t least, size_t most, bool (*may)(char),
               const weir::FieldScope& field) {
  if (text.size() < least || text.size() > most || !std::all_of(text.begin(), text.end(), may)) {
    field.error("expected " + std::to_string(least) + " to " + std::to_string(most) +
                " characters, as its documentation has them");
  }
}

class Factory final : public weir::config::HttpFilterConfigFactory {
 public:
  std::string_view messageType() const override { return Proto::descriptor()->full_name(); }

  std::unique_ptr<weir::http::FilterFactory> create(const google::protobuf::Message& message,
                                                    const weir::FieldScope& scope,
                                                    weir::config::BuildContext&) const override {
    const auto& proto = dynamic_cast<const Proto&>(message);
    ApiKeysSettings settings;
    if (proto.has_header()) {
      settings.header = proto.header();
      checkText(settings.header, 1, 64, isOfFieldName, scope.field("header"));
    }
    const weir::FieldScope keys = scope.field("keys");
    if (proto.keys().empty()) keys.error("is required: at least one");
    for (int i = 0; i < proto.keys_size(); ++i) {
      addKey(proto.keys(i), keys.index(static_cast<size_t>(i)), settings);
    }
    return std::make_unique<ApiKeysFactory>(std::move(settings));
  }

 private:
  // The key itself is a secret: no message shows it.
  static void addKey(const api_keys::v1::Key& key, const weir::FieldScope& field,
                     ApiKeysSettings& settings) {
    checkText(key.key(), 8, 256, isGraphic, field.field("key"));
    checkText(key.tenant(), 1, 64, isGraphic, field.field("tenant"));
    const bool added = settings.tenants.emplace(key.key(), key.tenant()).second;
    if (!added) field.field("key").error("stands here twice");
  }
};

}  // namespace

std::unique_ptr<weir::config::HttpFilterConfigFactory> makeApiKeysConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace custom
