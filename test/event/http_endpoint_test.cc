#include "source/event/http_endpoint.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>
#include <vector>

#include "test/support/test_loop.h"

namespace weir::event {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A non-blocking client.
class Client {
 public:
  explicit Client(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(::fcntl(fd_, F_SETFL, O_NONBLOCK), 0);
  }
  ~Client() { ::close(fd_); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  void send(std::string_view text) {
    EXPECT_EQ(::send(fd_, text.data(), text.size(), MSG_NOSIGNAL),
              static_cast<ssize_t>(text.size()));
  }
  void halfClose() { ::shutdown(fd_, SHUT_WR); }
  // What has come so far.
  const std::string& received() {
    char chunk[65536];
    for (;;) {
      const ssize_t n = ::recv(fd_, chunk, sizeof chunk, 0);
      if (n < 0 && errno == EAGAIN) return received_;
      if (n <= 0) {
        ended_ = true;
        reset_ = n < 0;
        return received_;
      }
      received_.append(chunk, static_cast<size_t>(n));
    }
  }
  bool ended() {
    received();
    return ended_;
  }
  bool wasReset() const { return reset_; }

 private:
  const int fd_;
  std::string received_;
  bool ended_ = false;
  bool reset_ = false;
};

class HttpEndpointTest : public testing::Test {
 protected:
  struct Asked {
    std::string method;
    std::string path;
    HttpParameters parameters;
    std::string host;
    HttpEndpoint::Ticket ticket;
  };

  void SetUp() override {
    ::signal(SIGPIPE, SIG_IGN);
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    ASSERT_EQ(::bind(fd, reinterpret_cast<sockaddr*>(&address), length), 0);
    ASSERT_EQ(::listen(fd, 256), 0);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length);
    port_ = ntohs(address.sin_port);
    endpoint_.emplace(*loop_, fd,
                      [this](const HttpQuestion& question, HttpEndpoint::Ticket ticket) {
                        asked_.push_back({std::string(question.method), std::string(question.path),
                                          question.parameters, std::string(question.host), ticket});
                        if (answer_now_)
                          endpoint_->answer(ticket, {.body = "to " + std::string(question.path)});
                      });
  }

  bool awaitEnd(Client& client) {
    return loop_.runUntil([&] { return client.ended(); });
  }
  bool awaitText(Client& client, std::string_view text) {
    return loop_.runUntil([&] { return client.received().find(text) != std::string::npos; });
  }

