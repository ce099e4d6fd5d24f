#pragma once

// A connection on which health checks ask, one request after the other. One loop; retired by its
// owner.

#include <memory>
#include <string>
#include <string_view>

#include "source/buffer/buffer.h"
#include "source/event/loop.h"
#include "source/http/codec.h"
#include "source/http/codec_settings.h"
#include "source/http/h1/client_codec.h"
#include "source/net/connection.h"

namespace weir::http {

// Both may close the session.
class CheckSessionEvents {
 public:
  virtual ~CheckSessionEvents() = default;
  // The answer to ask() is whole.
  virtual void onAnswer(unsigned status) = 0;
  // The connection is of no more use: instead of an answer, or while nothing is asked.
  virtual void onLost(const std::string& why) = 0;
};

class CheckSession final : public event::Retirable,
                           private net::ConnectionEvents,
                           private CodecEvents {
 public:
  // Takes a connection that is being made. `preamble`: goes out in front of all else.
  CheckSession(event::Loop& loop, buffer::SlicePool& slices, std::unique_ptr<net::Io> io,
               std::string_view preamble, CheckSessionEvents& events);
  ~CheckSession() override;

  bool connecting() const { return connection_.connecting(); }
  // Nothing is asked, and the connection can be used again.
  bool canAsk() const { return !asked_ && codec_.canTake(); }
  // Goes out once the connection stands. Requires: canAsk().
  void ask(const HeaderMap& request);
  // It had an answer before this one.
  bool usedBefore() const { return answers_ > 0; }
  // Something of the answer has come.
  bool heardOf() const { return heard_; }
  // Ends the connection; nothing is told any more. Then it is to be retired.
  void close();

 private:
  // The two kinds of bytes, of the connection and of the answer, have the same name.
  class Answer final : public StreamDecoder {
   public:
    explicit Answer(CheckSession& session) : session_(session) {}
    HeaderMap& fields(Part part) override { return part == Part::Head ? head_ : trailers_; }
    void onHeaders(bool end_stream) override;
    void onData(buffer::Buffer& data, bool end_stream) override;
    void onTrailers() override { session_.finish(status_); }
    void onReset(ResetReason reason, std::string_view detail) override;
    void onBadMessage(const BadMessage& bad) override { session_.lose(bad.reason); }
    void onWriteReady() override {}
    void clear();

   private:
    CheckSession& session_;
    HeaderMap head_;
    HeaderMap trailers_;
    unsigned status_ = 0;
  };

  void onData(buffer::Buffer& data, bool end_stream) override { codec_.onBytes(data, end_stream); }
  void onWriteReady() override { codec_.onWriteReady(); }
  void onFault(const Error& error) override { lose(error.detail); }

  void moreWanted() override;
  void onStreamEnd() override {}
  void onEnd(ConnectionEnd how, std::string_view reason, bool fault) override;

  void finish(unsigned status);
  void lose(std::string_view why);

  CheckSessionEvents* events_;  // null once it is closed
  const Http1Settings settings_;
  net::Connection connection_;
  Http1ClientCodec codec_;
  Answer answer_{*this};
  bool asked_ = false;
  bool heard_ = false;
  unsigned answers_ = 0;
};

}  // namespace weir::http
