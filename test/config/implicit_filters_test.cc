// Which listener filters a listener has: those of the file, and those that its chains' matches add.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "source/config/load_settings.h"
#include "test/config/fake_extensions.h"

namespace weir::config {
namespace {

using Names = std::vector<std::string>;

const std::string Listener = "weir.extensions.listener.";
const std::string OriginalDst = Listener + "original_dst.v1.OriginalDst";
const std::string TlsInspector = Listener + "tls_inspector.v1.TlsInspector";
const std::string ProtoDetect = Listener + "proto_detect.v1.ProtoDetect";

// The listener filters, by type, of a listener with these in the file and one chain with this
// match.
Names filtersOf(const Names& listed, const std::string& match) {
  std::string yaml = "listeners:\n- name: l\n  address: 127.0.0.1:15001\n";
  if (!listed.empty()) yaml += "  listener_filters:\n";
  for (const std::string& type : listed) {
    yaml += "  - typed_config: {\"@type\": type.googleapis.com/" + type + "}\n";
  }
  yaml += "  filter_chains:\n  - name: c\n    match: {" + match +
          "}\n    filters:\n    - typed_config: {\"@type\": "
          "type.googleapis.com/weir.extensions.network.echo.v1.Echo}\n";
  const LoadedSettings loaded = parseSettings(yaml, Format::Yaml, fakeRegistry());
  EXPECT_TRUE(loaded.settings) << formatErrors("", loaded.errors);
  Names names;
  if (!loaded.settings) return names;
  for (const auto& filter : loaded.settings->listeners[0].listener_filters)
    names.emplace_back(filter->name());
  return names;
}

TEST(ImplicitFiltersTest, NoneWhereNoMatchNeedsThem) {
  EXPECT_EQ(filtersOf({}, ""), Names());
  EXPECT_EQ(filtersOf({}, "destination_ports: [15001], source_type: EXTERNAL"), Names());
}

TEST(ImplicitFiltersTest, ServerNamesAndTransportNeedTheTlsInspector) {
  EXPECT_EQ(filtersOf({}, "server_names: [a.com]"), Names({TlsInspector}));
  EXPECT_EQ(filtersOf({}, "transport_protocol: raw_buffer"), Names({TlsInspector}));
}

TEST(ImplicitFiltersTest, ApplicationProtocolsNeedBothTheInspectorFirst) {
  EXPECT_EQ(filtersOf({}, "application_protocols: [h2]"), Names({TlsInspector, ProtoDetect}));
}

TEST(ImplicitFiltersTest, OneThatIsListedIsNotAddedAgain) {
  EXPECT_EQ(filtersOf({TlsInspector}, "server_names: [a.com]"), Names({TlsInspector}));
  EXPECT_EQ(filtersOf({TlsInspector, ProtoDetect}, "application_protocols: [h2]"),
            Names({TlsInspector, ProtoDetect}));
}

TEST(ImplicitFiltersTest, TheInspectorGoesBeforeADetectorThatIsListed) {
  EXPECT_EQ(filtersOf({OriginalDst, ProtoDetect}, "application_protocols: [h2]"),
            Names({OriginalDst, TlsInspector, ProtoDetect}));
}

TEST(ImplicitFiltersTest, OthersStayWhereTheyAre) {
  EXPECT_EQ(filtersOf({OriginalDst}, "application_protocols: [h2]"),
            Names({OriginalDst, TlsInspector, ProtoDetect}));
}

}  // namespace
}  // namespace weir::config
