#include "source/upstream/tcp_health_checker.h"

#include <utility>

#include "source/net/io.h"

namespace weir::upstream {

TcpHealthChecker::TcpHealthChecker(event::Loop& loop, buffer::SlicePool& slices,
                                   net::SocketAddress address, const HealthCheckSettings& settings,
                                   std::function<void(bool)> on_change, bool healthy)
    : loop_(loop),
      slices_(slices),
      address_(std::move(address)),
      settings_(settings),
      on_change_(std::move(on_change)),
      random_(std::random_device{}()),
      healthy_(healthy),
      next_(loop, [this] { startCheck(); }),
      timeout_(loop, [this] {
        fail(connection_->connecting() ? "no connection in time" : "no answer in time");
      }) {
  next_.arm(jitter());
}

TcpHealthChecker::~TcpHealthChecker() { dropConnection(); }

Duration TcpHealthChecker::jitter() {
  if (settings_.interval_jitter <= Duration::zero()) return Duration::zero();
  return Duration(
      std::uniform_int_distribution<Duration::rep>(0, settings_.interval_jitter.count())(random_));
}

void TcpHealthChecker::startCheck() {
  answer_.clear();
  auto io = net::SocketIo::connect(address_);
  if (!io.ok()) {
    // That we have no descriptor or port left says nothing about the host.
    if (io.error().code == ErrorCode::Exhausted) return next_.arm(settings_.interval + jitter());
    return fail(io.error().detail);
  }
  net::ConnectionEvents& events = *this;
  connection_ = std::make_unique<net::Connection>(loop_, slices_, std::move(io).value(),
                                                  net::Connection::Start::Connecting,
                                                  net::ConnectionLimits{}, events);
  timeout_.arm(settings_.timeout);
}

void TcpHealthChecker::onConnected() {
  if (settings_.send.empty() && settings_.receive.empty()) return pass();
  if (settings_.send.empty()) return;
  buffer::Buffer bytes(slices_);
  bytes.append(std::string_view(settings_.send));
  connection_->write(bytes, settings_.receive.empty());
  onWriteReady();
}

// Without an answer to wait for, what is to be sent has gone out when the end behind it has: at
// once, or later.
void TcpHealthChecker::onWriteReady() {
  if (settings_.receive.empty() && connection_->writeEnded()) pass();
}

void TcpHealthChecker::onData(buffer::Buffer& data, bool end_stream) {
  if (settings_.receive.empty()) return data.clear();
  answer_ += data.toString();
  data.clear();
  if (answer_.find(settings_.receive) != std::string::npos) return pass();
  if (end_stream) return fail("closed without the expected answer");
  if (answer_.size() >= settings_.receive.size()) {
    answer_.erase(0, answer_.size() - settings_.receive.size() + 1);
  }
}

void TcpHealthChecker::onFault(const Error& error) { fail(error.detail); }

void TcpHealthChecker::pass() { endCheck(true); }

void TcpHealthChecker::fail(std::string why) {
  last_failure_ = std::move(why);
  endCheck(false);
}

// What changed is told last: it may drop this.
void TcpHealthChecker::endCheck(bool passed) {
  timeout_.disarm();
  dropConnection();
  next_.arm(settings_.interval + jitter());
  const bool change = thresholdReached(passed);
  if (change) healthy_ = passed;
  if (on_check_) on_check_(passed);
  if (!change) return;
  const auto on_change = on_change_;
  on_change(passed);
}

void TcpHealthChecker::dropConnection() {
  if (connection_ == nullptr) return;
  connection_->close(false);
  loop_.retire(std::move(connection_));
}

bool TcpHealthChecker::thresholdReached(bool passed) {
  const bool first = !std::exchange(decided_, true);
  if (passed == healthy_) {
    in_a_row_ = 0;
    return false;
  }
  const unsigned threshold = passed ? settings_.healthy_threshold : settings_.unhealthy_threshold;
  if (!first && ++in_a_row_ < threshold) return false;
  in_a_row_ = 0;
  return true;
}

}  // namespace weir::upstream
