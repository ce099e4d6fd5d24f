#include "source/server/explain.h"

#include <gtest/gtest.h>

#include "test/server/listener_fixture.h"

namespace weir::server {
namespace {

class ExplainTest : public testing::Test {
 protected:
  ExplainTest() {
    settings_.listeners.push_back(httpAndTcp());
    settings_.listeners[0].address = *net::SocketAddress::parse("127.0.0.1:15001");
    request_.destination = *net::IpPort::parse("127.0.0.1:15001");
  }
  std::string text() {
    const auto result = explainConnection(settings_, request_);
    return result.ok() ? explanationText(result.value()) : "error: " + result.error().detail;
  }
  bool says(const std::string& part) {
    const bool found = text().find(part) != std::string::npos;
    if (!found) ADD_FAILURE() << "missing: " << part << "\n" << text();
    return found;
  }
  config::BootstrapSettings settings_;
  ExplainRequest request_;
};

TEST_F(ExplainTest, BytesGoThroughTheRealFilters) {
  request_.bytes = "GET / HTTP/1.1\r\n";
  says("application_protocols  http/1.1                         proto_detect");
  says("http                   CHOSEN");
  says("chosen: http   protocol: http/1.1   reason: client_bytes");
}

TEST_F(ExplainTest, ALosingChainNamesItsPredicate) {
  request_.bytes = "ruok";
  says("http                   lost on application_protocols");
  says("tcp                    CHOSEN: default_filter_chain");
}

TEST_F(ExplainTest, WithoutBytesItSaysWhoWouldLookAndWhatSilenceDoes) {
  says("application_protocols  (not known)");
  says("waits for the client's bytes (proto_detect would look at them)");
  says("after 0.025 s of silence: the upstream of \"tcp\" is connected");
  says("after 10 s of silence: \"tcp\" is chosen (reason timeout)");
}

TEST_F(ExplainTest, BytesThatAreNotConclusiveAreSaidToBe) {
  request_.bytes = "GET /";
  says("the bytes are not conclusive: a prefix so far; if no more come for 1 s");
  says("  \"tcp\" is chosen (reason timeout)");
}

TEST_F(ExplainTest, GivenTlsFactsAreUsedInsteadOfTheProvider) {
  request_.server_name = "a.b";
  request_.alpn = std::vector<std::string>{"h2"};
  says("server_name            a.b");
  says("chosen: tcp   protocol: tls   reason: client_bytes");
}

TEST_F(ExplainTest, ChainsThatMatchOnTheSourceNeedIt) {
  settings_.listeners[0].chain_specs[0].match.source_ports = {7};
  says("error: chains of listener \"in\" match on the source: say --src IP:PORT");
  request_.source = net::IpPort::parse("10.0.0.1:7");
  says("listener in (127.0.0.1:15001)");
}

TEST_F(ExplainTest, SeveralListenersNeedOneThatIsMeant) {
  settings_.listeners.push_back(httpAndTcp());
  settings_.listeners[1].name = "other";
  settings_.listeners[1].address = *net::SocketAddress::parse("0.0.0.0:9");
  says("listener in (127.0.0.1:15001)");
  request_.destination.port = 9;
  says("listener other (0.0.0.0:9)");
  request_.destination.port = 10;
  says("error: no listener is bound to 127.0.0.1:10; say --listener with one of: in, other");
  request_.listener = "in";
  says("listener in (127.0.0.1:15001)");
  request_.listener = "nobody";
  says("error: there is no listener \"nobody\"; there are: in, other");
}

TEST_F(ExplainTest, JsonHasTheSameInParts) {
  request_.bytes = "GET / HTTP/1.1\r\n";
  const std::string json = explanationJson(explainConnection(settings_, request_).value());
  for (
      const char* part : {
          R"({"listener":"in","address":"127.0.0.1:15001","outcome":"chosen","chain":"http",)"
          R"("protocol":"http/1.1","reason":"client_bytes","header_reader":null,)",
          R"({"name":"application_protocols","known":true,"value":"http/1.1","provider":"proto_detect"})",
          R"({"name":"http","chosen":true,"verdict":"CHOSEN","predicates":[{"field":"application_protocols","outcome":"holds",)",
          R"("remarks":["chosen: http   protocol: http/1.1   reason: client_bytes"],"text":"listener in )",
      }) {
    EXPECT_NE(json.find(part), std::string::npos) << part << "\n" << json;
  }
  request_.bytes.reset();
  EXPECT_NE(explanationJson(explainConnection(settings_, request_).value())
                .find(R"("outcome":"waits","chain":null)"),
            std::string::npos);
}

TEST(ExplainWordsTest, BecomeARequest) {
  const auto request = readExplainRequest({.listener = "in",
                                           .dst = "[::1]:5",
                                           .src = "10.0.0.1:6",
                                           .sni = "A.b",
                                           .alpn = "h2,http/1.1",
                                           .bytes = "a\\n"},
                                          "--");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request.value().listener, "in");
  EXPECT_EQ(request.value().destination.toString(), "[::1]:5");
  EXPECT_EQ(request.value().source->toString(), "10.0.0.1:6");
  EXPECT_EQ(request.value().server_name, "a.b");
  EXPECT_EQ(request.value().alpn, (std::vector<std::string>{"h2", "http/1.1"}));
  EXPECT_EQ(request.value().bytes, "a\n");
}

