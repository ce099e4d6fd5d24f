#pragma once

// What the admin port answers. Reading is GET; what changes the process is POST, and refused if a
// page of another origin has a browser send it. On an IP address no request may name a host by a
// name of others, and on loopback none but a loopback host: a page cannot then read answers by
// giving its own name that address.
//
// Main thread; owned by the server, which outlives it.

#include <optional>
#include <string_view>

#include "source/event/http_endpoint.h"
#include "source/server/worker_survey.h"

namespace weir::server {

class Admin {
 public:
  // Serves on `listen_fd`, which it takes over.
  Admin(Server& server, int listen_fd);

 private:
  struct Page;
  static const Page Pages[];
  using Ticket = event::HttpEndpoint::Ticket;

  void answer(const event::HttpQuestion& question, Ticket ticket);
  const char* wrongHost(const event::HttpQuestion& question) const;
  // Nothing if the page answers later.
  std::optional<event::HttpReply> reply(const event::HttpQuestion& question, Ticket ticket);
  // What there is.
  event::HttpReply index(const event::HttpQuestion& question);
  event::HttpReply ready(const event::HttpQuestion&);
  event::HttpReply live(const event::HttpQuestion&);
  event::HttpReply metrics(const event::HttpQuestion&);
  event::HttpReply listeners(const event::HttpQuestion&);
  event::HttpReply clusters(const event::HttpQuestion&);
  event::HttpReply configDump(const event::HttpQuestion&);
  event::HttpReply explain(const event::HttpQuestion& question);
  // What needs the workers.
  void connections(const event::HttpQuestion& question, Ticket ticket);
  void learned(const event::HttpQuestion& question, Ticket ticket);
  void forgetLearned(const event::HttpQuestion& question, Ticket ticket);
  event::HttpReply logging(const event::HttpQuestion&);
  event::HttpReply setLogging(const event::HttpQuestion& question);
  event::HttpReply drain(const event::HttpQuestion&);
  event::HttpReply quit(const event::HttpQuestion&);

  Server& server_;
  event::HttpEndpoint http_;
  WorkerSurvey survey_;
};

// Whether a Host header names this machine itself: localhost or a loopback address, with or without
// a port; or is not there.
bool isLoopbackHost(std::string_view host);
// Whether it is not there, localhost, or any IP address, with or without a port.
bool isHostWithoutName(std::string_view host);

}  // namespace weir::server
