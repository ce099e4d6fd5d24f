#pragma once

// An upstream connection that was opened to hear whether the server speaks first, and was not
// needed for that: kept for the first request of its client, as long as the server says nothing.
//
// Loop: its connection's, on which it is owned by HttpConnection.

#include <memory>
#include <utility>

#include "source/event/loop.h"
#include "source/upstream/early_connection.h"

namespace weir::extensions {

class SpareConnection final : private upstream::EarlyEvents {
 public:
  // `early` is not null. The loop outlives it.
  SpareConnection(event::Loop& loop, std::unique_ptr<upstream::EarlyConnection> early)
      : loop_(loop), early_(std::move(early)) {
    early_->setEvents(*this);
  }
  ~SpareConnection() override { drop(); }
  SpareConnection(const SpareConnection&) = delete;
  SpareConnection& operator=(const SpareConnection&) = delete;

  // Null if it is to another cluster, or not ready for a request; then it is closed.
  std::unique_ptr<upstream::EarlyConnection> take(const upstream::Cluster& cluster) {
    const bool fits = early_ != nullptr && early_->connected() && &early_->cluster() == &cluster &&
                      early_->serverBytes().empty();
    if (!fits) drop();
    return std::move(early_);
  }

 private:
  void onEarlyConnected() override {}
  void onServerSpoke() override { drop(); }
  void onEarlyFailed(const Error&) override { drop(); }
  void drop() {
    if (early_ == nullptr) return;
    early_->cancel();
    loop_.retire(std::move(early_));
  }

  event::Loop& loop_;
  std::unique_ptr<upstream::EarlyConnection> early_;
};

}  // namespace weir::extensions
