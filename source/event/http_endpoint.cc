#include "source/event/http_endpoint.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "source/event/http_connection.h"

namespace weir::event {
namespace {

constexpr auto RetryAfter = std::chrono::milliseconds(100);

}  // namespace

// Accepts until nobody waits; if that fails for want of descriptors or memory, it tries later.
class HttpEndpoint::Listener final : private IoHandler {
 public:
  Listener(HttpEndpoint& endpoint, Loop& loop, int fd)
      : endpoint_(endpoint),
        fd_(fd),
        again_(loop, [this] { accept(); }),
        watch_(std::make_unique<IoWatch>(loop, fd, static_cast<IoHandler&>(*this))) {
    // Some may wait already; edge-triggered readiness tells of them once.
    again_.arm(Duration::zero());
  }
  ~Listener() override {
    watch_.reset();
    ::close(fd_);
  }

 private:
  void onIoReady(IoReady) noexcept override { accept(); }

  void accept() {
    for (;;) {
      if (!endpoint_.hasRoom()) return again_.arm(RetryAfter);
      const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        endpoint_.onAccepted(fd);
      } else if (errno == EAGAIN) {
        return;
      } else if (errno != EINTR && errno != ECONNABORTED) {
        return again_.arm(RetryAfter);
      }
    }
  }

  HttpEndpoint& endpoint_;
  const int fd_;
  Timer again_;
  std::unique_ptr<IoWatch> watch_;
};

HttpEndpoint::HttpEndpoint(Loop& loop, int listen_fd, Handler handler)
    : loop_(loop),
      handler_(std::move(handler)),
      listener_(std::make_unique<Listener>(*this, loop, listen_fd)) {}

HttpEndpoint::~HttpEndpoint() {
  listener_.reset();
  while (!connections_.empty()) drop(connections_.begin()->first);
}

void HttpEndpoint::onAccepted(int fd) {
  // Who only holds a place open gives it to who may want something.
  if (connections_.size() >= MaxConnections) drop(leastWanted());
  const uint64_t id = next_id_++;
  connections_.emplace(id, std::make_unique<HttpConnection>(*this, loop_, id, fd));
}

uint64_t HttpEndpoint::leastWanted() const {
  // The first of a kind: of those that read, the idle ones come first, and of those that are
  // answered, who waits for the answer; then those that have been at it longest.
  struct First {
    uint64_t id = 0;
    std::pair<bool, MonotonicTime> rank{true, MonotonicTime::max()};
    void offer(uint64_t other, std::pair<bool, MonotonicTime> its_rank) {
      if (its_rank < rank) id = other, rank = its_rank;
    }
  };
  First reading;
  First answered;
  size_t all_answered = 0;
  for (const auto& [id, connection] : connections_) {
    if (connection->reading()) reading.offer(id, {connection->begun(), connection->since()});
    if (!connection->asking() && !connection->writing()) continue;
    answered.offer(id, {connection->writing(), connection->since()});
    ++all_answered;
  }
  return all_answered + PlacesForQuestions > MaxConnections ? answered.id : reading.id;
}

void HttpEndpoint::answer(Ticket ticket, const HttpReply& reply) {
  const auto it = connections_.find(ticket.connection);
  if (it != connections_.end()) it->second->answer(ticket, reply);
}

void HttpEndpoint::drop(uint64_t id) {
  const auto it = connections_.find(id);
  it->second->detach();
  loop_.retire(std::move(it->second));
  connections_.erase(it);
}

}  // namespace weir::event
