#include "source/filter/filter_context.h"

#include <utility>

#include "source/filter/filter_chain.h"
#include "source/upstream/early_connection.h"

namespace weir::filter {

void FilterContext::write(buffer::Buffer& data, bool end_stream) {
  chain_.write(index_, data, end_stream);
}
bool FilterContext::writeBlocked() const { return chain_.writeBlocked(index_); }
void FilterContext::pauseReading(net::Pause why) { chain_.connection_.pauseReading(why); }
void FilterContext::resumeReading(net::Pause why) { chain_.connection_.resumeReading(why); }
void FilterContext::expectNothing(bool nothing) { chain_.connection_.expectNothing(nothing); }
void FilterContext::readSoon() {
  if (index_ == 0) chain_.connection_.readSoon();
}

// Recorded; the hook that asked for it looks when it returns, and the task does otherwise.
void FilterContext::continueReading() {
  chain_.slots_[index_].from_client.go_on = true;
  chain_.task_.schedule();
}
void FilterContext::continueWriting() {
  chain_.slots_[index_].to_client.go_on = true;
  chain_.task_.schedule();
}
void FilterContext::redeliver() {
  chain_.slots_[index_].show_again = true;
  chain_.task_.schedule();
}
void FilterContext::close(Close how, std::string_view reason) {
  chain_.closeFrom(index_, how, reason);
}
Worker& FilterContext::worker() { return chain_.worker_; }
ConnectionInfo& FilterContext::info() { return chain_.info_; }
size_t FilterContext::bufferLimit() const { return chain_.connection_.limit(); }

net::Connection* FilterContext::takeOver(net::ConnectionEvents& events) {
  if (!chain_.mayTakeOver(index_)) return nullptr;
  chain_.connection_.setEvents(events);
  return &chain_.connection_;
}

std::unique_ptr<Grant> FilterContext::takeGrant() { return std::move(chain_.slots_[index_].grant); }

std::unique_ptr<upstream::EarlyConnection> FilterContext::takeEarly(
    const upstream::Cluster& cluster) {
  auto& early = chain_.early_;
  if (early == nullptr || &early->cluster() != &cluster) return nullptr;
  return std::move(early);
}

std::unique_ptr<upstream::EarlyConnection> FilterContext::takeEarly() {
  return std::move(chain_.early_);
}

}  // namespace weir::filter
