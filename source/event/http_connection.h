#pragma once

// One connection of an HttpEndpoint: reads requests, one after the other, and writes the answers.
// On the endpoint's loop; owned by it.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "source/event/http_endpoint.h"
#include "source/event/http_request.h"
#include "source/event/loop.h"

struct bufferevent;

namespace weir::event {

class HttpConnection final : public Retirable {
 public:
  // Takes the descriptor over.
  HttpConnection(HttpEndpoint& endpoint, Loop& loop, uint64_t id, int fd);
  ~HttpConnection() override;

  // Only if it still waits for this one.
  void answer(HttpEndpoint::Ticket ticket, const HttpReply& reply);
  // Nothing is being asked or answered; and whether a part of a request has come.
  bool reading() const { return state_ == State::Reading; }
  bool begun() const { return begun_; }
  // An answer is being made, or taken.
  bool asking() const { return state_ == State::Asking; }
  bool writing() const { return state_ == State::Writing; }
  // When that began, or it began to be idle, or its request to come.
  MonotonicTime since() const { return since_; }
  // The endpoint lets go of it.
  void detach();

 private:
  // Reading -> Asking -> Writing -> Reading, or -> Ending -> gone
  enum class State : uint8_t {
    Reading,  // a request
    Asking,   // it was handed on
    Writing,  // the answer
    Ending,   // the last answer is out, and the end was sent; what still comes is dropped
    Gone,
  };

  static void onRead(bufferevent*, void* self) noexcept;
  static void onWritten(bufferevent*, void* self) noexcept;
  static void onEvent(bufferevent*, short what, void* self) noexcept;

  void read();
  void readBody();
  void onDeadline();
  void refuse(const HttpRefusal& refusal);
  void send(const HttpReply& reply);
  void written();
  void end();
  void leave();

  HttpEndpoint& endpoint_;
  Loop& loop_;
  const uint64_t id_;
  const int fd_;
  bufferevent* buffered_;
  Timer deadline_;
  MonotonicTime since_;
  State state_ = State::Reading;
  bool begun_ = false;
  std::optional<HttpRequestHead> head_;  // of a request whose body has not come whole
  HttpEndpoint::Ticket ticket_;          // of the last question
  bool continued_ = false;
  bool keep_alive_ = false;
  bool head_only_ = false;  // HEAD
};

}  // namespace weir::event
