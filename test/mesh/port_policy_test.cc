#include "source/mesh/port_policy.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace weir::mesh {
namespace {

const std::vector<NamedPort> Names = {{"mysql", 3306}, {"web", 8080}};

using Texts = std::vector<std::pair<PortLevel, std::string>>;

std::string sourceOf(PortLevel level) {
  if (level == PortLevel::Default) return "default linkerd-2.11";
  return annotationSource(OpaquePortsAnnotation,
                          level == PortLevel::Namespace ? "namespace shop" : "deployment/web");
}

Result<EffectivePorts> resolve(const Texts& texts) {
  std::vector<WrittenPorts> written;
  for (const auto& [level, text] : texts) written.push_back({level, text, sourceOf(level)});
  return effectivePorts(written, Names);
}

constexpr auto Default = PortLevel::Default;
constexpr auto Namespace = PortLevel::Namespace;
constexpr auto Object = PortLevel::Object;

struct PrecedenceCase {
  Texts written;
  std::string ports;
};

TEST(PortPolicyTest, AHigherListReplacesOrChangesTheNextLowerOne) {
  const PrecedenceCase cases[] = {
      {{}, ""},
      {{{Default, "25,3306"}}, "25,3306"},
      {{{Default, "25,3306"}, {Namespace, "80"}}, "80"},
      {{{Default, "25,3306"}, {Object, "80"}}, "80"},
      {{{Default, "25"}, {Namespace, "80"}, {Object, "81"}}, "81"},
      {{{Default, "25,3306"}, {Object, ""}}, ""},
      {{{Default, "25,3306"}, {Namespace, ""}}, ""},
      {{{Default, "25,3306"}, {Namespace, ""}, {Object, "+web"}}, "8080"},
      {{{Default, "25,3306"}, {Object, "+8080,-25"}}, "3306,8080"},
      {{{Default, "25,3306"}, {Namespace, "-25"}, {Object, "+web"}}, "3306,8080"},
      {{{Default, "25,3306"}, {Namespace, "80"}, {Object, "-mysql,+web"}}, "80,8080"},
      {{{Default, "25,3306"}, {Namespace, "+80"}, {Object, "81"}}, "81"},
      {{{Object, "+80"}}, "80"},
  };
  for (const auto& one : cases)
    EXPECT_EQ(resolve(one.written).value().ports().toString(), one.ports);
}

TEST(PortPolicyTest, EachPortHasTheListThatItIsOwedTo) {
  const auto ports =
      resolve({{Default, "25,3306,5432"}, {Namespace, "+80-82,-25"}, {Object, "-81,+3306"}})
          .value();
  const std::pair<uint16_t, std::optional<PortLevel>> cases[] = {
      {25, std::nullopt}, {80, Namespace}, {81, std::nullopt},
      {82, Namespace},    {3306, Object},  {5432, Default}};
  for (const auto& [port, level] : cases) {
    const auto* part = ports.partOrNull(port);
    ASSERT_EQ(part != nullptr, level.has_value()) << port;
    if (level) {
      EXPECT_EQ(part->level, *level) << port;
      EXPECT_EQ(part->source, sourceOf(*level)) << port;
    }
  }
  EXPECT_EQ(ports.source(), sourceOf(Object));
}

TEST(PortPolicyTest, AnErrorNamesTheListAndTheEntryEvenOfAListThatIsReplaced) {
  const auto ports = resolve({{Default, "25"}, {Namespace, "80,postgres"}, {Object, "70000"}});
  ASSERT_FALSE(ports.ok());
  EXPECT_EQ(
      ports.error().detail,
      "annotation config.linkerd.io/opaque-ports on namespace shop: \"postgres\" is no port, no "
      "range such as 8000-8010, and no name of a port of this object\n"
      "annotation config.linkerd.io/opaque-ports on deployment/web: \"70000\": a port is a "
      "number from 1 to 65535");
}

TEST(PortPolicyTest, DefaultsHaveNamesAndCanBeRead) {
  for (const PortDefaults& defaults : allPortDefaults()) {
    EXPECT_TRUE(parsePortList(defaults.opaque, {}).ok()) << defaults.name;
    EXPECT_TRUE(parsePortList(defaults.skipped, {}).ok()) << defaults.name;
    EXPECT_EQ(portDefaultsOrNull(defaults.name), &defaults);
  }
  EXPECT_EQ(portDefaultsOrNull(OwnPortDefaults)->opaque, "25,587,3306,4444,5432,6379,9300,11211");
  EXPECT_EQ(portDefaultsOrNull(OwnPortDefaults)->skipped, "4567,4568");
  EXPECT_EQ(portDefaultsOrNull("linkerd-2.10")->opaque, "25,443,587,3306,5432,11211");
  EXPECT_EQ(portDefaultsOrNull("linkerd-2.10")->skipped, "");
  EXPECT_EQ(portDefaultsOrNull("linkerd-1"), nullptr);
}

TEST(PortPolicyTest, AppProtocolsAreHints) {
  const std::pair<std::string_view, ProtocolHint> cases[] = {
      {"http", ProtocolHint::Http1},
      {"HTTP", ProtocolHint::Http1},
      {"kubernetes.io/h2c", ProtocolHint::Http2},
      {"Kubernetes.io/H2C", ProtocolHint::Http2},
      {"http2", ProtocolHint::Http2},
      {"gRPC", ProtocolHint::Http2},
      {"linkerd.io/tcp", ProtocolHint::Opaque},
      {"linkerd.io/opaque", ProtocolHint::Opaque},
      {"tcp", ProtocolHint::Opaque},
      {"mysql", ProtocolHint::Opaque},
      {"https", ProtocolHint::Tls},
      {"tls", ProtocolHint::Tls},
      {"kubernetes.io/wss", ProtocolHint::Tls},
      {"kubernetes.io/ws", ProtocolHint::Http1},
      {"", ProtocolHint::Detect},
      {"htt", ProtocolHint::Detect},
      {"httpx", ProtocolHint::Detect},
      {"example.com/own", ProtocolHint::Detect},
  };
  for (const auto& [name, hint] : cases) EXPECT_EQ(hintOfAppProtocol(name), hint) << name;
  EXPECT_EQ(toString(ProtocolHint::Http2), "http2");
}

struct DecisionCase {
  uint16_t port;
  std::string app_protocol;
  std::string treatment;
  std::string source;
};

TEST(PortPolicyTest, TheWordThatWasSaidForFewerPortsDecides) {
  const auto skipped = resolve({{Default, "4567"}}).value();
  const auto opaque =
      resolve({{Default, "25,4567"}, {Namespace, "+9000"}, {Object, "+8080"}}).value();
  const DecisionCase cases[] = {
      {4567, "http", "skip", sourceOf(Default)},
      {8080, "http", "opaque", sourceOf(Object)},
      {9000, "", "opaque", sourceOf(Namespace)},
      {9000, "grpc", "http2", "appProtocol"},
      {25, "", "opaque", sourceOf(Default)},
      {25, "http", "http1", "appProtocol"},
      {25, "example.com/own", "opaque", sourceOf(Default)},
      {443, "https", "tls", "appProtocol"},
      {443, "linkerd.io/opaque", "opaque", "appProtocol"},
      {443, "example.com/own", "detect", "no list has it"},
      {443, "", "detect", "no list has it"},
  };
  for (const auto& one : cases) {
    std::optional<AppProtocol> app_protocol;
    if (!one.app_protocol.empty()) app_protocol = {one.app_protocol, "appProtocol"};
    const PortDecision decision = decidePort(one.port, skipped, opaque, app_protocol);
    EXPECT_EQ(toString(decision.treatment), one.treatment) << one.port << one.app_protocol;
    EXPECT_EQ(decision.source, one.source) << one.port << one.app_protocol;
  }
}

}  // namespace
}  // namespace weir::mesh
