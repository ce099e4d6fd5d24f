#include "test/support/loopback_dns.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "source/base/check.h"
#include "source/net/io.h"

namespace weir::test {
namespace {

constexpr uint16_t Internet = 1;
constexpr uint16_t IsResponse = 0x8000;
constexpr uint16_t RecursionAvailable = 0x0180;  // and desired
constexpr uint16_t Truncated = 0x0200;

std::string be16(uint16_t n) { return {static_cast<char>(n >> 8), static_cast<char>(n & 0xff)}; }
std::string be32(uint32_t n) {
  return be16(static_cast<uint16_t>(n >> 16)) + be16(static_cast<uint16_t>(n & 0xffff));
}
uint16_t readBe16(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(static_cast<uint8_t>(bytes.at(at)) << 8 |
                               static_cast<uint8_t>(bytes.at(at + 1)));
}

std::string typeName(uint16_t type) {
  return type == DnsA ? "A" : type == DnsAaaa ? "AAAA" : std::to_string(type);
}

// c-ares sends well-formed questions: what is not is a fault of the test.
DnsQuestion parseQuestion(std::string_view message, bool tcp) {
  DnsQuestion question{readBe16(message, 0), {}, 0, tcp};
  size_t at = 12;
  while (message.at(at) != '\0') {
    const auto length = static_cast<uint8_t>(message[at]);
    if (!question.name.empty()) question.name += '.';
    question.name += message.substr(at + 1, length);
    at += 1 + length;
  }
  question.type = readBe16(message, at + 1);
  return question;
}

net::ListenSocket listenForTcp() {
  auto socket = net::ListenSocket::open(*net::SocketAddress::parse("127.0.0.1:0"),
                                        {.reuse_port = false}, false);
  WEIR_CHECK(socket.ok());
  return std::move(socket).value();
}

// -1 if the port has another owner.
int bindUdp(const net::SocketAddress& address) {
  const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  sockaddr_storage storage;
  const unsigned length = net::toSockaddr(address, &storage);
  if (::bind(fd, reinterpret_cast<sockaddr*>(&storage), length) == 0) return fd;
  ::close(fd);
  return -1;
}

}  // namespace

std::string dnsName(std::string_view name) {
  std::string labels;
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    labels += static_cast<char>(label.size());
    labels += label;
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  return labels + '\0';
}

DnsReply::DnsReply(const DnsQuestion& question, int rcode)
    : question_(question), flags_(static_cast<uint16_t>(IsResponse | RecursionAvailable | rcode)) {}

DnsReply& DnsReply::address(std::string_view name, std::string_view ip, uint32_t ttl) {
  const auto parsed = net::IpAddress::parse(ip);
  WEIR_CHECK(parsed.has_value());
  const bool v4 = parsed->family == net::Family::V4;
  const auto* bytes = reinterpret_cast<const char*>(parsed->bytes.data());
  return record(name, v4 ? DnsA : DnsAaaa, ttl, {bytes, v4 ? 4U : 16U});
}

DnsReply& DnsReply::cname(std::string_view name, std::string_view target, uint32_t ttl) {
  return record(name, DnsCname, ttl, dnsName(target));
}

DnsReply& DnsReply::record(std::string_view name, uint16_t type, uint32_t ttl,
                           std::string_view data) {
  ++answers_;
  records_ += dnsName(name) + be16(type) + be16(Internet) + be32(ttl) +
              be16(static_cast<uint16_t>(data.size())) + std::string(data);
  return *this;
}

DnsReply& DnsReply::raw(std::string_view bytes) {
  records_ += bytes;
  return *this;
}
DnsReply& DnsReply::truncated() {
  flags_ |= Truncated;
  return *this;
}
DnsReply& DnsReply::id(uint16_t id) {
  question_.id = id;
  return *this;
}
DnsReply& DnsReply::claimAnswers(uint16_t count) {
  claimed_ = count;
  return *this;
}
DnsReply& DnsReply::asQuestion() {
  flags_ &= static_cast<uint16_t>(~IsResponse);
  return *this;
}
DnsReply& DnsReply::instead(const DnsQuestion& question) {
  question_.name = question.name;
  question_.type = question.type;
  return *this;
}

std::string DnsReply::bytes() const {
  const auto count = claimed_ < 0 ? answers_ : static_cast<uint16_t>(claimed_);
  return be16(question_.id) + be16(flags_) + be16(1) + be16(count) + be16(0) + be16(0) +
         dnsName(question_.name) + be16(question_.type) + be16(Internet) + records_;
}

// Answers each datagram to where it came from.
class LoopbackDns::Udp final : public event::IoHandler {
 public:
  Udp(LoopbackDns& dns, int fd)
      : dns_(dns),
        fd_(fd),
        watch_(std::in_place, dns.loop_, fd, *this, event::Trigger::LevelRead) {}
  ~Udp() override {
    watch_.reset();
    ::close(fd_);
  }

