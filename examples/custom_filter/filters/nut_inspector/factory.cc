#include "filters/nut_inspector/factory.h"

#include <algorithm>

#include "filters/nut_inspector/nut_inspector.h"
#include "filters/nut_inspector/nut_inspector.pb.h"

namespace custom {
namespace {

using Proto = custom::nut_inspector::v1::NutInspector;

bool printable(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

class Factory final : public weir::config::ListenerFilterConfigFactory {
 public:
  std::string_view messageType() const override { return Proto::descriptor()->full_name(); }

  std::unique_ptr<weir::filter::ListenerFilterFactory> create(
      const google::protobuf::Message& message, const weir::FieldScope& scope,
      weir::config::BuildContext&) const override {
    const auto& proto = dynamic_cast<const Proto&>(message);
    NutInspectorSettings settings;
    for (int i = 0; i < proto.extra_openings_size(); ++i) {
      const std::string& opening = proto.extra_openings(i);
      if (opening.size() < 3 || opening.size() > 64 || !printable(opening)) {
        scope.field("extra_openings")
            .index(static_cast<size_t>(i))
            .error("expected 3 to 64 bytes of printable ASCII, not " +
                   std::to_string(opening.size()) + " bytes: \"" + opening + "\"");
      }
      settings.extra_openings.push_back(opening);
    }
    return std::make_unique<NutInspectorFactory>(std::move(settings));
  }
};

}  // namespace

std::unique_ptr<weir::config::ListenerFilterConfigFactory> makeNutInspectorConfigFactory() {
  return std::make_unique<Factory>();
}

}  // namespace custom
