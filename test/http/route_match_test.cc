#include "source/http/route_match.h"
#include "source/http/grpc.h"

#include <gtest/gtest.h>

#include "test/http/requests.h"

namespace weir::http::test {
namespace {

struct PathCase {
  PathMatch match;
  std::string path;
  bool holds;
};
class PathMatchTest : public testing::TestWithParam<PathCase> {};
TEST_P(PathMatchTest, LooksAtThePathWithoutItsQuery) {
  const Request headers = request("a", GetParam().path);
  EXPECT_EQ(holds(GetParam().match, RequestView(headers)), GetParam().holds) << GetParam().path;
}
INSTANTIATE_TEST_SUITE_P(
    Kinds, PathMatchTest,
    testing::Values(PathCase{prefix("/a"), "/a", true}, PathCase{prefix("/a"), "/ab?x", true},
                    PathCase{prefix("/a"), "/A", false}, PathCase{prefix("/ab"), "/a?b", false},
                    PathCase{anyCase(prefix("/aB")), "/Abc", true},
                    PathCase{exact("/a"), "/a?b=/c", true}, PathCase{exact("/a"), "/a/", false},
                    PathCase{exact("/a"), "/A", false}, PathCase{anyCase(exact("/a")), "/A", true},
                    PathCase{separated("/a"), "/a", true}, PathCase{separated("/a"), "/a/", true},
                    PathCase{separated("/a"), "/a?", true}, PathCase{separated("/a"), "/ab", false},
                    PathCase{pattern("/a[0-9]+"), "/a12", true},
                    PathCase{pattern("/a[0-9]+"), "/a12?q", true},
                    PathCase{pattern("/a[0-9]+"), "/a12/", false},
                    PathCase{pattern("/a[0-9]+"), "x/a1", false},
                    PathCase{pattern("/.*"), "/\x80\xff", true}, PathCase{exact("*"), "*", true},
                    PathCase{connect(), "/", false}));

TEST(RouteMatchTest, OnlyAConnectMatcherTakesAConnectWithoutAPath) {
  const Request headers = request("a:1", "", {}, "CONNECT");
  const RequestView view(headers);
  EXPECT_TRUE(holds(connect(), view));
  EXPECT_FALSE(holds(prefix(""), view));
  EXPECT_FALSE(holds(pattern(".*"), view));
}

TEST(RouteMatchTest, AnExtendedConnectIsMatchedByItsPath) {
  const Request headers = request("a", "/chat", {{":protocol", "websocket"}}, "CONNECT");
  EXPECT_FALSE(holds(connect(), RequestView(headers)));
  EXPECT_TRUE(holds(prefix("/chat"), RequestView(headers)));
}

TextMatch text(TextMatch::Kind kind, std::string value, bool ignore_case = false) {
  return {kind, std::move(value), ignore_case};
}
TextMatch textRegex(std::string_view value) {
  return {TextMatch::Kind::Regex, {}, false, regex(value)};
}

struct HeaderCase {
  HeaderMatch match;
  Fields fields;
  bool holds;
};
class HeaderMatchTest : public testing::TestWithParam<HeaderCase> {};
TEST_P(HeaderMatchTest, LooksAtAllFieldsOfTheName) {
  const Request headers = request("a", "/", GetParam().fields);
  EXPECT_EQ(holds(GetParam().match, RequestView(headers)), GetParam().holds);
}

using Kind = TextMatch::Kind;
const Fields One = {{"x", "Abc"}};
const Fields Two = {{"x", "a"}, {"y", "z"}, {"x", "b"}};
const std::string Long(2000, 'l');
INSTANTIATE_TEST_SUITE_P(
    Kinds, HeaderMatchTest,
    testing::Values(
        HeaderCase{{"x"}, One, true}, HeaderCase{{"x"}, {}, false},
        HeaderCase{{"x", HeaderMatch::Present{}, true}, {}, true},
        HeaderCase{{"x", HeaderMatch::Present{}, true}, One, false},
        HeaderCase{{"x", text(Kind::Exact, "Abc")}, One, true},
        HeaderCase{{"x", text(Kind::Exact, "abc")}, One, false},
        HeaderCase{{"x", text(Kind::Exact, "abc", true)}, One, true},
        HeaderCase{{"x", text(Kind::Prefix, "Ab")}, One, true},
        HeaderCase{{"x", text(Kind::Prefix, "Abcd")}, One, false},
        HeaderCase{{"x", text(Kind::Suffix, "bc")}, One, true},
        HeaderCase{{"x", text(Kind::Suffix, "BC", true)}, One, true},
        HeaderCase{{"x", text(Kind::Suffix, "BC")}, One, false},
        HeaderCase{{"x", text(Kind::Contains, "b")}, One, true},
        HeaderCase{{"x", text(Kind::Contains, "B", true)}, One, true},
        HeaderCase{{"x", text(Kind::Contains, "d")}, One, false},
        HeaderCase{{"x", textRegex("A.c")}, One, true},
        HeaderCase{{"x", textRegex("A")}, One, false},
        HeaderCase{{"x", textRegex("a.*")}, {{"x", "a\xff\x80"}}, true},
        // Several fields are one value: none of them alone decides.
        HeaderCase{{"x", text(Kind::Exact, "a,b")}, Two, true},
        HeaderCase{{"x", text(Kind::Exact, "a")}, Two, false},
        HeaderCase{{"x", text(Kind::Exact, Long + "," + Long)}, {{"x", Long}, {"x", Long}}, true},
        // What is not there matches nothing, whether inverted or not.
        HeaderCase{{"x", text(Kind::Exact, "a"), true}, One, true},
        HeaderCase{{"x", text(Kind::Exact, "a"), true}, {}, false},
        HeaderCase{{"x", text(Kind::Exact, "")}, {}, false},
        HeaderCase{{"x", text(Kind::Exact, ""), false, true}, {}, true},
        HeaderCase{{"x", text(Kind::Exact, "a"), true, true}, {}, true},
        HeaderCase{{"x", ValueRange{-1, 10}}, {{"x", "-1"}}, true},
        HeaderCase{{"x", ValueRange{-1, 10}}, {{"x", "9"}}, true},
        HeaderCase{{"x", ValueRange{-1, 10}}, {{"x", "10"}}, false},
        HeaderCase{{"x", ValueRange{-1, 10}}, {{"x", "9a"}}, false},
        HeaderCase{{"x", ValueRange{-1, 10}}, {{"x", ""}}, false},
        HeaderCase{{"x", ValueRange{-1, 10}}, {{"x", "99999999999999999999"}}, false},
        HeaderCase{{":authority", text(Kind::Exact, "a")}, {}, true}));

struct QueryCase {
  std::string query;
  std::string name;
  std::optional<std::string> value;
};
class QueryTest : public testing::TestWithParam<QueryCase> {};
TEST_P(QueryTest, FindsTheFirstParameterOfTheName) {
  EXPECT_EQ(queryParameter(GetParam().query, GetParam().name), GetParam().value);
}
INSTANTIATE_TEST_SUITE_P(
    Queries, QueryTest,
    testing::Values(QueryCase{"a=1&b=2&a=3", "a", "1"}, QueryCase{"a=1&b=2&a=3", "b", "2"},
                    QueryCase{"ab=1", "a", std::nullopt}, QueryCase{"b=a", "a", std::nullopt},
                    QueryCase{"a", "a", ""}, QueryCase{"a=", "a", ""},
                    QueryCase{"&&a=x=y&", "a", "x=y"}, QueryCase{"", "a", std::nullopt}));

TEST(RouteMatchTest, AllConditionsMustHold) {
  RouteMatch match;
  match.methods = {"GET", "HEAD"};
  match.headers = {{"x"}};
  match.query = {{"q", std::nullopt}};
  match.grpc = true;
  const auto holdsFor = [&](std::string_view method, std::string_view path, const Fields& fields) {
    const Request headers = request("a", path, fields, method);
    return restHolds(match, RequestView(headers));
  };
  const Fields fields = {{"x", ""}, {"content-type", "application/grpc"}};
  EXPECT_TRUE(holdsFor("HEAD", "/?q", fields));
  EXPECT_FALSE(holdsFor("POST", "/?q", fields));
  EXPECT_FALSE(holdsFor("GET", "/", fields));
  EXPECT_FALSE(holdsFor("GET", "/?q", {{"x", ""}}));
  EXPECT_FALSE(holdsFor("GET", "/?q", {{"content-type", "application/grpc"}}));
}

TEST(RouteMatchTest, KnowsGrpcByItsContentType) {
  for (const char* type : {"application/grpc", "application/grpc+proto", "Application/gRPC;a=b"}) {
    EXPECT_TRUE(isGrpc(request("a", "/", {{"content-type", type}}))) << type;
  }
  for (const char* type : {"application/grpc-web", "application/json", "application/grp", ""}) {
    EXPECT_FALSE(isGrpc(request("a", "/", {{"content-type", type}}))) << type;
  }
}

TEST(RegexTest, SaysWhatIsWrong) {
  const auto wrong = Regex::compile("/a(");
  ASSERT_FALSE(wrong.ok());
  EXPECT_EQ(wrong.error().detail, "missing ): /a(");
  EXPECT_FALSE(Regex::compile("((a{100}){100}){100}").ok());
}

TEST(RegexTest, KnowsWhatAllItsMatchesBeginWith) {
  EXPECT_EQ(regex("/api/v1/.*")->commonPrefix().substr(0, 7), "/api/v1");
  EXPECT_EQ(regex("(?i)/api")->commonPrefix(), "/");
  EXPECT_EQ(regex(".*")->commonPrefix(), "");
  EXPECT_EQ(regex("/a|b")->commonPrefix(), "");
}

}  // namespace
}  // namespace weir::http::test
