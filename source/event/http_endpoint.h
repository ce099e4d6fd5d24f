#pragma once

// A small HTTP/1 server on a loop, for the admin port: on libevent's buffered sockets, with limits
// everywhere. Not for the data path.
//
// Limits: MaxConnections at once, of which the one that has been idle longest makes room for a new
// one, or if none is idle, the one whose request has been coming for longest. PlacesForQuestions of
// them are not for those that are being answered: with fewer left, the one that has waited longest
// for its answer makes room, or the one that has been taking its answer for longest. 16 KiB of
// head, 64 KiB of body; 10 s for a request to arrive whole, 30 s for its answer to be made (504
// then), 60 s for the client to take it, and 10 s without progress of that. Out of descriptors it
// tries again every 100 ms, without a word.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "source/event/http_request.h"
#include "source/event/loop.h"

namespace weir::event {

struct HttpReply {
  int status = 200;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body = {};
  std::vector<std::pair<std::string, std::string>> headers =
      {};  // others than those that always are
};

struct HttpQuestion {
  std::string_view method;  // "GET", "HEAD" (answered as GET; the body is left out) or "POST"
  std::string_view path;    // decoded, without the query
  const HttpParameters& parameters;  // of the query, then of a form
  std::string_view host;             // lower case; empty if there is none
  std::string_view origin;           // likewise
  std::string_view accept;           // likewise
};

class HttpConnection;

class HttpEndpoint {
 public:
  // Names a question, until it is answered.
  struct Ticket {
    uint64_t connection = 0;
    uint64_t question = 0;
    bool operator==(const Ticket&) const = default;
  };
  // Called on the loop. Each question wants one answer(), inside the call or later.
  using Handler = std::function<void(const HttpQuestion&, Ticket)>;

  static constexpr size_t MaxConnections = 64;
  static constexpr size_t PlacesForQuestions = 8;

  // Serves on `listen_fd`, a bound, listening, non-blocking socket that it takes over. SIGPIPE must
  // be ignored by the process.
  HttpEndpoint(Loop& loop, int listen_fd, Handler handler);
  ~HttpEndpoint();
  HttpEndpoint(const HttpEndpoint&) = delete;
  HttpEndpoint& operator=(const HttpEndpoint&) = delete;

  // On the loop. Nothing happens if whoever asked has gone.
  void answer(Ticket ticket, const HttpReply& reply);
  size_t connections() const { return connections_.size(); }

 private:
  friend class HttpConnection;
  class Listener;

  void onAccepted(int fd);
  uint64_t leastWanted() const;  // 0 if there is none that could go
  bool hasRoom() const { return connections_.size() < MaxConnections || leastWanted() != 0; }
  void ask(const HttpQuestion& question, Ticket ticket) { handler_(question, ticket); }
  Ticket nextTicket(uint64_t connection) { return {connection, ++questions_}; }
  void drop(uint64_t id);

  Loop& loop_;
  const Handler handler_;
  uint64_t next_id_ = 1;
  uint64_t questions_ = 0;
  std::map<uint64_t, std::unique_ptr<HttpConnection>> connections_;
  std::unique_ptr<Listener> listener_;
};

}  // namespace weir::event
