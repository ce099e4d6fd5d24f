#include "test/support/http_proxy_harness.h"

#include <gtest/gtest.h>

#include <utility>

#include "source/base/check.h"
#include "source/config/load_settings.h"
#include "source/main/extensions.h"

namespace weir::test {
namespace {

void replaceAll(std::string& text, std::string_view what, const std::string& with) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
}

std::string yamlOf(const HttpProxyParts& parts, LoopbackUpstream& upstream) {
  std::string yaml =
      "listeners:\n"
      "- name: in\n"
      "  address: 127.0.0.1:0\n"
      "  default_filter_chain: {name: web, filters: [{typed_config: {\"@type\": "
      "type.googleapis.com/weir.extensions.network.http_conn_manager.v1.HttpConnectionManager, "
      "stat_prefix: web, transparent: " +
      std::string(parts.transparent ? "true" : "false") +
      ", route_config: {virtual_hosts: [{name: all, domains: "
      "[\"*\"], routes: " +
      parts.routes + "}]}" + parts.manager +
      "}}]}\nclusters:\n- {name: up, endpoints: " + parts.endpoints + parts.cluster + "}\n" +
      parts.clusters;
  replaceAll(yaml, "\"UP\"", '"' + upstream.address().toString() + '"');
  if (yaml.find("\"REFUSING\"") != std::string::npos) {
    replaceAll(yaml, "\"REFUSING\"", '"' + upstream.refusingAddress().toString() + '"');
  }
  if (yaml.find("\"SILENT\"") != std::string::npos) {
    replaceAll(yaml, "\"SILENT\"", '"' + upstream.unansweringAddress().toString() + '"');
  }
  return yaml;
}

}  // namespace

HttpProxyHarness::HttpProxyHarness(const HttpProxyParts& parts, const Extensions& extensions) {
  config::Registry registry;
  registerBuiltins(registry);
  if (extensions) extensions(registry);
  auto loaded = config::parseSettings(yamlOf(parts, upstream_), config::Format::Yaml, registry);
  for (const auto& error : loaded.errors) ADD_FAILURE() << error.path << ": " << error.message;
  WEIR_CHECK(loaded.errors.empty());
  FilterHarness::Options options;
  options.info.id = 1;  // 0 is nobody
  options.clusters = loaded.settings->clusters;
  options.loop = &loop_;
  options.buffer_bytes = parts.buffer_bytes;
  options.log = &log_;
  terminal_ = loaded.settings->listeners.at(0).default_chain->filters.back();
  harness_.emplace(loaded.settings->listeners.at(0).default_chain->filters, std::move(options));
}

bool HttpProxyHarness::upstreamGets(std::string_view bytes, size_t peer) {
  const bool came = accepted(peer + 1) &&
                    until([&] { return upstream_.peer(peer).received().size() >= bytes.size(); });
  const std::string got = came ? upstream_.peer(peer).takeReceived() : "(no connection or less)";
  EXPECT_EQ(got, bytes);
  return got == bytes;
}

bool HttpProxyHarness::clientGets(std::string_view bytes) {
  until([&] { return client().received().size() >= bytes.size(); });
  const std::string got = client().takeReceived();
  EXPECT_EQ(got, bytes);
  return got == bytes;
}

bool HttpProxyHarness::upstreamSees(std::string_view bytes, size_t peer) {
  return accepted(peer + 1) &&
         until([&] { return upstream_.peer(peer).received().find(bytes) != std::string::npos; });
}

bool HttpProxyHarness::clientSees(std::string_view bytes) {
  return until([&] { return client().received().find(bytes) != std::string::npos; });
}

double HttpProxyHarness::metric(std::string_view series) {
  const std::string all = harness_->context().metrics();
  const std::string line = "\n" + std::string(series) + " ";
  const size_t at = all.find(line);
  return at == std::string::npos ? 0 : std::stod(all.substr(at + line.size()));
}

bool HttpProxyHarness::clientEnds() {
  return until([&] { return client().ended() || client().error() != 0; });
}

}  // namespace weir::test
