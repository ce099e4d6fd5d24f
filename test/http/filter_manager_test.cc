// How filters hold, change, answer and go on: the contract of source/http/filter.h, by filters that
// a test scripts.

#include "source/http/filter_manager.h"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "test/support/http_filter_harness.h"

namespace weir::http {
namespace {

using test::HttpFilterHarness;

// What a filter does in its hooks; each may be left out.
struct Script {
  using Head = std::function<FilterStatus(FilterContext&, HeaderMap&, bool)>;
  using Data = std::function<FilterStatus(FilterContext&, buffer::Buffer&, bool)>;
  using Trailers = std::function<FilterStatus(FilterContext&, HeaderMap&)>;
  Head decode_headers;
  Data decode_data;
  Trailers decode_trailers;
  Head encode_headers;
  Data encode_data;
  Trailers encode_trailers;
  std::string log;                   // of the hooks that were called
  FilterContext* context = nullptr;  // of the filter that lives
};

class Scripted final : public StreamDecoderFilter, public StreamEncoderFilter {
 public:
  Scripted(FilterContext& context, Script& script) : context_(context), script_(script) {
    script.context = &context;
  }
  ~Scripted() override { script_.log += "~ "; }
  FilterStatus decodeHeaders(HeaderMap& headers, bool end) override {
    script_.log += end ? "dh! " : "dh ";
    return script_.decode_headers ? script_.decode_headers(context_, headers, end)
                                  : FilterStatus::Continue;
  }
  FilterStatus decodeData(buffer::Buffer& data, bool end) override {
    script_.log += "dd(" + data.toString() + (end ? ")! " : ") ");
    return script_.decode_data ? script_.decode_data(context_, data, end) : FilterStatus::Continue;
  }
  FilterStatus decodeTrailers(HeaderMap& trailers) override {
    script_.log += "dt ";
    return script_.decode_trailers ? script_.decode_trailers(context_, trailers)
                                   : FilterStatus::Continue;
  }
  FilterStatus encodeHeaders(HeaderMap& headers, bool end) override {
    script_.log += end ? "eh! " : "eh ";
    return script_.encode_headers ? script_.encode_headers(context_, headers, end)
                                  : FilterStatus::Continue;
  }
  FilterStatus encodeData(buffer::Buffer& data, bool end) override {
    script_.log += "ed(" + data.toString() + (end ? ")! " : ") ");
    return script_.encode_data ? script_.encode_data(context_, data, end) : FilterStatus::Continue;
  }
  FilterStatus encodeTrailers(HeaderMap& trailers) override {
    script_.log += "et ";
    return script_.encode_trailers ? script_.encode_trailers(context_, trailers)
                                   : FilterStatus::Continue;
  }
  void onStreamComplete() override {
    script_.log += "done ";
    script_.context = nullptr;
  }

 private:
  FilterContext& context_;
  Script& script_;
};

class ScriptedFactory final : public FilterFactory {
 public:
  explicit ScriptedFactory(Script& script) : script_(script) {}
  std::string_view name() const override { return "scripted"; }
  void create(FilterAdder& adder) const override { adder.add<Scripted>(adder.context(), script_); }

