#include "source/http/health/http_health_checker.h"

#include <algorithm>
#include <utility>

namespace weir::http {
namespace {

bool isExpected(const upstream::HttpCheckSettings& settings, unsigned status) {
  const auto& ranges = settings.expected_statuses;
  return std::any_of(ranges.begin(), ranges.end(), [&](const auto& range) {
    return status >= range.start && status < range.end;
  });
}

}  // namespace

HttpHealthChecker::HttpHealthChecker(upstream::HealthCheckTask task)
    : loop_(task.loop),
      slices_(task.slices),
      target_(task.target()),
      settings_(task.settings),
      schedule_(
          loop_, settings_, task.healthy, [this] { startCheck(); },
          [this] { fail(session_->connecting() ? "no connection in time" : "no answer in time"); },
          std::move(task.on_change)) {
  schedule_.onEachCheck(std::move(task.on_check));
  request_.add(HeaderId::Method, settings_.http->method);
  request_.add(HeaderId::Scheme, "http");
  request_.add(HeaderId::Authority, settings_.http->host);
  request_.add(HeaderId::Path, settings_.http->path);
  request_.add(HeaderId::UserAgent, "weir-health-check");
}

HttpHealthChecker::~HttpHealthChecker() { dropSession(); }

void HttpHealthChecker::startCheck() {
  if (session_ == nullptr || !session_->canAsk()) return connect();
  checking_ = true;
  schedule_.begin();
  session_->ask(request_);
}

void HttpHealthChecker::connect() {
  dropSession();
  auto io = target_.connect(net::SessionProtocol::Http1);
  if (!io.ok()) {
    // That we have no descriptor or port left says nothing about the host.
    if (io.error().code != ErrorCode::Exhausted) return fail(io.error().detail);
    checking_ = false;
    return schedule_.skip();
  }
  CheckSessionEvents& events = *this;
  session_ =
      std::make_unique<CheckSession>(loop_, slices_, std::move(io).value(), settings_.send, events);
  checking_ = true;
  schedule_.begin();
  session_->ask(request_);
}

void HttpHealthChecker::onAnswer(unsigned status) {
  if (!isExpected(*settings_.http, status)) return fail("status " + std::to_string(status));
  checking_ = false;
  schedule_.end(true);
}

void HttpHealthChecker::onLost(const std::string& why) {
  if (!checking_) return dropSession();
  if (session_->usedBefore() && !session_->heardOf()) return connect();
  fail(why);
}

void HttpHealthChecker::fail(std::string why) {
  last_failure_ = std::move(why);
  checking_ = false;
  dropSession();
  schedule_.end(false);
}

void HttpHealthChecker::dropSession() {
  if (session_ == nullptr) return;
  session_->close();
  loop_.retire(std::move(session_));
}

std::unique_ptr<upstream::HealthChecker> makeHttpHealthChecker(upstream::HealthCheckTask task) {
  return std::make_unique<HttpHealthChecker>(std::move(task));
}

}  // namespace weir::http