TEST(ExplainWordsTest, DescribeARequest) {
  const auto none = readExplainRequest({.dst = "1.2.3.4:5"}, "");
  EXPECT_FALSE(none.value().request.has_value());
  const auto some = readExplainRequest(
      {.dst = "1.2.3.4:5", .path = "/a?b", .headers = {"X-One: 1", "host:a.example"}}, "");
  ASSERT_TRUE(some.ok());
  const filter::RequestDescription& request = *some.value().request;
  EXPECT_EQ(request.method, "GET");
  EXPECT_EQ(request.host, "a.example");
  EXPECT_EQ(request.path, "/a?b");
  ASSERT_EQ(request.headers.size(), 1U);
  EXPECT_EQ(request.headers[0], std::pair(std::string("x-one"), std::string("1")));
  const auto other = readExplainRequest({.dst = "1.2.3.4:5", .method = "POST"}, "");
  EXPECT_EQ(other.value().request->host, "1.2.3.4:5");
  EXPECT_EQ(other.value().request->path, "/");
}

TEST(ExplainWordsTest, AWholeHeadInTheBytesIsARequest) {
  const auto read = [](const char* bytes) {
    return readExplainRequest({.dst = "1.2.3.4:5", .bytes = bytes}, "").value().request;
  };
  EXPECT_EQ(read("GET / HTTP/1.0\\r\\n\\r\\n")->head, "GET / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(read("GET / HTTP/1.1\\nhost: a\\n\\n").has_value());
  EXPECT_FALSE(read("GET / HTTP/1.1\\r\\n").has_value());
  EXPECT_FALSE(read("EHLO a\\r\\n\\r\\n").has_value());
}

TEST(ExplainWordsTest, WhateverHasTheFormOfAHeadIsARequest) {
  const auto has = [](const std::string& bytes) {
    const auto request = readExplainRequest({.dst = "1.2.3.4:5", .bytes = bytes}, "--");
    return request.ok() && request.value().request.has_value();
  };
  const std::string fields = "\\r\\nhost: a\\r\\n";
  EXPECT_TRUE(has("\\r\\n\\r\\nGET / HTTP/1.1" + fields + "\\r\\n"));
  EXPECT_TRUE(has("GET / HTTP/3.0" + fields + "\\r\\n"));
  EXPECT_TRUE(has("PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n"));
  EXPECT_FALSE(has("\\r\\n\\r\\nGET / HTTP/1.1" + fields));
  EXPECT_FALSE(has("\\r\\n\\r\\n"));
  EXPECT_FALSE(has("PING\\r\\n\\r\\n"));
}

TEST(ExplainWordsTest, ThePrefaceTellsTheVersionOfTheRequestThatWordsDescribe) {
  const auto request = readExplainRequest(
      {.dst = "1.2.3.4:5", .bytes = "PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n", .path = "/a"},
      "--");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request.value().request->version, filter::RequestDescription::Version::Http2);
  EXPECT_EQ(request.value().request->path, "/a");
}

