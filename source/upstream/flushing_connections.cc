#include "source/upstream/flushing_connections.h"

#include <chrono>
#include <utility>

#include "source/base/check.h"

namespace weir::upstream {
namespace {

// Without a byte that goes out.
constexpr Duration Patience = std::chrono::seconds(30);

}  // namespace

class FlushingConnections::Member final : public event::Retirable, private net::ConnectionEvents {
 public:
  Member(FlushingConnections& owner, std::unique_ptr<net::Connection> connection, Place place)
      : owner_(owner),
        connection_(std::move(connection)),
        place_(std::move(place)),
        timer_(owner.loop_, [this] { look(); }) {
    connection_->setEvents(*this);
    written_ = connection_->bytesWritten();
    timer_.arm(Patience);
  }
  ~Member() override { end(true); }

  void end(bool reset) {
    timer_.disarm();
    connection_->close(reset);
    place_.leave();
  }

  size_t index = 0;  // where its owner keeps it

 private:
  void onData(buffer::Buffer& data, bool) override { data.clear(); }
  void onFault(const Error&) override { leave(true); }
  void onWriteReady() override {
    if (connection_->writeEnded()) leave(false);
  }

  void look() {
    if (std::exchange(written_, connection_->bytesWritten()) == connection_->bytesWritten()) {
      return leave(true);
    }
    timer_.arm(Patience);
  }

  void leave(bool reset) {
    end(reset);
    owner_.drop(*this);
  }

  FlushingConnections& owner_;
  std::unique_ptr<net::Connection> connection_;
  Place place_;
  event::Timer timer_;
  uint64_t written_ = 0;  // when the timer was armed
};

FlushingConnections::FlushingConnections(event::Loop& loop) : loop_(loop) {}

FlushingConnections::~FlushingConnections() = default;

void FlushingConnections::add(std::unique_ptr<net::Connection> connection, Place place) {
  WEIR_CHECK(connection->writeEnding());
  auto member = std::make_unique<Member>(*this, std::move(connection), std::move(place));
  member->index = members_.size();
  members_.push_back(std::move(member));
}

void FlushingConnections::drop(Member& member) {
  const size_t index = member.index;
  loop_.retire(std::move(members_[index]));
  if (index + 1 != members_.size()) {
    members_[index] = std::move(members_.back());
    members_[index]->index = index;
  }
  members_.pop_back();
}

}  // namespace weir::upstream
