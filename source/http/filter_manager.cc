#include "source/http/filter_manager.h"

#include <utility>

#include "source/base/check.h"

namespace weir::http {

// Lets one factory after the other put its filter into its slot.
class FilterManager::Adder final : public FilterAdder {
 public:
  Adder(FilterManager& manager, Slot& slot) : manager_(manager), slot_(slot) {}
  FilterContext& context() override { return slot_.context; }

 private:
  void* place(size_t bytes) override {
    WEIR_CHECK(slot_.object == nullptr);  // a factory adds one filter
    return manager_.arena_.take(bytes, alignof(std::max_align_t));
  }
  void added(void* object, void (*destroy)(void*), StreamDecoderFilter* decoder,
             StreamEncoderFilter* encoder) override {
    slot_.object = object;
    slot_.destroy = destroy;
    slot_.decoder = decoder;
    slot_.encoder = encoder;
  }

  FilterManager& manager_;
  Slot& slot_;
};

FilterManager::FilterManager(filter::Worker& worker, StreamEnds& ends, size_t limit)
    : worker_(worker),
      ends_(ends),
      limit_(limit),
      decode_(decode_way_, worker.slices),
      encode_(encode_way_, worker.slices),
      task_(worker.loop, [this] { runTask(); }) {}

FilterManager::~FilterManager() {
  complete();
  reset();
}

void FilterManager::start(Factories factories, filter::ConnectionInfo& connection) {
  WEIR_CHECK(connection_ == nullptr && !factories.empty());
  connection_ = &connection;
  slots_.reserve(factories.size());
  for (const auto& factory : factories) {
    Slot& slot = slots_.emplace_back(*this, slots_.size());
    Adder adder(*this, slot);
    factory->create(adder);
    WEIR_CHECK(slot.object != nullptr);
  }
  WEIR_CHECK(slots_.back().decoder != nullptr);
  decode_.restart(slots_.size());
  encode_.restart(slots_.size());
}

void FilterManager::decodeHeaders(bool end_stream) {
  decode_.arrive({true, nullptr, end_stream ? Passage::End::Body : Passage::End::None});
  afterCall();
}

void FilterManager::decodeData(buffer::Buffer& data, bool end_stream) {
  if (decode_way_.over()) {
    data.clear();
    if (!end_stream) return;
    request_taken_ = true;
    return afterCall();
  }
  decode_.arrive({false, &data, end_stream ? Passage::End::Body : Passage::End::None});
  afterCall();
}

void FilterManager::decodeTrailers() {
  if (decode_way_.over()) return;
  decode_.arrive({false, nullptr, Passage::End::Trailers});
  afterCall();
}

void FilterManager::onSendReady() {
  if (stopped() || encode_.full()) return;
  ++hooks_;
  slots_.back().decoder->onResponseWriteReady();
  --hooks_;
  afterCall();
}

void FilterManager::sendLocalReply(LocalReply reply) {
  if (stopped() || reply_) return;
  if (response_ != Response::None) return resetStream(ResetReason::InternalError, reply.reason);
  reply_ = std::move(reply);
  request_dropped_ = true;
  if (hooks_ == 0) task_.schedule();
}

// Behind the hooks that are on the stack, since it ends with one of each filter.
void FilterManager::resetStream(ResetReason reason, std::string_view why) {
  if (stopped()) return;
  if (hooks_ == 0) return ends_.resetStream(reason, why);
  reset_ = Reset{reason, why};
}

void FilterManager::complete() {
  if (std::exchange(over_, true) || connection_ == nullptr) return;
  task_.cancel();
  for (Slot& slot : slots_) {
    if (slot.decoder != nullptr) {
      slot.decoder->onStreamComplete();
    } else if (slot.encoder != nullptr) {
      slot.encoder->onStreamComplete();
    }
  }
}

void FilterManager::reset() {
  WEIR_CHECK(hooks_ == 0);
  for (auto slot = slots_.rbegin(); slot != slots_.rend(); ++slot) slot->destroy(slot->object);
  slots_.clear();
  arena_.clear();
  decode_.restart(0);
  encode_.restart(0);
  connection_ = nullptr;
  info_ = StreamInfo{};
  request_headers_.clear();
  request_trailers_.clear();
  response_headers_.clear();
  response_trailers_.clear();
  reply_.reset();
  reset_.reset();
  route_.reset();
  response_ = Response::None;
  request_dropped_ = request_taken_ = request_taken_told_ = continued_ = false;
  upstream_full_ = pausing_ = over_ = false;
}

size_t FilterManager::limitOf(size_t index) const {
  const size_t own = slots_[index].limit;
  return own != 0 ? own : limit_;
}

// What was asked for in the hooks that have just returned.
void FilterManager::afterCall() {
  if (over_ || hooks_ > 0) return;
  if (reset_) {
    const Reset reset = *std::exchange(reset_, std::nullopt);
    return ends_.resetStream(reset.reason, reset.why);
  }
  if (reply_) return replyNow(*std::exchange(reply_, std::nullopt));
  if (decode_.askedToGoOn() || encode_.askedToGoOn()) task_.schedule();
  updatePause();
  tellToContinue();
  const bool tell = info_.is_tunnel && request_taken_ && !request_taken_told_;
  if (!tell) return;
  request_taken_told_ = true;
  ends_.onRequestTaken();
}

// RFC 9110 10.1.1: nobody upstream can answer to an expectation that stays here, and the client
// waits with the body for which a filter waits. Whoever gets the head later must not answer again.
void FilterManager::tellToContinue() {
  if (continued_ || over_ || request_dropped_ || response_ != Response::None) return;
  if (!request_headers_.has(HeaderId::Expect) || !decode_.waitsForBody()) return;
  continued_ = true;
  request_headers_.remove(HeaderId::Expect);
  HeaderMap head;
  setStatus(head, 100);
  ends_.sendHeaders(head, false);
}

// The end of the request was shown to a filter.
void FilterManager::endShown(size_t station) {
  if (station + 1 == slots_.size()) request_taken_ = true;
}

void FilterManager::runTask() {
  if (over_) return;
  if (!request_dropped_) decode_.goOn();
  if (over_) return;
  const bool was_full = encode_.full();
  encode_.goOn();
  if (was_full && !stopped() && !encode_.full()) return onSendReady();
  afterCall();
}

void FilterManager::updatePause() {
  const bool pause = !request_dropped_ && (upstream_full_ || decode_.full());
  if (std::exchange(pausing_, pause) != pause) ends_.pauseRequest(pause);
}

void FilterManager::replyNow(const LocalReply& reply) {
  if (response_ != Response::None) return resetStream(ResetReason::InternalError, reply.reason);
  if (!reply.reason.empty()) info_.reason = reply.reason;
  if (!reply.details.empty()) info_.details = reply.details;
  buffer::Buffer body = compose(reply);
  updatePause();
  arriveResponse({true, &body, Passage::End::Body});
}

// Its head takes the place of what was in responseHeaders(); returns its body.
buffer::Buffer FilterManager::compose(const LocalReply& reply) {
  response_headers_.clear();
  std::string text;
  makeLocalReply(reply, request_headers_, response_headers_, text);
  buffer::Buffer body(worker_.slices);
  body.append(text);
  return body;
}

void FilterManager::arriveResponse(const Passage::News& news) {
  if (news.head) response_ = Response::Begun;
  encode_.arrive(news);
  afterCall();
}

FilterStatus FilterManager::DecodeWay::showHeaders(size_t station, bool end_stream) {
  StreamDecoderFilter* filter = owner.slots_[station].decoder;
  if (filter == nullptr) return FilterStatus::Continue;
  ++owner.hooks_;
  const FilterStatus status = filter->decodeHeaders(owner.request_headers_, end_stream);
  --owner.hooks_;
  if (end_stream) owner.endShown(station);
  return status;
}

FilterStatus FilterManager::DecodeWay::showData(size_t station, buffer::Buffer& data,
                                                bool end_stream) {
  StreamDecoderFilter* filter = owner.slots_[station].decoder;
  if (filter == nullptr) return FilterStatus::Continue;
  ++owner.hooks_;
  const FilterStatus status = filter->decodeData(data, end_stream);
  --owner.hooks_;
  if (end_stream) owner.endShown(station);
  return status;
}

FilterStatus FilterManager::DecodeWay::showTrailers(size_t station) {
  StreamDecoderFilter* filter = owner.slots_[station].decoder;
  if (filter == nullptr) return FilterStatus::Continue;
  ++owner.hooks_;
  const FilterStatus status = filter->decodeTrailers(owner.request_trailers_);
  --owner.hooks_;
  owner.endShown(station);
  return status;
}

// The terminal filter has had it all.
void FilterManager::DecodeWay::deliver(const Passage::News& news) {
  if (news.data != nullptr) news.data->clear();
}

void FilterManager::DecodeWay::onOverLimit() {
  owner.sendLocalReply({413, "request_payload_too_large"});
}

bool FilterManager::DecodeWay::over() const { return owner.stopped() || owner.request_dropped_; }

FilterStatus FilterManager::EncodeWay::showHeaders(size_t station, bool end_stream) {
  StreamEncoderFilter* filter = owner.slots_[owner.mirror(station)].encoder;
  if (filter == nullptr) return FilterStatus::Continue;
  ++owner.hooks_;
  const FilterStatus status = filter->encodeHeaders(owner.response_headers_, end_stream);
  --owner.hooks_;
  return status;
}

FilterStatus FilterManager::EncodeWay::showData(size_t station, buffer::Buffer& data,
                                                bool end_stream) {
  StreamEncoderFilter* filter = owner.slots_[owner.mirror(station)].encoder;
  if (filter == nullptr) return FilterStatus::Continue;
  ++owner.hooks_;
  const FilterStatus status = filter->encodeData(data, end_stream);
  --owner.hooks_;
  return status;
}

FilterStatus FilterManager::EncodeWay::showTrailers(size_t station) {
  StreamEncoderFilter* filter = owner.slots_[owner.mirror(station)].encoder;
  if (filter == nullptr) return FilterStatus::Continue;
  ++owner.hooks_;
  const FilterStatus status = filter->encodeTrailers(owner.response_trailers_);
  --owner.hooks_;
  return status;
}

void FilterManager::EncodeWay::deliver(const Passage::News& news) {
  const bool data = news.data != nullptr && !news.data->empty();
  const bool body_ends = news.end == Passage::End::Body;
  if (news.head) owner.checkFinal();
  if (body_ends || news.end == Passage::End::Trailers) {
    owner.response_ = Response::Ended;
  } else if (news.head) {
    owner.response_ = Response::Sent;
  }
  if (news.head) owner.ends_.sendHeaders(owner.response_headers_, body_ends && !data);
  if (owner.over_) return;
  if (data || (body_ends && !news.head)) {
    buffer::Buffer none(owner.worker_.slices);
    owner.ends_.sendData(data ? *news.data : none, body_ends);
  }
  if (owner.over_) return;
  if (news.end == Passage::End::Trailers) owner.ends_.sendTrailers(owner.response_trailers_);
}

// Informational heads take another way: one that comes here would leave the response without its
// own. As one that cannot be encoded it becomes a 502.
void FilterManager::checkFinal() {
  const unsigned status = statusOf(response_headers_);
  if (status >= 100 && status < 200 && status != 101) setStatus(response_headers_, 0);
}

void FilterManager::EncodeWay::onOverLimit() {
  owner.info_.reason = "response_payload_too_large";
  if (owner.response_ != Response::Begun) {
    return owner.resetStream(ResetReason::InternalError, owner.info_.reason);
  }
  // Past the filters, one of which is holding the other response.
  owner.request_dropped_ = true;
  buffer::Buffer body = owner.compose({500, owner.info_.reason});
  deliver({true, &body, Passage::End::Body});
}

}  // namespace weir::http