TEST(ExplainWordsTest, AHeadInTheBytesAndWordsOfARequestContradict) {
  const std::string bytes = "GET /a HTTP/1.1\\r\\nHost: a\\r\\n\\r\\n";
  for (const ExplainWords& words :
       {ExplainWords{.dst = "1.2.3.4:5", .bytes = bytes, .method = "POST"},
        {.dst = "1.2.3.4:5", .bytes = bytes, .host = "b"},
        {.dst = "1.2.3.4:5", .bytes = bytes, .path = "/b"},
        {.dst = "1.2.3.4:5", .bytes = bytes, .headers = {"a: b"}},
        {.dst = "1.2.3.4:5", .bytes = bytes, .http_version = "1.1"}}) {
    const auto read = readExplainRequest(words, "--");
    ASSERT_FALSE(read.ok());
    EXPECT_EQ(read.error().detail,
              "--bytes \"" + bytes +
                  "\" is not to be given with --method, --host, --path, --header or "
                  "--http-version: they describe a request, and the bytes have the head of one");
  }
  const auto other = readExplainRequest(
      {.dst = "1.2.3.4:5", .bytes = "PRI * HTTP/2.0\\r\\n\\r\\n", .path = "/b"}, "");
  ASSERT_TRUE(other.ok());
  EXPECT_EQ(other.value().request->path, "/b");
}

TEST(ExplainWordsTest, ASecondHostIsAFieldMore) {
  const auto read = [](std::optional<std::string> host) {
    return *readExplainRequest(
                {.dst = "1.2.3.4:5", .host = std::move(host), .headers = {"host: a", "host: b"}},
                "")
                .value()
                .request;
  };
  EXPECT_EQ(http1HeadOf(read({})), "GET / HTTP/1.1\r\nHost: a\r\nhost: b\r\n\r\n");
  EXPECT_EQ(http1HeadOf(read("c")), "GET / HTTP/1.1\r\nHost: c\r\nhost: a\r\nhost: b\r\n\r\n");
}

TEST(ExplainWordsTest, AVersionIsOfTheRequest) {
  using Version = filter::RequestDescription::Version;
  for (const auto& [word, version] :
       {std::pair("1.0", Version::Http10), {"1.1", Version::Http11}, {"2", Version::Http2}}) {
    const auto read = readExplainRequest({.dst = "1.2.3.4:5", .http_version = word}, "");
    EXPECT_EQ(read.value().request->version, version);
  }
}

TEST_F(ExplainTest, ARequestIsWhatTheClientSendsFirst) {
  request_.request = filter::RequestDescription{.host = "a"};
  says("chosen: http   protocol: http/1.1   reason: client_bytes");
  says("its last filter is tcp_proxy, which sees bytes and no requests");
}

// Goes nowhere, and says where it would.
class RoutingFactory final : public filter::NetworkFilterFactory {
 public:
  explicit RoutingFactory(std::vector<std::string> filters = {}) : filters_(std::move(filters)) {}
  std::string_view name() const override { return "routing"; }
  void create(filter::FilterAdder&) const override {}
  std::optional<filter::RequestExplanation> explainRequest(
      const filter::RequestDescription& request, const filter::ConnectionInfo&) const override {
    filter::RequestExplanation out;
    out.path = request.path;
    out.virtual_host = "all";
    out.domain = "*";
    out.routes = {{"one", "routes[0]", false, {{"prefix", false, "/b", "/a"}}},
                  {"", "routes[1]", true, {{"prefix", true, "/", "/a"}}}};
    out.action = "forward";
    out.outcome = "to cluster \"up\"";
    out.upstream_path = request.path;
    out.clusters = {{"up", 100}};
    out.protocol = "http/1.1";
    out.filters = filters_;
    return out;
  }

 private:
  const std::vector<std::string> filters_;
};

