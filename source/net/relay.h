#pragma once

// Carries bytes both ways between a client and an upstream connection: back-pressure by pausing the
// side that is read, half-close in each direction, and bulk through the kernel (SplicePump) once a
// direction has shown that it is bulk. Small messages are read and written, as a splice would cost
// them two calls more.
//
// One loop. Owned by what hears the two sides' events and hands them on here, and asks done() after
// each.

#include <memory>

#include "source/net/connection.h"
#include "source/net/splice.h"

namespace weir::net {

class Relay {
 public:
  enum class Side : uint8_t { Client, Upstream };

  // `client` is where the client's bytes are written to; `client_connection` the same if bytes may
  // be moved by the kernel, else null. `progressed` is called after the relay moved bytes in a turn
  // of its own: ask done() then, too.
  Relay(PipePool& pipes, Stream& client, Connection* client_connection, Connection& upstream,
        event::Callback progressed);

  // The events of a side, as they come.
  void onData(Side from, buffer::Buffer& data, bool end_stream);
  void onWriteReady(Side side);
  void onReadReady(Side side);

  // Both sides have ended, and all bytes are with the kernel (or with the client's filters).
  bool done() const;
  // Bytes were taken from one side that are not with the other side's kernel.
  bool holding() const;
  bool ended(Side side) const { return direction(side).ended; }
  bool splicing(Side from) const { return direction(from).pump != nullptr; }

 private:
  struct Direction {
    std::unique_ptr<SplicePump> pump = nullptr;
    uint8_t bulk =
        0;  // deliveries in a row that were large; while splicing: turns in a row that were small
    bool ended = false;
  };

  Direction& direction(Side from) { return from == Side::Client ? up_ : down_; }
  const Direction& direction(Side from) const { return from == Side::Client ? up_ : down_; }
  Direction& opposite(Direction& d) { return &d == &up_ ? down_ : up_; }
  Stream& sourceOf(const Direction& d) const { return &d == &up_ ? client_ : upstream_; }
  Stream& sinkOf(const Direction& d) const { return &d == &up_ ? upstream_ : client_; }
  Connection* fromConnection(const Direction& d) const {
    return &d == &up_ ? client_connection_ : &upstream_;
  }
  Connection* toConnection(const Direction& d) const {
    return &d == &up_ ? &upstream_ : client_connection_;
  }
  void finishDirection(Direction& d, buffer::Buffer& data);
  void considerSplice(Direction& d, size_t delivered);
  void pump(Direction& d);
  void stopSplicing(Direction& d);
  void pumpAgain();
  void onTask();

  PipePool& pipes_;
  Stream& client_;
  Connection* const client_connection_;
  Connection& upstream_;
  Direction up_;
  Direction down_;
  event::Callback progressed_;
  std::unique_ptr<event::Task> again_;  // once there was a pump: few connections need one
};

}  // namespace weir::net
