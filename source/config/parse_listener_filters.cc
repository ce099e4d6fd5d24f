#include <algorithm>
#include <string>

#include "source/base/check.h"
#include "source/config/parse.h"
#include "source/config/typed_config.h"

namespace weir::config {
namespace {

using filter::Fact;
using filter::FactSet;

// What a listener filter may ask, which is more than a network filter: the listener's chains.
class ListenerFilterContext final : public BuildContext {
 public:
  ListenerFilterContext(const v1::Listener& listener, const BuildContext& clusters)
      : listener_(listener), clusters_(clusters) {}
  bool hasCluster(std::string_view name) const override { return clusters_.hasCluster(name); }
  bool checkCluster(const FieldScope& field, std::string_view name) const override {
    return clusters_.checkCluster(field, name);
  }
  const Registry& registry() const override { return clusters_.registry(); }
  std::vector<std::string> matchedProtocols() const override {
    std::vector<std::string> all;
    for (const v1::FilterChain& chain : listener_.filter_chains()) {
      const auto& protocols = chain.match().application_protocols();
      all.insert(all.end(), protocols.begin(), protocols.end());
    }
    return all;
  }

 private:
  const v1::Listener& listener_;
  const BuildContext& clusters_;
};

// A listener filter and what made it.
struct Entry {
  std::string type;
  std::shared_ptr<const filter::ListenerFilterFactory> filter;
};

bool has(const std::vector<Entry>& entries, std::string_view type) {
  return std::any_of(entries.begin(), entries.end(),
                     [&](const Entry& entry) { return entry.type == type; });
}

std::vector<Entry> parseListed(const v1::Listener& listener, const FieldScope& scope,
                               const ListenerContext& context, BuildContext& build,
                               bool& complete) {
  std::vector<Entry> entries;
  for (int i = 0; i < listener.listener_filters_size(); ++i) {
    const google::protobuf::Any& any = listener.listener_filters(i).typed_config();
    const FieldScope field = scope.index(static_cast<size_t>(i));
    const FieldScope settings = field.field("typed_config");
    Entry entry{messageTypeOf(any), nullptr};
    const auto* factory = context.registry.listenerFilter(entry.type);
    if (factory == nullptr) {
      reportUnknownType(any, context.registry, "listener", settings);
      complete = false;
      continue;
    }
    if (has(entries, entry.type)) field.error("\"" + entry.type + "\" stands twice in this list");
    if (const auto message = unpack(any, settings)) {
      entry.filter = factory->create(*message, settings, build);
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

// The transport must be known before the application protocol is asked for: behind TLS that is the
// ALPN. So a filter that finds out the transport goes in front of the first one that only detects
// protocols.
std::vector<Entry>::iterator placeFor(FactSet provided, std::vector<Entry>& entries) {
  if (!provided.has(Fact::TransportProtocol)) return entries.end();
  return std::find_if(entries.begin(), entries.end(), [](const Entry& entry) {
    return entry.filter != nullptr && entry.filter->provides().has(Fact::ApplicationProtocols);
  });
}

void addImplicit(std::vector<Entry>& entries, FactSet needed, const FieldScope& scope,
                 const ListenerContext& context, BuildContext& build) {
  for (const auto& factory : context.registry.listenerFilters()) {
    const FactSet provided = factory->defaultProviderOf();
    if ((provided & needed).empty() || has(entries, factory->messageType())) continue;
    const auto message = emptyMessage(factory->messageType());
    WEIR_CHECK(message != nullptr);  // the factory itself refers to it
    Entry entry{std::string(factory->messageType()), factory->create(*message, scope, build)};
    entries.insert(placeFor(provided, entries), std::move(entry));
  }
}

void checkOrder(const std::vector<Entry>& entries, const FieldScope& scope) {
  bool detects = false;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (entries[i].filter == nullptr) return;
    if (i > 0 && entries[i].filter->stripsHeader()) {
      scope.index(i).error("\"" + entries[i].type +
                           "\" must be the first listener filter: its header stands in front of "
                           "what all others look at");
    }
    const FactSet provided = entries[i].filter->provides();
    if (provided.has(Fact::TransportProtocol) && detects) {
      scope.index(i).error(
          "\"" + entries[i].type +
          "\" must stand before the filter that detects application protocols: behind TLS "
          "they are the client's ALPN");
    }
    if (provided.has(Fact::ApplicationProtocols)) detects = true;
  }
}

}  // namespace

ListenerFilterPlan parseListenerFilters(const v1::Listener& listener, FactSet needed,
                                        const FieldScope& scope, const ListenerContext& context) {
  ListenerFilterPlan plan;
  ListenerFilterContext build(listener, context.clusters);
  std::vector<Entry> entries = parseListed(listener, scope, context, build, plan.complete);
  checkOrder(entries, scope);
  if (plan.complete) addImplicit(entries, needed, scope, context, build);
  for (Entry& entry : entries) {
    if (entry.filter == nullptr) {
      plan.complete = false;
      continue;
    }
    if (entry.filter->provides().has(Fact::ApplicationProtocols)) {
      const auto* factory = context.registry.listenerFilter(entry.type);
      if (factory->defaultProviderOf().empty()) plan.names_protocols = true;
    }
    plan.filters.push_back(std::move(entry.filter));
  }
  return plan;
}

}  // namespace weir::config