 private:
  Script& script_;
};

auto answer(FilterStatus status) {
  return [status](auto&&...) { return status; };
}

const HttpFilterHarness::Fields Expecting = {{":method", "POST"},
                                             {":scheme", "http"},
                                             {":authority", "test"},
                                             {":path", "/"},
                                             {"expect", "100-continue"}};

struct FilterManagerTest : testing::Test {
  HttpFilterHarness& make(HttpFilterHarness::Options options = {}) {
    harness = std::make_unique<HttpFilterHarness>(
        HttpFilterHarness::Factories{std::make_shared<ScriptedFactory>(a),
                                     std::make_shared<ScriptedFactory>(b)},
        options);
    return *harness;
  }
  Script a;
  Script b;
  std::unique_ptr<HttpFilterHarness> harness;
};

constexpr auto Get = ":method=GET;:scheme=http;:authority=test;:path=/;";

TEST_F(FilterManagerTest, ARequestPassesInOrderAndItsResponseInTheOpposite) {
  auto& h = make();
  a.decode_headers = [](FilterContext&, HeaderMap& headers, bool) {
    headers.add("x", "a");
    return FilterStatus::Continue;
  };
  b.decode_headers = [](FilterContext&, HeaderMap& headers, bool) {
    headers.add("x", "b");
    return FilterStatus::Continue;
  };
  a.encode_headers = b.encode_headers = nullptr;
  b.encode_headers = [](FilterContext&, HeaderMap& headers, bool) {
    headers.add("y", "b");
    return FilterStatus::Continue;
  };
  a.encode_headers = [](FilterContext&, HeaderMap& headers, bool) {
    headers.add("y", "a");
    return FilterStatus::Continue;
  };
  h.request("GET", "/");
  EXPECT_EQ(h.upstreamRequest(), std::string(Get) + "x=a;x=b;||end");
  h.respond(200, "hi");
  EXPECT_EQ(h.response(), ":status=200;y=b;y=a;|hi|end");
  EXPECT_EQ(a.log, "dh! eh ed(hi)! done ");
}

TEST_F(FilterManagerTest, BodiesAndTrailersPassAsTheyCome) {
  auto& h = make();
  h.requestHeaders({{":method", "POST"}}, false);
  h.requestData("1", false);
  h.requestData("2", false);
  h.requestTrailers({{"t", "v"}});
  EXPECT_EQ(h.upstreamRequest(), ":method=POST;|12|t=v;|end");
  h.respondHeaders({{":status", "200"}}, false);
  h.respondData("3", false);
  h.respondTrailers({{"u", "w"}});
  EXPECT_EQ(h.response(), ":status=200;|3|u=w;|end");
  EXPECT_EQ(b.log, "dh dd(1) dd(2) dt eh ed(3) et done ");
}

TEST_F(FilterManagerTest, StopIterationHoldsAndShowsWhatIsHeldTogetherWithWhatFollows) {
  auto& h = make();
  a.decode_headers = answer(FilterStatus::StopIteration);
  a.decode_data = [](FilterContext&, buffer::Buffer&, bool end) {
    return end ? FilterStatus::Continue : FilterStatus::StopIteration;
  };
  h.requestHeaders({{":method", "POST"}}, false);
  h.requestData("1", false);
  EXPECT_EQ(h.upstreamRequest(), "||") << "held";
  h.requestData("2", true);
  EXPECT_EQ(h.upstreamRequest(), ":method=POST;|12|end");
  EXPECT_EQ(a.log, "dh dd(1) dd(12)! ");
  EXPECT_EQ(b.log, "dh dd(12)! ");
}

TEST_F(FilterManagerTest, AHeadGoesOnThoughItsBodyIsHeld) {
  auto& h = make();
  a.decode_data = answer(FilterStatus::StopIteration);
  h.requestHeaders({{":method", "POST"}}, false);
  h.requestData("1", false);
  EXPECT_EQ(h.upstreamRequest(), ":method=POST;||");
  a.context->continueDecoding();
  h.run();
  EXPECT_EQ(h.upstreamRequest(), ":method=POST;|1|");
}

TEST_F(FilterManagerTest, StopAllIterationShowsNothingMoreUntilItGoesOn) {
  auto& h = make();
  a.decode_headers = answer(FilterStatus::StopAllIteration);
  h.requestHeaders({{":method", "POST"}}, false);
  h.requestData("1", false);
  h.requestTrailers({{"t", "v"}});
  EXPECT_EQ(a.log, "dh ");
  a.context->continueDecoding();
  EXPECT_EQ(a.log, "dh ") << "not inside the call";
  h.run();
  EXPECT_EQ(a.log, "dh dd(1) dt ");
  EXPECT_EQ(h.upstreamRequest(), ":method=POST;|1|t=v;|end");
}

TEST_F(FilterManagerTest, AFilterMayAddToTheBodyWhenItsTrailersCome) {
  auto& h = make();
  b.encode_trailers = [](FilterContext& context, HeaderMap&) {
    context.heldResponseBody().append("+");
    return FilterStatus::Continue;
  };
  h.request("GET", "/");
  h.respondHeaders({{":status", "200"}}, false);
  h.respondData("1", false);
  h.respondTrailers({{"u", "w"}});
  EXPECT_EQ(h.response(), ":status=200;|1+|u=w;|end");
  EXPECT_EQ(a.log.substr(a.log.find("eh")), "eh ed(1) ed(+) et done ");
}

TEST_F(FilterManagerTest, GoingOnInsideTheHookThatHoldsIsContinuing) {
  auto& h = make();
  a.decode_headers = [](FilterContext& context, HeaderMap&, bool) {
    context.continueDecoding();
    return FilterStatus::StopAllIteration;
  };
  b.encode_headers = [](FilterContext& context, HeaderMap&, bool) {
    context.continueEncoding();
    return FilterStatus::StopIteration;
  };
  h.request("GET", "/");
  h.respond(200, "hi");
  EXPECT_EQ(h.response(), ":status=200;|hi|end");
}

TEST_F(FilterManagerTest, AFilterOfBothKindsMayLetTheRequestGoWhileItSeesTheResponse) {
  auto& h = make();
  b.decode_data = answer(FilterStatus::StopIteration);
  h.requestHeaders({{":method", "POST"}}, false);
  h.requestData("1", false);
  b.encode_headers = [](FilterContext& context, HeaderMap&, bool) {
    context.continueDecoding();
    return FilterStatus::Continue;
  };
  h.respondHeaders({{":status", "200"}}, false);
  EXPECT_EQ(h.upstreamRequest(), ":method=POST;|1|");
}

TEST_F(FilterManagerTest, ALocalReplyPassesAllFiltersAndEndsTheRequest) {
  auto& h = make();
  b.decode_headers = [](FilterContext& context, HeaderMap&, bool) {
    context.sendLocalReply({403, "not_allowed", "no"});
    context.sendLocalReply({500, "too_late"});
    return FilterStatus::Continue;
  };
  h.requestHeaders({{":method", "POST"}}, false);
  EXPECT_EQ(h.response(),
            ":status=403;content-length=2;content-type=text/plain;weir-error=not_allowed;|no|end");
  EXPECT_EQ(h.upstreamRequest(), "||");
  EXPECT_EQ(a.log, "dh eh ed(no)! done ");
  EXPECT_EQ(h.info().reason, "not_allowed");
  h.requestData("more", true);
  EXPECT_EQ(a.log, "dh eh ed(no)! done ");
}

TEST_F(FilterManagerTest, ALocalReplyFromATimerComesInALaterTurn) {
  auto& h = make();
  a.decode_headers = answer(FilterStatus::StopAllIteration);
  h.request("GET", "/");
  a.context->sendLocalReply({503, "late"});
  EXPECT_EQ(h.response(), "||");
  h.run();
  EXPECT_EQ(h.responseHeader("weir-error"), "late");
}

TEST_F(FilterManagerTest, AReplyToAResponseThatHasBegunIsAReset) {
  auto& h = make();
  h.request("GET", "/");
  h.respondHeaders({{":status", "200"}}, false);
  a.encode_data = [](FilterContext& context, buffer::Buffer&, bool) {
    context.sendLocalReply({500, "broken"});
    return FilterStatus::Continue;
  };
  h.respondData("x", false);
  EXPECT_EQ(h.response().substr(h.response().rfind('|')), "|reset:broken");
}

TEST_F(FilterManagerTest, AResetInAHookIsTheLastThing) {
  auto& h = make();
  a.decode_headers = [](FilterContext& context, HeaderMap&, bool) {
    context.resetStream(ResetReason::Cancel, "enough");
    return FilterStatus::Continue;
  };
  h.request("GET", "/");
  EXPECT_EQ(h.response(), "||reset:enough");
  EXPECT_EQ(b.log, "done ");
}

TEST_F(FilterManagerTest, MoreThanTheLimitOfAHeldRequestIsRefused) {
  auto& h = make({.buffer_limit = 4});
  a.decode_headers = a.decode_headers = answer(FilterStatus::StopIteration);
  a.decode_data = answer(FilterStatus::StopIteration);
  h.requestHeaders({{":method", "POST"}}, false);
  h.requestData("1234", false);
  EXPECT_EQ(h.response(), "||") << "as much as the limit is allowed";
  h.requestData("5", false);
  EXPECT_EQ(h.responseHeader(":status"), "413");
  EXPECT_EQ(h.responseHeader("weir-error"), "request_payload_too_large");
}

TEST_F(FilterManagerTest, AFilterMayAskForAnotherLimit) {
  auto& h = make({.buffer_limit = 4});
  a.decode_headers = [](FilterContext& context, HeaderMap&, bool) {
    context.setBufferLimit(5);
    return FilterStatus::StopIteration;
  };
  a.decode_data = answer(FilterStatus::StopIteration);
  h.requestHeaders({{":method", "POST"}}, false);
  h.requestData("12345", false);
  EXPECT_EQ(h.response(), "||");
  h.requestData("6", false);
  EXPECT_EQ(h.responseHeader(":status"), "413");
}

TEST_F(FilterManagerTest, AWaitingFilterSlowsTheClientDownAtTheLimit) {
  auto& h = make({.buffer_limit = 4});
  a.decode_headers = answer(FilterStatus::StopAllIteration);
  h.requestHeaders({{":method", "POST"}}, false);
  h.requestData("123", false);
  EXPECT_FALSE(h.requestPaused());
  h.requestData("4", false);
  EXPECT_TRUE(h.requestPaused());
  a.context->continueDecoding();
  h.run();
  EXPECT_FALSE(h.requestPaused());
  EXPECT_EQ(h.upstreamRequest(), ":method=POST;|1234|");
}

TEST_F(FilterManagerTest, TheUpstreamSlowsTheClientDown) {
  auto& h = make();
  h.requestHeaders({{":method", "POST"}}, false);
  h.blockUpstream(true);
  EXPECT_TRUE(h.requestPaused());
  h.blockUpstream(false);
  EXPECT_FALSE(h.requestPaused());
}

TEST_F(FilterManagerTest, MoreThanTheLimitOfAHeldResponseIsAnError) {
  auto& h = make({.buffer_limit = 4});
  h.request("GET", "/");
  a.encode_headers = answer(FilterStatus::StopIteration);
  a.encode_data = answer(FilterStatus::StopIteration);
  h.respondHeaders({{":status", "200"}}, false);
  h.respondData("12345", false);
  EXPECT_EQ(h.responseHeader(":status"), "500");
  EXPECT_EQ(h.responseHeader("weir-error"), "response_payload_too_large");
}

TEST_F(FilterManagerTest, AWaitingEncoderSlowsTheUpstreamDown) {
  auto& h = make({.buffer_limit = 4});
  h.request("GET", "/");
  a.encode_headers = answer(FilterStatus::StopAllIteration);
  h.respondHeaders({{":status", "200"}}, false);
  h.respondData("1234", false);
  EXPECT_EQ(h.writeReadies(), 0);
  a.context->continueEncoding();
  h.run();
  EXPECT_EQ(h.writeReadies(), 1);
  EXPECT_EQ(h.response(), ":status=200;|1234|");
}

TEST_F(FilterManagerTest, TheClientThatTakesBytesAgainIsToldToTheTerminalFilter) {
  auto& h = make();
  h.request("GET", "/");
  h.blockClient(true);
  h.blockClient(false);
  EXPECT_EQ(h.writeReadies(), 1);
}

TEST_F(FilterManagerTest, InformationalResponsesPassUnseen) {
  auto& h = make();
  h.request("GET", "/");
  h.respondHeaders({{":status", "103"}, {"link", "x"}}, false);
  h.respond(200, "");
  EXPECT_EQ(h.response(), ":status=103;link=x;:status=200;||end");
  EXPECT_EQ(a.log, "dh! eh! done ");
}

TEST_F(FilterManagerTest, ToldOfTheEndOnceAndDestroyedLater) {
  auto& h = make();
  h.request("GET", "/");
  h.resetByClient();
  EXPECT_EQ(a.log, "dh! done ");
  h.nextStream();
  EXPECT_EQ(a.log, "dh! done ~ ");
  h.request("GET", "/");
  h.respond(204, "");
  EXPECT_EQ(h.response(), ":status=204;||end");
}

TEST_F(FilterManagerTest, AnEmptyRepliedBodyIsTheHeadsEnd) {
  auto& h = make();
  a.decode_headers = [](FilterContext& context, HeaderMap&, bool) {
    context.sendLocalReply({302, {}, {}, {}, {{"location", "/x"}}});
    return FilterStatus::StopIteration;
  };
  h.request("GET", "/");
  EXPECT_EQ(h.response(), ":status=302;content-length=0;location=/x;||end");
}

TEST_F(FilterManagerTest, GrpcIsAnsweredInItsOwnWay) {
  auto& h = make();
  a.decode_headers = [](FilterContext& context, HeaderMap&, bool) {
    context.sendLocalReply({503, "no_healthy_upstream", "a\nb%"});
    return FilterStatus::StopIteration;
  };
  h.request("POST", "/s/m", {{"content-type", "application/grpc+proto"}});
  EXPECT_EQ(h.response(),
            ":status=200;content-type=application/grpc;grpc-status=14;grpc-message=a%0Ab%25;"
            "weir-error=no_healthy_upstream;||end");
}

TEST_F(FilterManagerTest, TheAnswerToHeadSaysItsLengthAndHasNoBody) {
  auto& h = make();
  a.decode_headers = [](FilterContext& context, HeaderMap&, bool) {
    context.sendLocalReply({404, "route_not_found"});
    return FilterStatus::StopIteration;
  };
  h.request("HEAD", "/");
  EXPECT_EQ(
      h.response(),
      ":status=404;content-length=9;content-type=text/plain;weir-error=route_not_found;||end");
}

TEST_F(FilterManagerTest, AClientThatWaitsForAFilterThatWaitsForItsBodyIsTold) {
  b.decode_headers = answer(FilterStatus::StopIteration);
  HttpFilterHarness& h = make();
  h.requestHeaders(Expecting, false);
  EXPECT_EQ(h.response(), ":status=100;||");
  EXPECT_EQ(h.upstreamRequest(), "||");
  h.requestData("hello", true);
  EXPECT_EQ(h.upstreamRequest().find("expect"), std::string::npos) << h.upstreamRequest();
  EXPECT_NE(h.upstreamRequest().find("hello"), std::string::npos) << h.upstreamRequest();
  h.respondHeaders({{":status", "100"}}, false);
  h.respond(200, "ok");
  EXPECT_EQ(h.response(), ":status=100;:status=200;|ok|end");
}

// Wherever the head is held, and once.
TEST_F(FilterManagerTest, AFilterThatWaitsForTheBodyLaterTellsTheClientThen) {
  a.decode_headers = answer(FilterStatus::StopAllIteration);
  b.decode_headers = answer(FilterStatus::StopIteration);
  b.decode_data = [](FilterContext&, buffer::Buffer&, bool end) {
    return end ? FilterStatus::Continue : FilterStatus::StopIteration;
  };
  HttpFilterHarness& h = make();
  h.requestHeaders(Expecting, false);
  EXPECT_EQ(h.response(), "||");
  a.context->continueDecoding();
  h.run();
  EXPECT_EQ(h.response(), ":status=100;||");
  for (int i = 0; i < 3; ++i) h.requestData("x", false);
  EXPECT_EQ(h.response(), ":status=100;||");
}

TEST_F(FilterManagerTest, WhoeverPassesTheHeadOnLeavesTheWordToTheUpstream) {
  HttpFilterHarness& h = make();
  h.requestHeaders(Expecting, false);
  EXPECT_NE(h.upstreamRequest().find("expect=100-continue"), std::string::npos);
  EXPECT_EQ(h.response(), "||");
  h.respondHeaders({{":status", "100"}}, false);
  EXPECT_EQ(h.response(), ":status=100;||");
}

TEST_F(FilterManagerTest, AFilterThatRefusesDoesNotAskForTheBody) {
  a.decode_headers = [](FilterContext& context, HeaderMap&, bool) {
    context.sendLocalReply({413, "too_much"});
    return FilterStatus::StopIteration;
  };
  HttpFilterHarness& h = make();
  h.requestHeaders(Expecting, false);
  EXPECT_EQ(h.response().find(":status=100"), std::string::npos);
  EXPECT_TRUE(h.response().starts_with(":status=413")) << h.response();
}

}  // namespace
}  // namespace weir::http