  test::TestLoop loop_;
  uint16_t port_ = 0;
  bool answer_now_ = true;
  std::vector<Asked> asked_;
  std::optional<HttpEndpoint> endpoint_;
};

TEST_F(HttpEndpointTest, AnswersAQuestion) {
  Client client(port_);
  client.send("GET /a?b=c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(awaitEnd(client));
  EXPECT_EQ(
      client.received(),
      "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n"
      "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
      "to /a");
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_EQ(asked_[0].method, "GET");
  EXPECT_EQ(asked_[0].parameters, (HttpParameters{{"b", "c"}}));
  EXPECT_EQ(asked_[0].host, "x");
}

TEST_F(HttpEndpointTest, AnswersLater) {
  answer_now_ = false;
  Client client(port_);
  client.send("GET /slow HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(loop_.runUntil([&] { return !asked_.empty(); }));
  loop_.advance(seconds(29));
  EXPECT_EQ(client.received(), "");
  endpoint_->answer(asked_[0].ticket, {.status = 404, .body = "late"});
  endpoint_->answer(asked_[0].ticket, {.body = "twice"});
  ASSERT_TRUE(awaitText(client, "late"));
  EXPECT_TRUE(client.received().starts_with("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_EQ(client.received().find("twice"), std::string::npos);
}

TEST_F(HttpEndpointTest, AnswersRequestsThatCameTogetherInTheirOrder) {
  answer_now_ = false;
  Client client(port_);
  client.send("GET /1 HTTP/1.1\r\n\r\nGET /2 HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(loop_.runUntil([&] { return asked_.size() == 1; }));
  endpoint_->answer(asked_[0].ticket, {.body = "one"});
  ASSERT_TRUE(loop_.runUntil([&] { return asked_.size() == 2; }));
  endpoint_->answer(asked_[0].ticket, {.body = "late for the first"});
  endpoint_->answer(asked_[1].ticket, {.body = "two"});
  ASSERT_TRUE(awaitText(client, "two"));
  EXPECT_LT(client.received().find("one"), client.received().find("two"));
  EXPECT_EQ(client.received().find("late"), std::string::npos);
}

TEST_F(HttpEndpointTest, ReadsARequestByteByByte) {
  Client client(port_);
  for (const char c : std::string("POST /p HTTP/1.1\r\nContent-Length: 3\r\n\r\nxyz")) {
    client.send(std::string(1, c));
    loop_.runUntilIdle();
  }
  ASSERT_TRUE(awaitText(client, "to /p"));
  ASSERT_EQ(asked_.size(), 1U);
  EXPECT_EQ(asked_[0].method, "POST");
}

TEST_F(HttpEndpointTest, AFormHasParametersToo) {
  Client client(port_);
  client.send(
      "POST /p?a=1 HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_TRUE(awaitText(client, "HTTP/1.1 100 Continue\r\n\r\n"));
  client.send("b=x+y");
  ASSERT_TRUE(awaitText(client, "to /p"));
  EXPECT_EQ(asked_[0].parameters, (HttpParameters{{"a", "1"}, {"b", "x y"}}));
}

TEST_F(HttpEndpointTest, HeadHasTheLengthAndNoBody) {
  Client client(port_);
  client.send("HEAD /abc HTTP/1.1\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(awaitEnd(client));
  EXPECT_NE(client.received().find("Content-Length: 7\r\n"), std::string::npos);
  EXPECT_TRUE(client.received().ends_with("\r\n\r\n"));
}

TEST_F(HttpEndpointTest, WhatIsNoRequestIsRefusedAndTheConnectionEndsInOrder) {
  Client client(port_);
  client.send("nonsense\r\n\r\n" + std::string(100'000, 'x'));
  ASSERT_TRUE(awaitEnd(client));
  EXPECT_TRUE(client.received().starts_with(
      "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\n"));
  EXPECT_NE(client.received().find("\r\n\r\n{\"error\":\""), std::string::npos);
  EXPECT_FALSE(client.wasReset());
  EXPECT_TRUE(asked_.empty());
}

TEST_F(HttpEndpointTest, WhoHasEndedItsSideIsAnswered) {
  answer_now_ = false;
  Client client(port_);
  client.send("GET /x HTTP/1.1\r\n\r\n");
  client.halfClose();
  ASSERT_TRUE(loop_.runUntil([&] { return !asked_.empty(); }));
  loop_.runUntilIdle();
  endpoint_->answer(asked_[0].ticket, {.body = "all the same"});
  ASSERT_TRUE(awaitEnd(client));
  EXPECT_NE(client.received().find("all the same"), std::string::npos);
}

TEST_F(HttpEndpointTest, NobodyIsThereForAnAnswerThatCameTooLate) {
  answer_now_ = false;
  {
    Client client(port_);
    client.send("GET /x HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(loop_.runUntil([&] { return !asked_.empty(); }));
    client.send("x");  // closing with this unread is a reset
  }
  endpoint_->answer(asked_[0].ticket, {.body = std::string(1 << 20, 'x')});
  ASSERT_TRUE(loop_.runUntil([&] { return endpoint_->connections() == 0; }));
  endpoint_->answer(asked_[0].ticket, {});
}

TEST_F(HttpEndpointTest, AVeryLongAnswerComesWhole) {
  answer_now_ = false;
  Client client(port_);
  client.send("GET /x HTTP/1.1\r\nConnection: close\r\n\r\n");
  ASSERT_TRUE(loop_.runUntil([&] { return !asked_.empty(); }));
  endpoint_->answer(asked_[0].ticket, {.body = std::string(20'000'000, 'x')});
  ASSERT_TRUE(awaitEnd(client));
  EXPECT_EQ(client.received().size() - client.received().find("\r\n\r\n") - 4, 20'000'000U);
}

TEST_F(HttpEndpointTest, ARequestHasTenSecondsToArrive) {
  Client client(port_);
  ASSERT_TRUE(loop_.runUntil([&] { return endpoint_->connections() == 1; }));
  for (int i = 0; i < 9; ++i) {
    loop_.advance(seconds(1));
    client.send("G");  // slowly is not enough
    loop_.runUntilIdle();
  }
  loop_.advance(seconds(2));
  EXPECT_TRUE(awaitEnd(client));
  EXPECT_EQ(endpoint_->connections(), 0U);
}

TEST_F(HttpEndpointTest, WhoHoldsAPlaceOpenGivesItToWhoWantsSomething) {
  std::vector<std::unique_ptr<Client>> idle;
  for (size_t i = 0; i < HttpEndpoint::MaxConnections; ++i) {
    idle.push_back(std::make_unique<Client>(port_));
    ASSERT_TRUE(loop_.runUntil([&] { return endpoint_->connections() == i + 1; }));
    loop_.advance(milliseconds(1));
  }
  Client client(port_);
  client.send("GET /x HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(awaitText(client, "to /x"));
  EXPECT_TRUE(awaitEnd(*idle[0]));
  EXPECT_FALSE(idle[1]->ended());
  EXPECT_EQ(endpoint_->connections(), HttpEndpoint::MaxConnections);
}

TEST_F(HttpEndpointTest, RequestsThatDoNotComeWholeDoNotFillIt) {
  std::vector<std::unique_ptr<Client>> slow;
  for (size_t i = 0; i < HttpEndpoint::MaxConnections; ++i) {
    slow.push_back(std::make_unique<Client>(port_));
    slow.back()->send("GET /");
    ASSERT_TRUE(loop_.runUntil([&] { return endpoint_->connections() == i + 1; }));
    loop_.runUntilIdle();
    loop_.advance(milliseconds(1));
  }
  slow[0]->send("still");  // which makes it no younger
  loop_.runUntilIdle();
  Client client(port_);
  client.send("GET /x HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(awaitText(client, "to /x"));
  EXPECT_TRUE(awaitEnd(*slow[0]));
  EXPECT_FALSE(slow[1]->ended());
}

// As for /connections while a worker is busy.
TEST_F(HttpEndpointTest, QuestionsThatAreNotAnsweredDoNotFillIt) {
  answer_now_ = false;
  std::vector<std::unique_ptr<Client>> waiting;
  for (size_t i = 0; i < HttpEndpoint::MaxConnections; ++i) {
    waiting.push_back(std::make_unique<Client>(port_));
    waiting.back()->send("GET /slow HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(loop_.runUntil([&] { return asked_.size() == i + 1; }));
    loop_.advance(milliseconds(1));
  }
  // Many come at once: none of them takes the place of another.
  std::vector<std::unique_ptr<Client>> others;
  for (size_t i = 0; i < HttpEndpoint::PlacesForQuestions; ++i)
    others.push_back(std::make_unique<Client>(port_));
  loop_.runUntilIdle();
  answer_now_ = true;
  for (auto& other : others) {
    other->send("GET /live HTTP/1.1\r\n\r\n");
    EXPECT_TRUE(awaitText(*other, "to /live"));
  }
  for (size_t i = 0; i < waiting.size(); ++i)
    EXPECT_EQ(waiting[i]->ended(), i < others.size()) << i;
}

TEST_F(HttpEndpointTest, AnswersThatAreNotTakenDoNotFillIt) {
  answer_now_ = false;
  std::vector<std::unique_ptr<Client>> deaf;
  for (size_t i = 0; i < HttpEndpoint::MaxConnections; ++i) {
    deaf.push_back(std::make_unique<Client>(port_));
    deaf.back()->send("GET /long HTTP/1.1\r\n\r\n");
    ASSERT_TRUE(loop_.runUntil([&] { return asked_.size() == i + 1; }));
    endpoint_->answer(asked_[i].ticket, {.body = std::string(3'000'000, 'x')});
    loop_.advance(milliseconds(1));
  }
  answer_now_ = true;
  Client client(port_);
  client.send("GET /live HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(awaitText(client, "to /live"));
  EXPECT_TRUE(awaitEnd(*deaf[0]));
  EXPECT_EQ(endpoint_->connections(), HttpEndpoint::MaxConnections);
}

TEST_F(HttpEndpointTest, WhatIsNotAnsweredInThirtySecondsIsGivenUp) {
  answer_now_ = false;
  Client client(port_);
  client.send("GET /x HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(loop_.runUntil([&] { return !asked_.empty(); }));
  loop_.advance(seconds(29));
  EXPECT_EQ(client.received(), "");
  loop_.advance(seconds(1));
  ASSERT_TRUE(awaitEnd(client));
  EXPECT_TRUE(client.received().starts_with(
      "HTTP/1.1 504 Gateway Timeout\r\nContent-Type: application/json\r\n"));
  EXPECT_TRUE(client.received().ends_with("\r\n\r\n{\"error\":\"no answer in time\"}\n"));
  endpoint_->answer(asked_[0].ticket, {.body = "too late"});
}

TEST_F(HttpEndpointTest, AnAnswerIsToBeTakenWithinAMinuteHoweverSlowly) {
  answer_now_ = false;
  Client client(port_);
  client.send("GET /x HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(loop_.runUntil([&] { return !asked_.empty(); }));
  endpoint_->answer(asked_[0].ticket, {.body = std::string(20'000'000, 'x')});
  loop_.runUntilIdle();
  loop_.advance(seconds(59));
  EXPECT_EQ(endpoint_->connections(), 1U);
  loop_.advance(seconds(1));
  EXPECT_EQ(endpoint_->connections(), 0U);
}

TEST_F(HttpEndpointTest, ABodyThatComesByteByByteIsReadOnce) {
  Client client(port_);
  client.send(
      "POST /x HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      "Content-Length: 3\r\n\r\n");
  for (const char* byte : {"a", "=", "b"}) {
    loop_.runUntilIdle();
    client.send(byte);
  }
  ASSERT_TRUE(awaitText(client, "to /x"));
  EXPECT_EQ(asked_[0].parameters, (HttpParameters{{"a", "b"}}));
}

TEST_F(HttpEndpointTest, OutOfDescriptorsItTriesAgainWithoutAWord) {
  Client client(port_);
  client.send("GET /x HTTP/1.1\r\n\r\n");
  rlimit before{};
  getrlimit(RLIMIT_NOFILE, &before);
  const rlimit none{0, before.rlim_max};
  testing::internal::CaptureStderr();
  setrlimit(RLIMIT_NOFILE, &none);
  loop_.advance(seconds(1));
  setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(endpoint_->connections(), 0U);
  loop_.advance(milliseconds(100));
  EXPECT_TRUE(awaitText(client, "to /x"));
}

TEST_F(HttpEndpointTest, EndsWithConnectionsInEveryState) {
  answer_now_ = false;
  Client idle(port_);
  Client begun(port_);
  begun.send("GET /");
  Client waiting(port_);
  waiting.send("GET /x HTTP/1.1\r\n\r\n");
  ASSERT_TRUE(loop_.runUntil([&] { return asked_.size() == 1 && endpoint_->connections() == 3; }));
  endpoint_.reset();
  EXPECT_TRUE(awaitEnd(idle));
}

}  // namespace
}  // namespace weir::event
