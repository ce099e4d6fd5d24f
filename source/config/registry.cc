#include <algorithm>
#include <utility>

#include "source/base/check.h"
#include "source/config/extension_factory.h"

namespace weir::config {
namespace {

template <class Factory>
const Factory* find(const std::vector<std::unique_ptr<Factory>>& all,
                    std::string_view message_type) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const auto& factory) {
    return factory->messageType() == message_type;
  });
  return found == all.end() ? nullptr : found->get();
}

}  // namespace

void Registry::add(std::unique_ptr<NetworkFilterConfigFactory> factory) {
  WEIR_CHECK(!contains(factory->messageType()));
  network_.push_back(std::move(factory));
}

void Registry::add(std::unique_ptr<ListenerFilterConfigFactory> factory) {
  WEIR_CHECK(!contains(factory->messageType()));
  listener_.push_back(std::move(factory));
}

void Registry::add(std::unique_ptr<HttpFilterConfigFactory> factory) {
  WEIR_CHECK(!contains(factory->messageType()));
  http_.push_back(std::move(factory));
}

bool Registry::contains(std::string_view message_type) const {
  return networkFilter(message_type) != nullptr || listenerFilter(message_type) != nullptr ||
         httpFilter(message_type) != nullptr;
}

const NetworkFilterConfigFactory* Registry::networkFilter(std::string_view message_type) const {
  return find(network_, message_type);
}

const ListenerFilterConfigFactory* Registry::listenerFilter(std::string_view message_type) const {
  return find(listener_, message_type);
}

const HttpFilterConfigFactory* Registry::httpFilter(std::string_view message_type) const {
  return find(http_, message_type);
}

std::vector<std::string> Registry::messageTypes() const {
  std::vector<std::string> types;
  for (const auto& factory : listener_) types.emplace_back(factory->messageType());
  for (const auto& factory : network_) types.emplace_back(factory->messageType());
  for (const auto& factory : http_) types.emplace_back(factory->messageType());
  return types;
}

}  // namespace weir::config
