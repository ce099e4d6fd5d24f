#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "source/extensions/http/header_mutation/factory.h"
#include "test/support/http_filter_harness.h"
#include "test/support/typed_config.h"

namespace weir::http_filters {
namespace {

using test::HttpFilterHarness;
using Fields = HttpFilterHarness::Fields;

std::string append(const std::string& key, const std::string& value,
                   const std::string& action = "APPEND_IF_EXISTS_OR_ADD") {
  return "{append: {header: {key: " + key + ", value: \"" + value +
         "\"}, append_action: " + action + "}}";
}

HttpFilterHarness::Factories filters(const std::string& part, const std::string& mutations) {
  return {test::makeFilter(makeHeaderMutationConfigFactory(),
                           "mutations: {" + part + ": [" + mutations + "]}")};
}

std::vector<std::string> errors(const std::string& fields) {
  return test::errorsOf(makeHeaderMutationConfigFactory(), fields);
}

TEST(HeaderMutationTest, ChangesRequestsInTheOrderOfItsList) {
  struct Case {
    std::string mutations;
    Fields fields;
    std::string expected;
  };
  for (const Case& one : {
           Case{append("X-A", "1"), {}, "x-a=1;"},
           Case{append("x-a", "2"), {{"x-a", "1"}}, "x-a=1;x-a=2;"},
           Case{append("x-a", "2", "ADD_IF_ABSENT"), {{"x-a", "1"}}, "x-a=1;"},
           Case{append("x-a", "2", "ADD_IF_ABSENT"), {}, "x-a=2;"},
           Case{append("x-a", "2", "OVERWRITE_IF_EXISTS_OR_ADD"),
                {{"x-a", "1"}, {"x-a", "3"}},
                "x-a=2;"},
           Case{append("x-a", "2", "OVERWRITE_IF_EXISTS"), {}, ""},
           Case{append("x-a", "100%%"), {}, "x-a=100%;"},
           Case{"{remove: X-A}", {{"x-a", "1"}, {"x-b", "2"}, {"x-a", "3"}}, "x-b=2;"},
           Case{"{remove: x-a}, " + append("x-a", "2"), {{"x-a", "1"}}, "x-a=2;"},
           Case{append("x-a", "2") + ", {remove: x-a}", {{"x-a", "1"}}, ""},
           Case{append("x-a", "1") + ", {remove: x-a}, " + append("x-a", "2", "ADD_IF_ABSENT"),
                {},
                "x-a=2;"},
       }) {
    HttpFilterHarness h(filters("request_mutations", one.mutations));
    h.request("GET", "/", one.fields);
    EXPECT_EQ(h.upstreamRequest(),
              ":method=GET;:scheme=http;:authority=test;:path=/;" + one.expected + "||end")
        << one.mutations;
    h.respond(200, "", {{"x-a", "r"}});
    EXPECT_EQ(h.response(), ":status=200;x-a=r;||end");
  }
}

TEST(HeaderMutationTest, ChangesResponsesAndThoseOfTheProxyItself) {
  HttpFilterHarness h(filters("response_mutations", "{remove: server}, " + append("x-a", "1")));
  h.request("GET", "/", {{"server", "mine"}});
  EXPECT_NE(h.upstreamRequest().find("server=mine"), std::string::npos);
  h.respondHeaders({{":status", "103"}, {"server", "s"}}, false);
  h.respond(200, "hi", {{"server", "s"}});
  EXPECT_EQ(h.response(), ":status=103;server=s;:status=200;x-a=1;|hi|end");
  h.nextStream();
  h.request("GET", "/");
  h.manager().sendLocalReply({503, "overloaded"});
  h.run();
  EXPECT_EQ(h.responseHeader("x-a"), "1");
}

TEST(HeaderMutationTest, ChangesTrailers) {
  HttpFilterHarness request(filters("request_trailers_mutations", append("x-t", "1")));
  request.requestHeaders({{":method", "POST"}}, false);
  request.requestTrailers({{"t", "v"}});
  EXPECT_EQ(request.upstreamRequest(), ":method=POST;||t=v;x-t=1;|end");

  HttpFilterHarness response(filters("response_trailers_mutations", "{remove: x-debug}"));
  response.request("POST", "/s/m", {{"content-type", "application/grpc"}});
  response.respondHeaders({{":status", "200"}, {"x-debug", "stays"}}, false);
  response.respondTrailers({{"grpc-status", "0"}, {"x-debug", "goes"}});
  EXPECT_EQ(response.response(), ":status=200;x-debug=stays;||grpc-status=0;|end");
}

// Asks for the route, as any filter may.
class Asking final : public http::StreamDecoderFilter {
 public:
  Asking(http::FilterContext& context, std::vector<std::string>& routes)
      : context_(context), routes_(routes) {}
  http::FilterStatus decodeHeaders(http::HeaderMap&, bool) override {
    routes_.push_back(context_.route()->name);
    return http::FilterStatus::Continue;
  }

 private:
  http::FilterContext& context_;
  std::vector<std::string>& routes_;
};

class AskingFactory final : public http::FilterFactory {
 public:
  explicit AskingFactory(std::vector<std::string>& routes) : routes_(routes) {}
  std::string_view name() const override { return "asking"; }
  void create(http::FilterAdder& adder) const override {
    adder.add<Asking>(adder.context(), routes_);
  }

 private:
  std::vector<std::string>& routes_;
};

TEST(HeaderMutationTest, TheRouteIsChosenByWhatItMade) {
  http::RouteSpec marked;
  marked.match.headers.push_back({"x-a"});
  marked.route.name = "marked";
  http::RouteSpec rest;
  rest.route.name = "rest";
  Diagnostics diagnostics;
  const auto table = http::RouteTable::compile({{"all", "", {"*"}, {marked, rest}}}, diagnostics);
  std::vector<std::string> routes;
  const auto asking = std::make_shared<AskingFactory>(routes);
  const auto mutation = filters("request_mutations", append("x-a", "1")).front();
  HttpFilterHarness h({asking, mutation, asking}, {.routes = table});
  h.request("GET", "/");
  EXPECT_EQ(routes, (std::vector<std::string>{"rest", "marked"}));
}

TEST(HeaderMutationFactoryTest, ChecksEveryField) {
  struct Case {
    std::string mutation;
    std::string error;
  };
  for (const Case& one : {
           Case{"{}", ": is empty: set remove or append"},
           Case{"{remove: \"\"}", ".remove: is required: the name of a field, such as \"x-user\""},
           Case{"{remove: \"a b\"}", ".remove: \"a b\" is not the name of a field"},
           Case{
               "{remove: Connection}",
               ".remove: \"Connection\" belongs to the connection or frames the body: it cannot be "
               "changed"},
           Case{"{append: {}}", ".append.header: is required: the field's key and value"},
           Case{append("a", "%x"),
                ".append.header.value: has a single %: there are no operators in values; write %% "
                "for a percent sign"},
       }) {
    for (const std::string part : {"request_mutations", "request_trailers_mutations",
                                   "response_mutations", "response_trailers_mutations"}) {
      EXPECT_EQ(errors("mutations: {" + part + ": [" + one.mutation + "]}"),
                std::vector<std::string>{"mutations." + part + "[0]" + one.error});
    }
  }
  const std::vector<std::string> none = {
      "mutations: is required: at least one change of a request or a response"};
  EXPECT_EQ(errors(""), none);
  EXPECT_EQ(errors("mutations: {}"), none);
}

}  // namespace
}  // namespace weir::http_filters