TEST_F(ExplainTest, ARequestGoesOnThroughTheRoutesOfItsChain) {
  settings_.listeners[0].chains[0].filters = {std::make_shared<RoutingFactory>()};
  request_.request = filter::RequestDescription{.host = "a", .path = "/a"};
  says("request, path /a\nvirtual host all (domain *), routes in their order\n");
  says("  one                    lost on prefix\n      at routes[0]\n");
  says("      prefix                       fails    wants /b; is /a\n");
  says("  (no name)              CHOSEN\n");
  says("the request goes: to cluster \"up\"");
  const std::string json = explanationJson(explainConnection(settings_, request_).value());
  EXPECT_NE(json.find("\"action\":\"forward\",\"outcome\":\"to cluster \\\"up\\\"\","
                      "\"upstream_path\":\"/a\",\"clusters\":[{\"name\":\"up\",\"percent\":100}]"),
            std::string::npos)
      << json;
}

TEST_F(ExplainTest, ARequestToTheListenerItselfIsALoop) {
  settings_.listeners[0].address = *net::SocketAddress::parse("0.0.0.0:15001");
  settings_.listeners[0].chains[0].filters = {std::make_shared<RoutingFactory>()};
  request_.request = filter::RequestDescription{.host = "a", .path = "/a"};
  says("the request goes: to cluster \"up\"");
  using Type = upstream::ClusterSettings::Type;
  settings_.clusters = {{.name = "up", .type = Type::OriginalDst, .endpoints = {}}};
  says("the request goes: answered with 508: loop");
  request_.destination = *net::IpPort::parse("127.0.0.2:15001");
  says("the request goes: answered with 508: loop");
  for (const char* other : {"192.0.2.1:15001", "127.0.0.2:15002"}) {
    request_.destination = *net::IpPort::parse(other);
    says("the request goes: to cluster \"up\"");
  }
}

TEST_F(ExplainTest, ALoopIsToldToGrpcAsGrpc) {
  settings_.listeners[0].chains[0].filters = {std::make_shared<RoutingFactory>()};
  settings_.clusters = {
      {.name = "up", .type = upstream::ClusterSettings::Type::OriginalDst, .endpoints = {}}};
  request_.request = filter::RequestDescription{
      .host = "a", .path = "/a", .headers = {{"content-type", "Application/gRPC"}}};
  says("the request goes: answered with 200 and grpc-status 2: loop");
}

TEST_F(ExplainTest, ARelayToTheListenerItselfIsALoop) {
  using Type = upstream::ClusterSettings::Type;
  request_.bytes = "ruok";
  settings_.clusters = {{.name = "tcp", .type = Type::OriginalDst, .endpoints = {}}};
  says(
      "the chain's filters that say what they do\n"
      "  tcp_proxy              closed (loop): the destination is the listener itself\n");
  says("tcp_proxy ends it: closed (loop): the destination is the listener itself\n");
  settings_.listeners[0].default_chain->filters = {std::make_shared<extensions::TcpProxyFactory>(
      extensions::TcpProxySettings{{{"tcp"}, {"http"}, {"none", 0}}, {}})};
  says(
      "  tcp_proxy              closed (loop) if it goes to tcp: the destination is the listener "
      "itself\n");
  EXPECT_EQ(text().find("ends it"), std::string::npos);
  request_.destination = *net::IpPort::parse("127.0.0.1:15002");
  EXPECT_EQ(text().find("loop"), std::string::npos) << text();
  request_.destination = *net::IpPort::parse("127.0.0.1:15001");
  settings_.clusters[0].type = Type::Static;
  EXPECT_EQ(text().find("loop"), std::string::npos) << text();
}

TEST_F(ExplainTest, FiltersThatWereNotAskedAreNamed) {
  const std::vector<std::string> filters = {"rbac", "fault"};
  settings_.listeners[0].chains[0].filters = {std::make_shared<RoutingFactory>(filters)};
  request_.request = filter::RequestDescription{.host = "a", .path = "/a"};
  says(
      "not asked: rbac, fault, which the request passes first, and which may answer or change "
      "it\n");
  const std::string json = explanationJson(explainConnection(settings_, request_).value());
  EXPECT_NE(json.find("\"filters_not_asked\":[\"rbac\",\"fault\"]"), std::string::npos) << json;
}

using filter::Fact;
using filter::FilterExplanation;

