#pragma once

// A DNS server on a free port of 127.0.0.1, over UDP and TCP, on the test's own loop; and an
// encoder of its own for answers, right and wrong ones.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "source/event/loop.h"
#include "source/net/listen_socket.h"

namespace weir::test {

struct DnsQuestion {
  uint16_t id = 0;
  std::string name;  // "db.test", without the last dot
  uint16_t type = 0;
  bool tcp = false;
};

constexpr uint16_t DnsA = 1;
constexpr uint16_t DnsCname = 5;
constexpr uint16_t DnsAaaa = 28;

constexpr int DnsServFail = 2;
constexpr int DnsNxDomain = 3;
constexpr int DnsRefused = 5;

// The answer to one question. Its counts and the like are right unless told otherwise.
class DnsReply {
 public:
  explicit DnsReply(const DnsQuestion& question, int rcode = 0);

  // An A or AAAA record, by the text of the address.
  DnsReply& address(std::string_view name, std::string_view ip, uint32_t ttl);
  DnsReply& cname(std::string_view name, std::string_view target, uint32_t ttl);
  // Any record, `data` as it is.
  DnsReply& record(std::string_view name, uint16_t type, uint32_t ttl, std::string_view data);
  // Bytes behind the last record.
  DnsReply& raw(std::string_view bytes);
  DnsReply& truncated();                           // says so (TC)
  DnsReply& id(uint16_t id);                       // of another question
  DnsReply& claimAnswers(uint16_t);                // a count of its own choice
  DnsReply& asQuestion();                          // QR is not set
  DnsReply& instead(const DnsQuestion& question);  // echoes another question

  std::string bytes() const;

 private:
  DnsQuestion question_;
  uint16_t flags_;
  uint16_t answers_ = 0;
  int claimed_ = -1;
  std::string records_;
};

// "db.test" as labels.
std::string dnsName(std::string_view name);

class LoopbackDns final : private net::Acceptor::Events {
 public:
  // The messages to send for a question; none is silence.
  using Handler = std::function<std::vector<std::string>(const DnsQuestion&)>;

  // `loop` outlives it.
  explicit LoopbackDns(event::Loop& loop);
  ~LoopbackDns() override;

  const net::IpPort& address() const { return address_; }

  // From now on, `name` has these addresses; of a family that is not among them it has none. A name
  // of which nothing was said does not exist.
  void answer(std::string name, std::vector<std::string> addresses, uint32_t ttl);
  // From now on, questions for `name` are answered with this code, or not at all.
  void fail(std::string name, int rcode);
  void ignore(std::string name);
  // From now on, any question is for `handler`.
  void handle(Handler handler) { handler_ = std::move(handler); }
  // Answers over TCP go out a byte in each turn.
  void trickle() { trickle_ = true; }

  // What was asked: "db.test A", "db.test AAAA tcp".
  const std::vector<std::string>& questions() const { return questions_; }
  // Connections that were made, and those that are still open.
  size_t connections() const { return accepted_; }
  size_t openConnections() const;

 private:
  class Udp;
  class Tcp;
  void onAccept(net::AcceptedFd accepted) override;
  void onAcceptError(int) override {}
  std::vector<std::string> replies(std::string_view message, bool tcp);
  std::vector<std::string> fromZone(const DnsQuestion& question) const;

  struct Entry {
    int rcode = 0;  // -1: silence
    std::vector<std::string> addresses;
    uint32_t ttl = 0;
  };

  event::Loop& loop_;
  Handler handler_;
  std::map<std::string, Entry> zone_;
  std::vector<std::string> questions_;
  bool trickle_ = false;
  size_t accepted_ = 0;
  net::IpPort address_;
  std::unique_ptr<net::Acceptor> acceptor_;
  std::unique_ptr<Udp> udp_;
  std::vector<std::unique_ptr<Tcp>> tcp_;
};

}  // namespace weir::test
