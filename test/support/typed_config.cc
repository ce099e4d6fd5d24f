#include "test/support/typed_config.h"

#include <utility>

#include "source/config/load_settings.h"
#include "source/extensions/network/echo/factory.h"

namespace weir::test {
namespace {

std::string typedConfig(std::string_view type, const std::string& fields) {
  return "{typed_config: {\"@type\": \"type.googleapis.com/" + std::string(type) + "\"" +
         (fields.empty() ? "" : ", " + fields) + "}}";
}

std::vector<std::string> errorsIn(const std::string& listener, const config::Registry& registry) {
  const std::string yaml =
      "listeners: [{name: in, address: \"127.0.0.1:0\", " + listener +
      "}]\nclusters: [{name: backend, endpoints: [{address: \"127.0.0.1:1\"}]}]\n";
  std::vector<std::string> errors;
  for (const auto& error : config::parseSettings(yaml, config::Format::Yaml, registry).errors) {
    constexpr std::string_view Parent = ".typed_config.";
    const size_t at = error.path.find(Parent);
    const std::string field =
        at == std::string::npos ? error.path : error.path.substr(at + Parent.size());
    errors.push_back(field + ": " + error.message);
  }
  return errors;
}

std::string echo() { return typedConfig(extensions::makeEchoConfigFactory()->messageType(), ""); }

void addEcho(config::Registry& registry) {
  const auto echo_factory = extensions::makeEchoConfigFactory();
  if (registry.networkFilter(echo_factory->messageType()) == nullptr) {
    registry.add(extensions::makeEchoConfigFactory());
  }
}

}  // namespace

std::vector<std::string> errorsOf(std::unique_ptr<config::NetworkFilterConfigFactory> factory,
                                  const std::string& fields) {
  config::Registry registry;
  const std::string filter = typedConfig(factory->messageType(), fields);
  const std::string filters = factory->isTerminal() ? filter : filter + ", " + echo();
  registry.add(std::move(factory));
  addEcho(registry);
  return errorsIn("default_filter_chain: {name: chain, filters: [" + filters + "]}", registry);
}

std::vector<std::string> errorsOf(std::unique_ptr<config::ListenerFilterConfigFactory> factory,
                                  const std::string& fields) {
  config::Registry registry;
  const std::string filter = typedConfig(factory->messageType(), fields);
  registry.add(std::move(factory));
  addEcho(registry);
  return errorsIn("listener_filters: [" + filter +
                      "], default_filter_chain: {name: chain, filters: [" + echo() + "]}",
                  registry);
}

}  // namespace weir::test