// Lets pass what comes from 10.0.0.1.
class GuardFactory final : public filter::NetworkFilterFactory {
 public:
  std::string_view name() const override { return "guard"; }
  void create(filter::FilterAdder&) const override {}
  std::optional<FilterExplanation> explainConnection(
      const filter::ConnectionInfo& info) const override {
    using Verdict = FilterExplanation::Verdict;
    if (!info.facts.known.has(Fact::Source)) {
      return FilterExplanation{"guard",
                               Verdict::Unknown,
                               "not known",
                               Fact::Source | Fact::DirectSource | Fact::ServerName,
                               {"x-user"}};
    }
    if (info.facts.source.ip == *net::IpAddress::parse("10.0.0.1"))
      return FilterExplanation{"guard", Verdict::Passes, "allowed"};
    return FilterExplanation{"guard", Verdict::Ends, "denied; reset"};
  }
};

class GuardedExplainTest : public ExplainTest {
 protected:
  GuardedExplainTest() {
    settings_.listeners[0].chains[0].filters = {std::make_shared<GuardFactory>(),
                                                std::make_shared<RoutingFactory>()};
    request_.request = filter::RequestDescription{.host = "a", .path = "/a"};
  }
};

TEST_F(GuardedExplainTest, WhatAVerdictHangsOnIsSaidWithTheOptionThatGivesIt) {
  says(
      "the chain's filters that say what they do\n"
      "  guard                  not known: say --src IP:PORT, --sni NAME; without field x-user, "
      "which --header x-user:VALUE gives\n");
  says("whether guard lets it pass is not known: say --src IP:PORT, --sni NAME; ");
  says("the request goes: to cluster \"up\"\n");
  const std::string json = explanationJson(explainConnection(settings_, request_).value());
  EXPECT_NE(json.find("\"missing\":[\"source\",\"direct_source\",\"server_name\"],"
                      "\"missing_headers\":[\"x-user\"]"),
            std::string::npos)
      << json;
}

TEST_F(GuardedExplainTest, AConnectionThatEndsThereHasNoRequest) {
  request_.source = net::IpPort::parse("10.0.0.2:7");
  says("guard ends it: denied; reset\n");
  EXPECT_EQ(text().find("the request goes"), std::string::npos) << text();
  EXPECT_FALSE(explainConnection(settings_, request_).value().request.has_value());
}

TEST_F(GuardedExplainTest, OneThatPassesGoesOn) {
  request_.source = net::IpPort::parse("10.0.0.1:7");
  says("  guard                  allowed\n");
  says("the request goes: to cluster \"up\"\n");
}

// Never used: what counts is that the chain has one.
class UnusedTransport final : public net::Transport {
 public:
  std::unique_ptr<net::Io> over(std::unique_ptr<net::Io> io, buffer::Buffer&, event::StepQueue&,
                                const Start&) const override {
    return io;
  }
};

class TlsExplainTest : public ExplainTest {
 protected:
  TlsExplainTest() {
    config::ListenerSettings& listener = settings_.listeners[0];
    for (auto& chain : listener.chains) chain.filters = {std::make_shared<RoutingFactory>()};
    listener.default_chain->filters = {std::make_shared<RoutingFactory>()};
    request_.server_name = "a.example";
    request_.request = filter::RequestDescription{.host = "a", .path = "/a"};
  }
};

TEST_F(TlsExplainTest, ARequestIsNotSeenWhereItsChainCarriesTls) {
  says("the request is not seen: the client speaks TLS, and the chain has no tls_context\n");
  EXPECT_FALSE(explainConnection(settings_, request_).value().request.has_value());
}

TEST_F(TlsExplainTest, ARequestGoesOnWhereItsChainEndsTls) {
  settings_.listeners[0].default_chain->transport = std::make_shared<UnusedTransport>();
  says("chosen: tcp   protocol: http/1.1   reason: client_bytes");
  says("the request goes: to cluster \"up\"");
}

