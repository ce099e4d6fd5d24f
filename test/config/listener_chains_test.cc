// The chains of a listener together: those that cannot be told apart, and those that are never
// chosen, are reported with both places, and what cannot be known about a broken file is not said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "source/config/load_settings.h"
#include "test/config/fake_extensions.h"

namespace weir::config {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

// A listener with two chains, on lines 5 and 9.
std::string errorsOf(const std::string& address, const std::string& match_a,
                     const std::string& match_b, const std::string& more = "") {
  const std::string filters =
      "    filters:\n    - typed_config: {\"@type\": "
      "type.googleapis.com/weir.extensions.network.echo.v1.Echo}\n";
  const std::string yaml = "listeners:\n- name: l\n  address: " + address +
                           "\n  filter_chains:\n  - name: a\n    match: {" + match_a + "}\n" +
                           filters + "  - name: b\n    match: {" + match_b + "}\n" + filters + more;
  return formatErrors("", parseSettings(yaml, Format::Yaml, fakeRegistry()).errors);
}

const std::string OriginalDst =
    "  listener_filters:\n  - typed_config: {\"@type\": "
    "type.googleapis.com/weir.extensions.listener.original_dst.v1.OriginalDst}\n";

TEST(ListenerChainsTest, TwoChainsWithTheSameMatchAreAnErrorThatNamesBothWithTheirLines) {
  const std::string errors =
      errorsOf("0.0.0.0:15001", "source_ports: [1, 2]", "source_ports: [2, 3]");
  EXPECT_THAT(errors, AllOf(HasSubstr("listeners[0].filter_chains[0] (line 5)"),
                            HasSubstr("listeners[0].filter_chains[1]")));
  EXPECT_THAT(errors, StartsWith(":9:5: listeners[0].filter_chains[1]: "));
}

TEST(ListenerChainsTest, ChainsThatDifferAreFine) {
  EXPECT_EQ(errorsOf("0.0.0.0:15001", "source_ports: [1]", "source_ports: [2]"), "");
  EXPECT_EQ(errorsOf("0.0.0.0:15001", "application_protocols: [h2c]", ""), "");
}

TEST(ListenerChainsTest, ADefaultChainBehindOneThatTakesEveryConnectionIsNeverChosen) {
  const std::string more =
      "  default_filter_chain:\n    name: rest\n    filters:\n    - typed_config: {\"@type\": "
      "type.googleapis.com/weir.extensions.network.echo.v1.Echo}\n";
  EXPECT_EQ(errorsOf("0.0.0.0:15001", "source_ports: [1]", "source_ports: [2]", more), "");
  EXPECT_THAT(errorsOf("0.0.0.0:15001", "source_ports: [1]", "", more),
              AllOf(HasSubstr("filter chain 'rest'"), HasSubstr("can never be chosen"),
                    HasSubstr("filter chain 'b'")));
}

TEST(ListenerChainsTest, AChainForAPortThatTheListenerDoesNotHaveIsNeverChosen) {
  EXPECT_THAT(errorsOf("0.0.0.0:15001", "destination_ports: [3306]", ""),
              StartsWith(":5:5: listeners[0].filter_chains[0]: "));
  EXPECT_THAT(errorsOf("127.0.0.1:15001", "prefix_ranges: [10.0.0.0/8]", ""),
              StartsWith(":5:5: listeners[0].filter_chains[0]: "));
}

TEST(ListenerChainsTest, AnyPortCanBeTheOriginalOne) {
  EXPECT_EQ(errorsOf("0.0.0.0:15001", "destination_ports: [3306]", "", OriginalDst), "");
  EXPECT_EQ(errorsOf("0.0.0.0:15001", "destination_ports: [3306]", "", "  transparent: true\n"),
            "");
  EXPECT_EQ(errorsOf("127.0.0.1:0", "destination_ports: [3306]", ""), "");
}

TEST(ListenerChainsTest, AWildcardAddressCanBeAnyAddress) {
  EXPECT_EQ(errorsOf("0.0.0.0:15001", "prefix_ranges: [10.0.0.0/8]", ""), "");
}

TEST(ListenerChainsTest, AMatchThatIsWrongIsNotComparedWithOthers) {
  EXPECT_EQ(
      errorsOf("0.0.0.0:15001", "source_ports: [70000]", ""),
      ":6:28: listeners[0].filter_chains[0].match.source_ports[0]: 70000 is out of range: from "
      "1 to 65535 is allowed\n");
  EXPECT_EQ(
      errorsOf("0.0.0.0:15001", "source_port: [1]", ""),
      ":6:13: listeners[0].filter_chains[0].match.source_port: unknown field \"source_port\" in "
      "weir.config.v1.FilterChainMatch; did you mean \"source_ports\"?\n");
}

TEST(ListenerChainsTest, AListenerFilterThatIsWrongMakesNoChainUnreachable) {
  EXPECT_EQ(errorsOf("0.0.0.0:15001", "destination_ports: [3306]", "",
                     "  listener_filters:\n  - typed_config: {\"@type\": "
                     "type.googleapis.com/weir.extensions.listener.original_dst.v1.OrigDst}\n"),
            ":14:29: listeners[0].listener_filters[0].typed_config: unknown type "
            "\"weir.extensions.listener.original_dst.v1.OrigDst\"; did you mean "
            "\"weir.extensions.listener.original_dst.v1.OriginalDst\"?\n");
}

}  // namespace
}  // namespace weir::config
