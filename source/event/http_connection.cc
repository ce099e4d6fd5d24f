#include "source/event/http_connection.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <sys/socket.h>

#include <utility>

#include "source/base/check.h"
#include "source/base/json.h"

namespace weir::event {
namespace {

constexpr auto RequestTimeout = std::chrono::seconds(10);
constexpr auto AnswerTimeout = std::chrono::seconds(30);
constexpr auto TakeTimeout = std::chrono::seconds(60);
constexpr auto EndTimeout = std::chrono::seconds(1);
constexpr timeval WriteTimeout{10, 0};

std::string_view reasonPhrase(int status) {
  switch (status) {
    case 200: return "OK";
    case 400: return "Bad Request";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 409: return "Conflict";
    case 413: return "Content Too Large";
    case 431: return "Request Header Fields Too Large";
    case 501: return "Not Implemented";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    default: return "Status";
  }
}

std::string headOf(const HttpReply& reply, bool keep_alive) {
  std::string head = "HTTP/1.1 " + std::to_string(reply.status) + " ";
  head.append(reasonPhrase(reply.status)).append("\r\nContent-Type: ").append(reply.content_type);
  head += "\r\nContent-Length: " + std::to_string(reply.body.size());
  head += "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\n";
  for (const auto& [name, value] : reply.headers) head += name + ": " + value + "\r\n";
  head += keep_alive ? "\r\n" : "Connection: close\r\n\r\n";
  return head;
}

HttpReply errorReply(int status, std::string_view what) {
  HttpReply reply{.status = status, .content_type = "application/json"};
  JsonWriter json(reply.body);
  json.object([&] { json.field("error", what); });
  reply.body += "\n";
  return reply;
}

}  // namespace

HttpConnection::HttpConnection(HttpEndpoint& endpoint, Loop& loop, uint64_t id, int fd)
    : endpoint_(endpoint),
      loop_(loop),
      id_(id),
      fd_(fd),
      buffered_(bufferevent_socket_new(loop.base(), fd, BEV_OPT_CLOSE_ON_FREE)),
      deadline_(loop, [this] { onDeadline(); }),
      since_(loop.now()) {
  WEIR_CHECK(buffered_ != nullptr);
  bufferevent_setcb(buffered_, &onRead, &onWritten, &onEvent, this);
  bufferevent_setwatermark(buffered_, EV_READ, 0, MaxHttpHeadBytes + MaxHttpBodyBytes);
  bufferevent_set_timeouts(buffered_, nullptr, &WriteTimeout);
  bufferevent_enable(buffered_, EV_READ | EV_WRITE);
  deadline_.arm(RequestTimeout);
}

HttpConnection::~HttpConnection() {
  if (buffered_ != nullptr) bufferevent_free(buffered_);
}

void HttpConnection::detach() {
  state_ = State::Gone;
  deadline_.disarm();
  bufferevent_setcb(buffered_, nullptr, nullptr, nullptr, nullptr);
  bufferevent_free(std::exchange(buffered_, nullptr));
}

void HttpConnection::onRead(bufferevent*, void* self) noexcept {
  static_cast<HttpConnection*>(self)->read();
}

void HttpConnection::onWritten(bufferevent*, void* self) noexcept {
  static_cast<HttpConnection*>(self)->written();
}

// The end, a reset, or no progress in writing.
void HttpConnection::onEvent(bufferevent*, short what, void* self) noexcept {
  auto& connection = *static_cast<HttpConnection*>(self);
  (what & BEV_EVENT_EOF) != 0 ? connection.end() : connection.leave();
}

// Who has ended its side may still wait for an answer.
void HttpConnection::end() {
  if (state_ != State::Asking && state_ != State::Writing) return leave();
  keep_alive_ = false;
}

// Whoever is asked may be busy for long; who asks is not to wait for ever.
void HttpConnection::onDeadline() {
  if (state_ != State::Asking) return leave();
  keep_alive_ = false;
  send(errorReply(504, "no answer in time"));
}

void HttpConnection::leave() {
  if (state_ != State::Gone) endpoint_.drop(id_);
}

void HttpConnection::read() {
  evbuffer* const input = bufferevent_get_input(buffered_);
  if (state_ == State::Ending) evbuffer_drain(input, evbuffer_get_length(input));
  if (state_ != State::Reading) return;  // the next request waits for its turn
  const size_t have = evbuffer_get_length(input);
  if (have == 0) return;
  if (!std::exchange(begun_, true)) {
    since_ = loop_.now();
    deadline_.arm(RequestTimeout);
  }
  if (!head_) {
    const auto* bytes = reinterpret_cast<const char*>(evbuffer_pullup(input, -1));
    HttpHeadResult result = parseHttpHead({bytes, have});
    if (const auto* refusal = std::get_if<HttpRefusal>(&result)) return refuse(*refusal);
    if (std::holds_alternative<HttpNeedsMore>(result)) return;
    head_ = std::move(std::get<HttpRequestHead>(result));
  }
  readBody();
}

void HttpConnection::readBody() {
  evbuffer* const input = bufferevent_get_input(buffered_);
  HttpRequestHead& head = *head_;
  const size_t whole = head.bytes + head.content_length;
  if (evbuffer_get_length(input) < whole) {
    constexpr std::string_view Continue = "HTTP/1.1 100 Continue\r\n\r\n";
    if (head.expects_continue && !std::exchange(continued_, true))
      bufferevent_write(buffered_, Continue.data(), Continue.size());
    return;
  }
  const auto* bytes = reinterpret_cast<const char*>(evbuffer_pullup(input, -1));
  const std::string_view body(bytes + head.bytes, head.content_length);
  if (head.form && !parseHttpParameters(body, head.parameters))
    return refuse({400, "the form has a bad escape"});
  evbuffer_drain(input, whole);
  const HttpRequestHead asked = *std::exchange(head_, std::nullopt);
  begun_ = false;
  state_ = State::Asking;
  since_ = loop_.now();
  continued_ = false;
  keep_alive_ = asked.keep_alive;
  head_only_ = asked.method == "HEAD";
  deadline_.arm(AnswerTimeout);
  ticket_ = endpoint_.nextTicket(id_);
  endpoint_.ask(
      {asked.method, asked.path, asked.parameters, asked.host, asked.origin, asked.accept},
      ticket_);
}

void HttpConnection::refuse(const HttpRefusal& refusal) {
  keep_alive_ = head_only_ = false;
  send(errorReply(refusal.status, refusal.reason));
}

void HttpConnection::answer(HttpEndpoint::Ticket ticket, const HttpReply& reply) {
  if (state_ == State::Asking && ticket == ticket_) send(reply);
}

void HttpConnection::send(const HttpReply& reply) {
  state_ = State::Writing;
  since_ = loop_.now();
  deadline_.arm(TakeTimeout);
  const std::string head = headOf(reply, keep_alive_);
  evbuffer* const output = bufferevent_get_output(buffered_);
  evbuffer_add(output, head.data(), head.size());
  if (!head_only_) evbuffer_add(output, reply.body.data(), reply.body.size());
}

// All is with the kernel.
void HttpConnection::written() {
  if (state_ != State::Writing) return;
  if (keep_alive_) {
    state_ = State::Reading;
    since_ = loop_.now();
    deadline_.arm(RequestTimeout);
    return read();
  }
  // Closing with unread bytes would be a reset, which takes the answer with it.
  state_ = State::Ending;
  ::shutdown(fd_, SHUT_WR);
  deadline_.arm(EndTimeout);
  read();
}

}  // namespace weir::event
