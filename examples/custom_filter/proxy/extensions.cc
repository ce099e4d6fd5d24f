#include "proxy/extensions.h"

#include "filters/api_keys/factory.h"
#include "filters/line_rewriter/factory.h"
#include "filters/nut_inspector/factory.h"

namespace custom {

// One line for each, sorted. Nothing else registers anything.
void registerExtensions(weir::config::Registry& registry) {
  registry.add(custom::makeApiKeysConfigFactory());
  registry.add(custom::makeLineRewriterConfigFactory());
  registry.add(custom::makeNutInspectorConfigFactory());
}

}  // namespace custom
