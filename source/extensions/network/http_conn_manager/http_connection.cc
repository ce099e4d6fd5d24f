#include "source/extensions/network/http_conn_manager/http_connection.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "source/base/check.h"
#include "source/http/h1/server_codec.h"
#include "source/http/h2/preface.h"
#include "source/http/h2/server_codec.h"
#include "source/http/pool/pool_set.h"

namespace weir::extensions {

namespace {

filter::Close closeFor(http::ConnectionEnd how) {
  switch (how) {
    case http::ConnectionEnd::FlushWrite: return filter::Close::FlushWrite;
    case http::ConnectionEnd::Flush: return filter::Close::Flush;
    case http::ConnectionEnd::Reset: break;
  }
  return filter::Close::Reset;
}

}  // namespace

HttpConnection::HttpConnection(filter::FilterContext& context, ManagerOnWorker& manager)
    : context_(context),
      manager_(manager),
      settle_(context.worker().loop, [this] { settle(); }),
      timer_(context.worker().loop, [this] { onTimer(); }),
      started_(context.worker().loop.now()),
      idle_since_(started_) {
  const net::IpAddress& address = context.info().facts.source.ip;
  if (address.family != net::Family::None) peer_text_ = address.toString();
  peer_ = {address, peer_text_, context_.info().security != nullptr ? "https" : "http"};
}

HttpConnection::~HttpConnection() {
  context_.info().http = nullptr;
  if (codec_ != nullptr) countEnd();
  for (auto* list : {&streams_, &done_}) {
    for (auto& stream : *list) {
      stream->recycle();
      manager_.giveBack(std::move(stream));
    }
  }
}

void HttpConnection::countEnd() {
  const uint64_t dropped = version_ == http::Version::Http2
                               ? static_cast<http::Http2ServerCodec&>(*codec_).droppedFields()
                               : static_cast<http::Http1ServerCodec&>(*codec_).droppedFields();
  manager_.stats().connectionEnded(version_, dropped);
}

filter::FilterStatus HttpConnection::onNewConnection() {
  using Codec = HttpConnManagerSettings::Codec;
  if (auto early = context_.takeEarly()) {
    spare_.emplace(context_.worker().loop, std::move(early));
  }
  const std::string_view protocol = context_.info().protocol;
  switch (manager_.settings().codec) {
    case Codec::Http1: makeCodec(http::Version::Http11); break;
    case Codec::Http2: makeCodec(http::Version::Http2); break;
    case Codec::Auto:
      if (protocol == "h2c") makeCodec(http::Version::Http2);
      if (protocol == "http/1.1" || protocol == "http/1.0") makeCodec(http::Version::Http11);
      break;
  }
  armTimer();
  context_.readSoon();
  return filter::FilterStatus::Continue;
}

// False: it needs more bytes to tell, or the client is gone.
bool HttpConnection::chooseCodec(buffer::Buffer& data, bool end_stream) {
  const auto bytes = data.contiguous();
  const std::string_view seen(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const bool undecided =
      seen.size() < http::Http2Preface.size() && http::Http2Preface.starts_with(seen);
  if (undecided && !end_stream) return false;
  if (seen.empty()) {
    closeNow(filter::Close::Flush, "client_fin");
  } else {
    // A preface that is broken behind its first line is one still: it is answered in HTTP/2.
    const bool http2 = seen.starts_with(http::Http2PrefaceLine);
    makeCodec(http2 ? http::Version::Http2 : http::Version::Http11);
  }
  return codec_ != nullptr;
}

void HttpConnection::makeCodec(http::Version version) {
  filter::Worker& worker = manager_.worker();
  const HttpConnManagerSettings& settings = manager_.settings();
  http::ServerCodecEvents& events = *this;
  version_ = version;
  peer_.requests_say_scheme = version == http::Version::Http2;
  activity_.version = http::toString(version);
  context_.info().http = &activity_;
  manager_.stats().connectionBegan(version);
  if (version == http::Version::Http2) {
    http::Http2Settings http2 = settings.http2;
    http2.buffer_limit = context_.bufferLimit();
    codec_ = std::make_unique<http::Http2ServerCodec>(worker.loop, context_, worker.slices, http2,
                                                      events);
    context_.info().protocol = context_.info().security != nullptr ? "h2" : "h2c";
  } else {
    http::Http1Settings http1 = settings.http1;
    http1.buffer_limit = context_.bufferLimit();
    codec_ = std::make_unique<http::Http1ServerCodec>(worker.loop, context_, worker.slices, http1,
                                                      events);
    context_.info().protocol = "http/1.1";
  }
  if (worker.drains.draining()) {
    startDrain();
  } else {
    worker.drains.add(*this);
  }
}

filter::FilterStatus HttpConnection::onData(buffer::Buffer& data, bool end_stream) {
  if (state_ != State::Open) {
    data.clear();
  } else if (codec_ != nullptr || chooseCodec(data, end_stream)) {
    codec_->onBytes(data, end_stream);
  } else if (state_ == State::Open && !undecided_since_ && !data.empty()) {
    undecided_since_ = manager_.worker().loop.now();
    lookWithin(manager_.settings().http1.request_headers_timeout);
  }
  return filter::FilterStatus::StopIteration;
}

void HttpConnection::onWriteReady() {
  if (codec_ != nullptr && state_ == State::Open) codec_->onWriteReady();
}

void HttpConnection::onConnectionClosed() {
  if (std::exchange(state_, State::Closed) != State::Closed && codec_ != nullptr) {
    codec_->onConnectionGone();
  }
  settle_.cancel();
  timer_.disarm();
  spare_.reset();
  http::PoolSet::of(manager_.worker()).ownerGone(context_.info().id);
}

std::unique_ptr<upstream::EarlyConnection> HttpConnection::takeEarly(
    const upstream::Cluster& cluster) {
  if (!spare_) return nullptr;
  auto early = spare_->take(cluster);
  spare_.reset();
  return early;
}

http::StreamDecoder& HttpConnection::onNewStream(http::StreamEncoder& encoder,
                                                 http::Version version, MonotonicTime begun) {
  std::unique_ptr<ActiveStream> stream = manager_.takeStream(context_.bufferLimit());
  stream->begin(*this, encoder, {++activity_.requests, version, begun});
  stream->index = streams_.size();
  streams_.push_back(std::move(stream));
  activity_.open = streams_.size();
  armTimer();
  // Some of it has gone by, perhaps all.
  const Duration head = manager_.worker().loop.now() - begun;
  const Duration most = manager_.settings().request_timeout;
  if (head > Duration::zero() && most > Duration::zero()) {
    lookWithin(std::max<Duration>(most - head, std::chrono::milliseconds(1)));
  }
  return *streams_.back();
}

void HttpConnection::onResponse() {
  const uint64_t most = manager_.settings().max_requests_per_connection;
  if (most != 0 && activity_.requests >= most) startDrain();
}

void HttpConnection::onStreamDone(ActiveStream& stream) {
  const size_t index = stream.index;
  done_.push_back(std::move(streams_[index]));
  if (index + 1 != streams_.size()) {
    streams_[index] = std::move(streams_.back());
    streams_[index]->index = index;
  }
  streams_.pop_back();
  activity_.open = streams_.size();
  idle_since_ = manager_.worker().loop.now();
  if (streams_.empty()) lookWithin(manager_.settings().idle_timeout);
  settle_.schedule();
}

void HttpConnection::onEnd(http::ConnectionEnd how, std::string_view reason, bool fault) {
  if (state_ != State::Open) return;
  state_ = State::Ending;
  if (fault) manager_.stats().onRejected(reason);
  end_reason_ = reason == "closed_by_peer" ? "client_fin" : reason;  // as all protocols have it
  if (idle_ && reason == "drained") end_reason_ = "idle_timeout";
  const bool cut = version_ != http::Version::Http2 && !fault && how == http::ConnectionEnd::Reset;
  if (cut && !cut_reason_.empty()) end_reason_ = cut_reason_;
  end_how_ = closeFor(how);
  settle_.schedule();
}

void HttpConnection::settle() {
  // Streams that are used again are none that the codec still knows.
  WEIR_DCHECK(codec_ == nullptr || version_ == http::Version::Http2 ||
              codec_->openStreams() <= streams_.size());
  for (auto& stream : done_) {
    stream->recycle();
    manager_.giveBack(std::move(stream));
  }
  done_.clear();
  if (state_ != State::Ending) return;
  state_ = State::Closed;
  codec_->onConnectionGone();
  if (!done_.empty()) settle_.schedule();
  context_.close(end_how_, end_reason_);
}

void HttpConnection::closeNow(filter::Close how, std::string_view reason) {
  if (state_ != State::Open) return;
  state_ = State::Closed;
  if (codec_ != nullptr) codec_->onConnectionGone();
  context_.close(how, reason);
}

void HttpConnection::onDrain() { startDrain(); }

void HttpConnection::startDrain() {
  if (draining_since_ || state_ != State::Open) return;
  draining_since_ = manager_.worker().loop.now();
  codec_->startDrain();
  lookWithin(manager_.settings().drain_timeout);
}

// Timeouts are looked after when the timer fires, and not with every request: it may fire early.
void HttpConnection::armTimer() {
  const HttpConnManagerSettings& settings = manager_.settings();
  for (const Duration by : {settings.idle_timeout, settings.stream_idle_timeout,
                            settings.request_timeout, settings.max_connection_duration}) {
    lookWithin(by);
  }
}

void HttpConnection::lookWithin(Duration duration) {
  if (duration > Duration::zero()) timer_.armWithin(duration);
}

void HttpConnection::onTimer() {
  const MonotonicTime now = manager_.worker().loop.now();
  MonotonicTime next = checkStreams(now);
  for (const auto check : {&HttpConnection::checkDrain, &HttpConnection::checkUndecided,
                           &HttpConnection::checkIdle, &HttpConnection::checkAge}) {
    if (state_ != State::Open) return;
    next = std::min(next, (this->*check)(now));
  }
  if (state_ == State::Open && next != MonotonicTime::max()) lookWithin(next - now);
}

MonotonicTime HttpConnection::checkStreams(MonotonicTime now) {
  MonotonicTime next = MonotonicTime::max();
  for (size_t i = streams_.size(); i > 0; --i) {
    // Those that end meanwhile leave the list; others take their places.
    if (i <= streams_.size()) next = std::min(next, streams_[i - 1]->checkTimeouts(now));
  }
  return next;
}

MonotonicTime HttpConnection::checkDrain(MonotonicTime now) {
  if (!draining_since_) return MonotonicTime::max();
  const MonotonicTime until = *draining_since_ + manager_.settings().drain_timeout;
  if (now < until) return until;
  codec_->finishDrain();
  return MonotonicTime::max();
}

MonotonicTime HttpConnection::checkUndecided(MonotonicTime now) {
  const Duration head = manager_.settings().http1.request_headers_timeout;
  if (codec_ != nullptr || !undecided_since_ || head == Duration::zero())
    return MonotonicTime::max();
  const MonotonicTime until = *undecided_since_ + head;
  if (now >= until) closeNow(filter::Close::Flush, "h1_head_timeout");
  return until;
}

MonotonicTime HttpConnection::checkIdle(MonotonicTime now) {
  const Duration bound = manager_.settings().idle_timeout;
  if (!streams_.empty() || bound == Duration::zero()) return MonotonicTime::max();
  if (now < idle_since_ + bound) return idle_since_ + bound;
  if (codec_ == nullptr) {
    closeNow(filter::Close::Flush, "idle_timeout");
  } else if (std::exchange(idle_, true)) {
    closeNow(filter::Close::Reset, "idle_timeout");
  } else {
    codec_->startDrain();
    codec_->finishDrain();
  }
  // What was written for streams that have ended may still be on its way: for as long again.
  return now + bound;
}

MonotonicTime HttpConnection::checkAge(MonotonicTime now) {
  const Duration bound = manager_.settings().max_connection_duration;
  if (bound == Duration::zero() || draining_since_ || idle_) return MonotonicTime::max();
  if (now < started_ + bound) return started_ + bound;
  if (codec_ == nullptr) {
    closeNow(filter::Close::Flush, "max_connection_duration");
  } else {
    startDrain();
  }
  return MonotonicTime::max();
}

}  // namespace weir::extensions
