#pragma once

// For tests of route configurations: from YAML to the table and to the errors.

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "api/weir/config/v1/route.pb.h"
#include "source/config/located_error.h"
#include "source/config/parse_route.h"
#include "source/config/readers.h"
#include "source/config/source_map.h"
#include "source/config/tree_to_proto.h"

namespace weir::config {

struct ParsedRoutes {
  std::shared_ptr<const http::RouteTable> table;
  std::string errors;  // "LINE:COLUMN: path: message", one in each line
};

// There are clusters "a" and "b".
inline ParsedRoutes parseRoutes(const std::string& yaml) {
  class TwoClusters final : public BuildContext {
   public:
    bool hasCluster(std::string_view name) const override { return name == "a" || name == "b"; }
    bool checkCluster(const FieldScope& field, std::string_view name) const override {
      if (!hasCluster(name)) field.error("there is no cluster \"" + std::string(name) + "\"");
      return hasCluster(name);
    }
    const Registry& registry() const override { return registry_; }

   private:
    Registry registry_;
  } context;
  const ReadResult tree = readYaml(yaml);
  if (const auto* error = std::get_if<LocatedError>(&tree)) return {nullptr, error->message};
  const Node& root = std::get<Node>(tree);
  v1::RouteConfiguration config;
  std::vector<LocatedError> errors = treeToProto(root, Format::Yaml, {}, config).errors;
  Diagnostics diagnostics;
  auto table = parseRouteConfiguration(config, FieldScope(diagnostics, ""), context);
  const SourceMap positions(root);
  for (const Diagnostic& error : diagnostics.errors()) {
    errors.push_back({positions.nearest(error.path), error.path, error.message});
  }
  std::string text;
  for (const LocatedError& error : errors) text += formatError("", error) + "\n";
  return {std::move(table), std::move(text)};
}

}  // namespace weir::config