 private:
  void onIoReady(event::IoReady) noexcept override {
    std::array<char, 4096> buffer;
    sockaddr_storage from{};
    socklen_t length = sizeof from;
    auto* sender = reinterpret_cast<sockaddr*>(&from);
    const ssize_t n = ::recvfrom(fd_, buffer.data(), buffer.size(), 0, sender, &length);
    if (n < 0) return;
    for (const std::string& reply : dns_.replies({buffer.data(), static_cast<size_t>(n)}, false)) {
      (void)::sendto(fd_, reply.data(), reply.size(), 0, sender, length);
    }
  }
  LoopbackDns& dns_;
  const int fd_;
  std::optional<event::IoWatch> watch_;
};

// One connection: messages with their length before them.
class LoopbackDns::Tcp final : public event::IoHandler {
 public:
  Tcp(LoopbackDns& dns, int fd)
      : dns_(dns),
        fd_(fd),
        send_(dns.loop_, [this] { sendSome(); }),
        watch_(std::in_place, dns.loop_, fd, *this, event::Trigger::LevelRead) {}
  ~Tcp() override {
    watch_.reset();
    ::close(fd_);
  }
  bool open() const { return watch_.has_value(); }

 private:
  void onIoReady(event::IoReady) noexcept override {
    std::array<char, 4096> buffer;
    const ssize_t n = ::recv(fd_, buffer.data(), buffer.size(), 0);
    if (n <= 0) return watch_.reset();
    received_.append(buffer.data(), static_cast<size_t>(n));
    while (received_.size() >= 2 && received_.size() - 2 >= readBe16(received_, 0)) {
      const size_t length = readBe16(received_, 0);
      for (const std::string& reply : dns_.replies(received_.substr(2, length), true)) {
        unsent_ += be16(static_cast<uint16_t>(reply.size())) + reply;
      }
      received_.erase(0, 2 + length);
    }
    if (!unsent_.empty()) send_.schedule();
  }
  void sendSome() {
    const size_t asked = dns_.trickle_ ? 1 : unsent_.size();
    const ssize_t n = ::send(fd_, unsent_.data(), asked, MSG_NOSIGNAL);
    if (n > 0) unsent_.erase(0, static_cast<size_t>(n));
    if (!unsent_.empty() && open()) send_.schedule();
  }
  LoopbackDns& dns_;
  const int fd_;
  std::string received_;
  std::string unsent_;
  event::Task send_;
  std::optional<event::IoWatch> watch_;
};

LoopbackDns::LoopbackDns(event::Loop& loop) : loop_(loop) {
  for (int fd = -1; fd < 0;) {  // until a port is free for both
    net::ListenSocket tcp = listenForTcp();
    fd = bindUdp(tcp.address());
    if (fd < 0) continue;
    address_ = tcp.address().ip;
    acceptor_ = std::make_unique<net::Acceptor>(loop_, std::move(tcp),
                                                static_cast<net::Acceptor::Events&>(*this));
    udp_ = std::make_unique<Udp>(*this, fd);
  }
}

LoopbackDns::~LoopbackDns() = default;

void LoopbackDns::answer(std::string name, std::vector<std::string> addresses, uint32_t ttl) {
  zone_[std::move(name)] = {0, std::move(addresses), ttl};
}
void LoopbackDns::fail(std::string name, int rcode) { zone_[std::move(name)] = {rcode, {}, 0}; }
void LoopbackDns::ignore(std::string name) { fail(std::move(name), -1); }

size_t LoopbackDns::openConnections() const {
  return static_cast<size_t>(
      std::count_if(tcp_.begin(), tcp_.end(), [](const auto& one) { return one->open(); }));
}

void LoopbackDns::onAccept(net::AcceptedFd accepted) {
  ++accepted_;
  tcp_.push_back(std::make_unique<Tcp>(*this, accepted.fd));
}

std::vector<std::string> LoopbackDns::replies(std::string_view message, bool tcp) {
  const DnsQuestion question = parseQuestion(message, tcp);
  questions_.push_back(question.name + " " + typeName(question.type) + (tcp ? " tcp" : ""));
  return handler_ ? handler_(question) : fromZone(question);
}

std::vector<std::string> LoopbackDns::fromZone(const DnsQuestion& question) const {
  const auto it = zone_.find(question.name);
  if (it == zone_.end()) return {DnsReply(question, DnsNxDomain).bytes()};
  const Entry& entry = it->second;
  if (entry.rcode < 0) return {};
  DnsReply reply(question, entry.rcode);
  for (const std::string& ip : entry.addresses) {
    const bool v6 = ip.find(':') != std::string::npos;
    if (question.type == (v6 ? DnsAaaa : DnsA)) reply.address(question.name, ip, entry.ttl);
  }
  return {reply.bytes()};
}

}  // namespace weir::test
