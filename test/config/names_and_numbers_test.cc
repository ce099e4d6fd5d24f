// The small parsers that need no tree: names, durations, numbers, base64, UTF-8, formats.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "source/config/duration_text.h"
#include "source/config/extension_types.h"
#include "source/config/format.h"
#include "source/config/nearest_name.h"
#include "source/config/scalar_values.h"

namespace weir::config {
namespace {

using namespace std::chrono_literals;

TEST(EditDistanceTest, CountsInsertionsDeletionsReplacementsAndSwaps) {
  EXPECT_EQ(editDistance("", ""), 0U);
  EXPECT_EQ(editDistance("abc", ""), 3U);
  EXPECT_EQ(editDistance("", "abc"), 3U);
  EXPECT_EQ(editDistance("adress", "address"), 1U);
  EXPECT_EQ(editDistance("addresss", "address"), 1U);
  EXPECT_EQ(editDistance("addresz", "address"), 1U);
  EXPECT_EQ(editDistance("adderss", "address"), 1U);
  EXPECT_EQ(editDistance("ADDRESS", "address"), 0U);
}

TEST(NearestNameTest, FindsTheNameThatWasMeant) {
  const std::vector<std::string> known = {"name", "address", "filter_chains", "listener_filters"};
  EXPECT_EQ(nearestName("adress", known), "address");
  EXPECT_EQ(nearestName("filter_chain", known), "filter_chains");
  EXPECT_EQ(nearestName("listenerFilters", known), "listener_filters");
  EXPECT_EQ(nearestName("Name", known), "name");
}

TEST(NearestNameTest, IsSilentWhereNothingIsNear) {
  EXPECT_EQ(nearestName("workers", {"name", "address"}), std::nullopt);
  EXPECT_EQ(nearestName("x", {"y"}), std::nullopt);
  EXPECT_EQ(nearestName("", {"a"}), std::nullopt);
  EXPECT_EQ(nearestName("name", {}), std::nullopt);
  EXPECT_EQ(nearestName(std::string(100'000, 'a'), {"aa"}), std::nullopt);
}

TEST(NearestNameTest, ListsTheKnownNamesWhereNothingIsNear) {
  EXPECT_EQ(suggestion("adress", {"name", "address"}, "known fields"),
            "; did you mean \"address\"?");
  EXPECT_EQ(suggestion("zzz", {"name", "address"}, "known fields"),
            "; known fields: name, address");
  EXPECT_EQ(suggestion("zzz", {}, "known fields"), "");
  EXPECT_TRUE(suggestion("zzz", std::vector<std::string>(21, "n"), "known").ends_with("n, ..."));
}

const std::vector<std::string> SomeTypes = {
    "weir.extensions.listener.proto_detect.v1.ProtoDetect",
    "weir.extensions.network.tcp_proxy.v1.TcpProxy", "weir.extensions.network.rbac.v1.Rbac",
    "weir.extensions.http.rbac.v1.Rbac", "weir.extensions.http.router.v1.Router"};
constexpr std::string_view ListenerKind = "weir.extensions.listener.";
constexpr std::string_view NetworkKind = "weir.extensions.network.";
constexpr std::string_view HttpKind = "weir.extensions.http.";

TEST(UnknownTypeTest, SuggestsTheTypeOfTheSameOrANearName) {
  const std::string hint = "; did you mean \"weir.extensions.network.tcp_proxy.v1.TcpProxy\"?";
  for (const std::string type : {"envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
                                 "weir.extensions.network.tcp_proxy.v2.TcpProxy",
                                 "weir.extensions.network.tcp_proxy.v1.TcpPoxy",
                                 "weir.extensions.network.tcpproxy.v1.Settings",
                                 "weir.extensions.listener.tcp_proxy.v1.TcpProxy"}) {
    EXPECT_EQ(unknownTypeMessage(type, SomeTypes, ""), "unknown type \"" + type + "\"" + hint);
    EXPECT_EQ(unknownTypeMessage(type, SomeTypes, NetworkKind),
              "unknown type \"" + type + "\"" + hint);
  }
}

TEST(UnknownTypeTest, SuggestsOneOfTheKindThatIsWantedFirst) {
  const std::string type = "envoy.extensions.filters.http.rbac.v3.RBAC";
  EXPECT_EQ(unknownTypeMessage(type, SomeTypes, HttpKind),
            "unknown type \"" + type + "\"; did you mean \"weir.extensions.http.rbac.v1.Rbac\"?");
  EXPECT_EQ(
      unknownTypeMessage(type, SomeTypes, NetworkKind),
      "unknown type \"" + type + "\"; did you mean \"weir.extensions.network.rbac.v1.Rbac\"?");
}

TEST(UnknownTypeTest, SaysOfWhatKindAnotherIsAndWhereThatBelongs) {
  constexpr std::string_view TcpProxy = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";
  const std::string prefix = "unknown type \"" + std::string(TcpProxy) +
                             "\"; did you mean \"weir.extensions.network.tcp_proxy.v1.TcpProxy\"?";
  for (const std::string_view kind : {HttpKind, ListenerKind}) {
    EXPECT_EQ(unknownTypeMessage(TcpProxy, SomeTypes, kind),
              prefix + " That is a network filter: it belongs in the filters of a chain");
  }
  EXPECT_EQ(unknownTypeMessage("x.Router", SomeTypes, NetworkKind),
            "unknown type \"x.Router\"; did you mean \"weir.extensions.http.router.v1.Router\"? "
            "That is an HTTP filter: it belongs in http_filters");
  EXPECT_EQ(unknownTypeMessage("x.ProtoDetect", SomeTypes, NetworkKind),
            "unknown type \"x.ProtoDetect\"; did you mean "
            "\"weir.extensions.listener.proto_detect.v1.ProtoDetect\"? That is a listener filter: "
            "it belongs in listener_filters");
}

TEST(UnknownTypeTest, KnowsWhatHasAnotherNameInEnvoy) {
  const std::string type = "envoy.extensions.filters.listener.http_inspector.v3.HttpInspector";
  EXPECT_EQ(unknownTypeMessage(type, SomeTypes, ListenerKind),
            "unknown type \"" + type +
                "\"; did you mean \"weir.extensions.listener.proto_detect.v1.ProtoDetect\"?");
}

TEST(UnknownTypeTest, ListsTheTypesOfTheKindThatIsWanted) {
  EXPECT_EQ(unknownTypeMessage("a.b.Other", SomeTypes, HttpKind),
            "unknown type \"a.b.Other\"; known HTTP filters: weir.extensions.http.rbac.v1.Rbac, "
            "weir.extensions.http.router.v1.Router");
  EXPECT_EQ(unknownTypeMessage("a.b.Other", SomeTypes, ListenerKind),
            "unknown type \"a.b.Other\"; known listener filters: "
            "weir.extensions.listener.proto_detect.v1.ProtoDetect");
  EXPECT_EQ(unknownTypeMessage("a.b.Other", {"weir.extensions.network.echo.v1.Echo"}, HttpKind),
            "unknown type \"a.b.Other\"; known types: weir.extensions.network.echo.v1.Echo");
  EXPECT_EQ(unknownTypeMessage("a.b.Other", {"c.D"}, ""),
            "unknown type \"a.b.Other\"; known types: c.D");
  EXPECT_EQ(unknownTypeMessage("a.b.Other", {}, ""), "unknown type \"a.b.Other\"");
}

TEST(UnknownTypeTest, SaysThatATypeOfOursIsNotPartOfThisBuild) {
  EXPECT_EQ(
      unknownTypeMessage("weir.extensions.network.http_conn_manager.v1.HttpConnManager", SomeTypes,
                         ""),
      "the type \"weir.extensions.network.http_conn_manager.v1.HttpConnManager\" is not part of "
      "this build; known network filters: weir.extensions.network.tcp_proxy.v1.TcpProxy, "
      "weir.extensions.network.rbac.v1.Rbac");
}

TEST(ExtensionKindTest, IsThatOfTheMessageAroundIt) {
  EXPECT_EQ(extensionKindIn("weir.config.v1.ListenerFilter"), ListenerKind);
  EXPECT_EQ(extensionKindIn("weir.config.v1.NetworkFilter"), NetworkKind);
  EXPECT_EQ(extensionKindIn("weir.extensions.network.http_conn_manager.v1.HttpFilter"), HttpKind);
  EXPECT_EQ(extensionKindIn("weir.config.v1.Cluster"), "");
}

struct DurationCase {
  std::string text;
  std::optional<Duration> expected;
};

class DurationTest : public testing::TestWithParam<DurationCase> {};

TEST_P(DurationTest, IsExactOrRefused) {
  EXPECT_EQ(parseDuration(GetParam().text), GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, DurationTest,
    testing::Values(DurationCase{"0s", 0ns}, DurationCase{"1s", 1s}, DurationCase{"1.5s", 1500ms},
                    DurationCase{"0.025s", 25ms}, DurationCase{"250ms", 250ms},
                    DurationCase{"1.5ms", 1500us}, DurationCase{"10us", 10us},
                    DurationCase{"7ns", 7ns}, DurationCase{"5m", 5min}, DurationCase{"1h", 1h},
                    DurationCase{"0.5h", 30min}, DurationCase{"-1s", -1s},
                    DurationCase{"1.000000001s", 1000000001ns}, DurationCase{"1.0000000000s", 1s},
                    DurationCase{"9223372036s", Duration(9223372036'000'000'000)},
                    DurationCase{"9223372037s", std::nullopt},
                    DurationCase{"999999999999999999h", std::nullopt},
                    DurationCase{"9999999999999999999s", std::nullopt},
                    DurationCase{"1.0000000001s", std::nullopt}, DurationCase{"", std::nullopt},
                    DurationCase{"1", std::nullopt}, DurationCase{"s", std::nullopt},
                    DurationCase{".5s", std::nullopt}, DurationCase{"1.s", std::nullopt},
                    DurationCase{"1 s", std::nullopt}, DurationCase{"1S", std::nullopt},
                    DurationCase{"1d", std::nullopt}, DurationCase{"1s ", std::nullopt},
                    DurationCase{"+1s", std::nullopt}, DurationCase{"--1s", std::nullopt},
                    DurationCase{"1e3s", std::nullopt}));

TEST(DurationTest, PrintsTheLargestUnitWithoutAFraction) {
  EXPECT_EQ(formatDuration(0ns), "0s");
  EXPECT_EQ(formatDuration(1h), "1h");
  EXPECT_EQ(formatDuration(90min), "90m");
  EXPECT_EQ(formatDuration(1s), "1s");
  EXPECT_EQ(formatDuration(1500ms), "1.5s");
  EXPECT_EQ(formatDuration(25ms), "25ms");
  EXPECT_EQ(formatDuration(1ns), "1ns");
  EXPECT_EQ(formatDuration(-1500ms), "-1.5s");
}

TEST(DurationTest, PrintsWhatItReads) {
  for (const Duration duration :
       {Duration::max(), Duration(1), Duration(1'000'000'001), Duration(3601s)}) {
    EXPECT_EQ(parseDuration(formatDuration(duration)), duration) << formatDuration(duration);
  }
  EXPECT_TRUE(formatDuration(Duration::min()).starts_with('-'));
}

struct IntegerCase {
  std::string text;
  Format format;
  IntegerFault fault;
  bool negative = false;
  uint64_t magnitude = 0;
};

class IntegerTest : public testing::TestWithParam<IntegerCase> {};

TEST_P(IntegerTest, ReadsWhatTheFormatAllows) {
  ParsedInteger parsed;
  ASSERT_EQ(parseInteger(GetParam().text, GetParam().format, parsed), GetParam().fault)
      << GetParam().text;
  if (GetParam().fault != IntegerFault::None) return;
  EXPECT_EQ(parsed.negative, GetParam().negative);
  EXPECT_EQ(parsed.magnitude, GetParam().magnitude);
}

constexpr uint64_t Max64 = std::numeric_limits<uint64_t>::max();
INSTANTIATE_TEST_SUITE_P(
    Cases, IntegerTest,
    testing::Values(IntegerCase{"0", Format::Json, IntegerFault::None},
                    IntegerCase{"-0", Format::Json, IntegerFault::None, true, 0},
                    IntegerCase{"42", Format::Yaml, IntegerFault::None, false, 42},
                    IntegerCase{"-42", Format::Text, IntegerFault::None, true, 42},
                    IntegerCase{"18446744073709551615", Format::Yaml, IntegerFault::None, false,
                                Max64},
                    IntegerCase{"18446744073709551616", Format::Yaml, IntegerFault::TooLarge},
                    IntegerCase{"0x1F", Format::Yaml, IntegerFault::None, false, 31},
                    IntegerCase{"0x1f", Format::Text, IntegerFault::None, false, 31},
                    IntegerCase{"0x1F", Format::Json, IntegerFault::NotAnInteger},
                    IntegerCase{"0x", Format::Yaml, IntegerFault::NotAnInteger},
                    IntegerCase{"010", Format::Text, IntegerFault::None, false, 8},
                    IntegerCase{"09", Format::Text, IntegerFault::NotAnInteger},
                    IntegerCase{"010", Format::Yaml, IntegerFault::LeadingZero},
                    IntegerCase{"09", Format::Yaml, IntegerFault::LeadingZero},
                    IntegerCase{"", Format::Yaml, IntegerFault::NotAnInteger},
                    IntegerCase{"-", Format::Yaml, IntegerFault::NotAnInteger},
                    IntegerCase{"1.0", Format::Yaml, IntegerFault::NotAnInteger},
                    IntegerCase{"1e3", Format::Json, IntegerFault::NotAnInteger},
                    IntegerCase{"+1", Format::Yaml, IntegerFault::NotAnInteger},
                    IntegerCase{" 1", Format::Yaml, IntegerFault::NotAnInteger},
                    IntegerCase{"1_000", Format::Yaml, IntegerFault::NotAnInteger}));

TEST(FloatTest, ReadsNumbersAndNames) {
  EXPECT_EQ(parseFloat("1.5"), 1.5);
  EXPECT_EQ(parseFloat("-2"), -2.0);
  EXPECT_EQ(parseFloat("1e3"), 1000.0);
  EXPECT_EQ(parseFloat(".5"), 0.5);
  EXPECT_EQ(parseFloat("1.5f"), 1.5);
  EXPECT_EQ(parseFloat("-inf"), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(parseFloat("nan").value()));
  for (const char* text : {"", "-", "f", "1.5x", "1e999", "0x10", "+1", "in"}) {
    EXPECT_EQ(parseFloat(text), std::nullopt) << text;
  }
}

TEST(Base64Test, ReadsBothAlphabetsWithAndWithoutPadding) {
  EXPECT_EQ(parseBase64(""), "");
  EXPECT_EQ(parseBase64("Zg=="), "f");
  EXPECT_EQ(parseBase64("Zg"), "f");
  EXPECT_EQ(parseBase64("Zm8="), "fo");
  EXPECT_EQ(parseBase64("Zm9v"), "foo");
  EXPECT_EQ(parseBase64("-_8"), "\xfb\xff");
  EXPECT_EQ(parseBase64("+/8="), "\xfb\xff");
  EXPECT_EQ(parseBase64("AAEC/w=="), std::string("\x00\x01\x02\xff", 4));
  for (const char* text : {"Z", "Zg=", "Zg===", "Z===", "=", "Zm9v=", "Zm 9v", "Zm9v\n", "Zm9*"}) {
    EXPECT_EQ(parseBase64(text), std::nullopt) << text;
  }
}

TEST(Utf8Test, FindsTheFirstByteThatIsWrong) {
  for (const char* good : {"", "abc", "\xc3\xa4", "\xe2\x82\xac", "\xf0\x9f\x98\x80",
                           "\xef\xbf\xbf", "\xf4\x8f\xbf\xbf"}) {
    EXPECT_EQ(firstInvalidUtf8(good), std::nullopt) << good;
  }
  const std::vector<std::pair<std::string, size_t>> bad = {{"\x80", 0},
                                                           {"a\xff", 1},
                                                           {"\xc0\x80", 0},
                                                           {"\xc1\xbf", 0},
                                                           {"ab\xc3", 2},
                                                           {"\xc3(", 0},
                                                           {"\xe0\x80\x80", 0},
                                                           {"\xed\xa0\x80", 0},
                                                           {"\xe2\x82", 0},
                                                           {"\xf0\x80\x80\x80", 0},
                                                           {"\xf4\x90\x80\x80", 0},
                                                           {"\xf5\x80\x80\x80", 0}};
  for (const auto& [text, offset] : bad) EXPECT_EQ(firstInvalidUtf8(text), offset);
}

TEST(FormatTest, FollowsFromTheEndingOfTheFile) {
  EXPECT_EQ(formatOf("a.yaml").value(), Format::Yaml);
  EXPECT_EQ(formatOf("/etc/weir/a.yml").value(), Format::Yaml);
  EXPECT_EQ(formatOf("a.json").value(), Format::Json);
  for (const char* name : {"a.textproto", "a.txtpb", "a.pb_text", "a.pbtxt"}) {
    EXPECT_EQ(formatOf(name).value(), Format::Text) << name;
  }
}

TEST(FormatTest, ListsTheKnownEndingsForAnUnknownOne) {
  for (const char* name : {"a", "a.toml", "yaml", "a.yaml.bak", ""}) {
    const auto format = formatOf(name);
    ASSERT_FALSE(format.ok()) << name;
    EXPECT_EQ(format.error().detail,
              "the format follows from the file's ending, which must be one of .yaml, .yml, .json, "
              ".textproto, "
              ".txtpb, .pb_text, .pbtxt");
  }
}

}  // namespace
}  // namespace weir::config
