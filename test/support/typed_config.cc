#include "test/support/typed_config.h"

#include <cstdio>
#include <utility>
#include <variant>

#include "source/base/check.h"
#include "source/config/load_settings.h"
#include "source/config/readers.h"
#include "source/config/tree_to_proto.h"
#include "source/config/typed_config.h"
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

// The rest of a configuration, for a filter by itself.
class Around final : public config::BuildContext {
 public:
  bool hasCluster(std::string_view name) const override { return name == "backend"; }
  bool checkCluster(const FieldScope& field, std::string_view name) const override {
    if (!hasCluster(name)) field.error("there is no cluster \"" + std::string(name) + "\"");
    return hasCluster(name);
  }
  const config::Registry& registry() const override { return registry_; }

 private:
  config::Registry registry_;
};

struct Made {
  std::vector<std::string> errors;
  std::shared_ptr<const http::FilterFactory> filter;
};

Made makeHttpFilter(const config::HttpFilterConfigFactory& factory, const std::string& fields) {
  Made made;
  const auto message = config::emptyMessage(factory.messageType());
  const auto read = config::readYaml("{" + fields + "}");
  if (const auto* error = std::get_if<config::LocatedError>(&read)) {
    made.errors.push_back(error->message);
    return made;
  }
  for (const auto& error :
       config::treeToProto(std::get<config::Node>(read), config::Format::Yaml, {}, *message)
           .errors) {
    made.errors.push_back(error.path + ": " + error.message);
  }
  if (!made.errors.empty()) return made;
  Diagnostics diagnostics;
  Around around;
  made.filter = factory.create(*message, FieldScope(diagnostics, ""), around);
  for (const Diagnostic& error : diagnostics.errors()) {
    made.errors.push_back(error.path + ": " + error.message);
  }
  return made;
}

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

std::vector<std::string> errorsOf(std::unique_ptr<config::HttpFilterConfigFactory> factory,
                                  const std::string& fields) {
  return makeHttpFilter(*factory, fields).errors;
}

std::shared_ptr<const http::FilterFactory> makeFilter(
    const config::HttpFilterConfigFactory& factory, const std::string& fields) {
  Made made = makeHttpFilter(factory, fields);
  for (const std::string& error : made.errors) std::fprintf(stderr, "%s\n", error.c_str());
  WEIR_CHECK(made.errors.empty());
  return made.filter;
}

std::shared_ptr<const http::FilterFactory> makeFilter(
    std::unique_ptr<config::HttpFilterConfigFactory> factory, const std::string& fields) {
  return makeFilter(*factory, fields);
}

}  // namespace weir::test