class SecurityFactory final : public filter::NetworkFilterFactory {
 public:
  std::string_view name() const override { return "security"; }
  void create(filter::FilterAdder&) const override {}
  std::optional<FilterExplanation> explainConnection(
      const filter::ConnectionInfo& info) const override {
    return FilterExplanation{"security", FilterExplanation::Verdict::Unknown,
                             info.security != nullptr ? "within TLS" : "in plaintext"};
  }
};

// Also where nothing was said of TLS, as no chain asks for it.
TEST_F(ExplainTest, FiltersAreToldThatTheirChainEndsTls) {
  config::FilterChainSettings& tcp = *settings_.listeners[0].default_chain;
  tcp.filters.insert(tcp.filters.begin(), std::make_shared<SecurityFactory>());
  request_.bytes = "SSH-2.0-x\r\n";
  says("whether security lets it pass is in plaintext");
  tcp.transport = std::make_shared<UnusedTransport>();
  says("whether security lets it pass is within TLS");
}

// No listener filter has looked at its bytes: the codec says what it is.
TEST_F(ExplainTest, AChainThatAsksForNothingHasTheProtocolOfItsCodec) {
  config::ListenerSettings& listener = settings_.listeners[0];
  listener.listener_filters.clear();
  listener.chains.clear();
  listener.chain_specs.clear();
  listener.default_chain->filters = {std::make_shared<RoutingFactory>()};
  request_.request = filter::RequestDescription{.host = "a", .path = "/a"};
  says("   protocol: http/1.1   reason: match\n");
}

TEST(ExplainWordsTest, WrongOnesAreNamed) {
  struct Case {
    ExplainWords words;
    std::string error;
  };
  for (const Case& c : {
           Case{{}, "dst \"\" is not IP:PORT or [IP6]:PORT"},
           Case{{.dst = "1.2.3.4"}, "dst \"1.2.3.4\" is not IP:PORT or [IP6]:PORT"},
           Case{{.dst = "1.2.3.4:5", .src = "x"}, "src \"x\" is not IP:PORT or [IP6]:PORT"},
           Case{{.dst = "1.2.3.4:5", .path = "a"}, "path \"a\" is not a path: it begins with /"},
           Case{{.dst = "1.2.3.4:5", .path = ""},
                "path \"\" is not a path: CONNECT alone has none"},
           Case{{.dst = "1.2.3.4:5", .method = ""}, "method \"\" is not a method, such as GET"},
           Case{{.dst = "1.2.3.4:5", .bytes = "PRI * HTTP/2.0\\r\\n", .http_version = "1.1"},
                "http-version \"1.1\" is not 2, of which the bytes have the preface"},
           Case{{.dst = "1.2.3.4:5", .method = "A B"},
                "method \"A B\" is not one word without blanks"},
           Case{{.dst = "1.2.3.4:5", .http_version = "3"},
                "http-version \"3\" is not 1.0, 1.1 or 2"},
           Case{{.dst = "1.2.3.4:5", .headers = {"x"}}, "header \"x\" is not NAME:VALUE"},
           Case{{.dst = "1.2.3.4:5", .headers = {"x: a\r\nb"}},
                "header \"x: a\r\nb\" is not NAME:VALUE"},
           Case{{.dst = "1.2.3.4:5", .bytes = "\\q"},
                "bytes \"\\q\" is not text with escapes: bad escape in bytes: \"\\q\"; there are "
                "\\r \\n \\t \\0 \\\\ and \\xHH"},
       }) {
    const auto request = readExplainRequest(c.words, "");
    ASSERT_FALSE(request.ok()) << c.error;
    EXPECT_EQ(request.error().detail, c.error);
    EXPECT_EQ(request.error().code, ErrorCode::InvalidArgument);
  }
}

TEST(UnescapeTest, TurnsEscapesIntoBytes) {
  EXPECT_EQ(unescape("a\\r\\n\\t\\0\\\\\\x16\\xff").value(), std::string("a\r\n\t\0\\\x16\xff", 8));
}

TEST(UnescapeTest, BadEscapesAreErrors) {
  for (const char* bad : {"\\q", "\\", "\\x", "\\x1", "\\xg0"}) {
    EXPECT_FALSE(unescape(bad).ok()) << bad;
  }
}

}  // namespace
}  // namespace weir::server
