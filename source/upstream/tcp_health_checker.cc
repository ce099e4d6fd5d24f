#include "source/upstream/tcp_health_checker.h"

#include <utility>

namespace weir::upstream {

TcpHealthChecker::TcpHealthChecker(HealthCheckTask task)
    : loop_(task.loop),
      slices_(task.slices),
      target_(task.target()),
      settings_(task.settings),
      schedule_(
          loop_, settings_, task.healthy, [this] { startCheck(); },
          [this] {
            fail(connection_->connecting() ? "no connection in time" : "no answer in time");
          },
          std::move(task.on_change)) {
  schedule_.onEachCheck(std::move(task.on_check));
}

TcpHealthChecker::~TcpHealthChecker() { dropConnection(); }

void TcpHealthChecker::startCheck() {
  answer_.clear();
  auto io = target_.connect(net::SessionProtocol::Opaque);
  if (!io.ok()) {
    // That we have no descriptor or port left says nothing about the host.
    if (io.error().code == ErrorCode::Exhausted) return schedule_.skip();
    return fail(io.error().detail);
  }
  net::ConnectionEvents& events = *this;
  connection_ = std::make_unique<net::Connection>(loop_, slices_, std::move(io).value(),
                                                  net::Connection::Start::Connecting,
                                                  net::ConnectionLimits{}, events);
  schedule_.begin();
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

void TcpHealthChecker::pass() {
  dropConnection();
  schedule_.end(true);
}

void TcpHealthChecker::fail(std::string why) {
  last_failure_ = std::move(why);
  dropConnection();
  schedule_.end(false);
}

void TcpHealthChecker::dropConnection() {
  if (connection_ == nullptr) return;
  connection_->close(false);
  loop_.retire(std::move(connection_));
}

}  // namespace weir::upstream
