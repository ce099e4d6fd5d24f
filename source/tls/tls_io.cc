#include "source/tls/tls_io.h"

#include <openssl/err.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "source/base/check.h"
#include "source/tls/describe.h"

namespace weir::tls {
namespace {

// The most that a record holds (RFC 8446, 5.1).
constexpr size_t RecordBytes = 16384;
// Pieces below this are put into one record with their neighbours.
constexpr size_t SmallPiece = 4096;
// How much of a write is encrypted before it is sent.
constexpr size_t BatchBytes = 128 * 1024;
// More than what is written makes of out_: answers to a peer that takes none of them.
constexpr size_t MaxWaitingBytes = 3 * BatchBytes;
constexpr size_t MaxIovecs = 32;

}  // namespace

// OpenSSL's view of the Io below.
class TlsIo::Bio {
 public:
  static BIO* make(TlsIo& io) {
    static BIO_METHOD* const method = makeMethod();
    BIO* bio = BIO_new(method);
    WEIR_CHECK(bio != nullptr);
    BIO_set_data(bio, &io);
    BIO_set_init(bio, 1);
    return bio;
  }

 private:
  static BIO_METHOD* makeMethod() {
    BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "weir");
    WEIR_CHECK(method != nullptr);
    BIO_meth_set_read(method, read);
    BIO_meth_set_write(method, write);
    BIO_meth_set_ctrl(method, control);
    return method;
  }

  static TlsIo& of(BIO* bio) { return *static_cast<TlsIo*>(BIO_get_data(bio)); }

  static int read(BIO* bio, char* to, int size) {
    BIO_clear_retry_flags(bio);
    const int result = of(bio).readCiphertext(to, static_cast<size_t>(size));
    if (result < 0 && of(bio).socket_error_ == 0) BIO_set_retry_read(bio);
    return result;
  }

  static int write(BIO* bio, const char* from, int size) {
    BIO_clear_retry_flags(bio);
    of(bio).out_.append(std::string_view(from, static_cast<size_t>(size)));
    return size;
  }

  static long control(BIO* bio, int command, long, void*) {
    if (command == BIO_CTRL_EOF) return of(bio).ended_ ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }
};

TlsIo::TlsIo(Parts parts)
    : io_(std::move(parts.io)),
      made_by_(std::move(parts.made_by)),
      ssl_(std::move(parts.ssl)),
      handshakes_(parts.handshakes),
      in_(std::move(parts.read)),
      out_(in_.pool()),
      connected_(parts.connected) {
  if (!parts.required_protocol.empty())
    required_protocol_ = std::make_unique<const std::string>(parts.required_protocol);
  out_.append(parts.preamble);
  BIO* bio = Bio::make(*this);
  SSL_set_bio(ssl_.get(), bio, bio);
}

TlsIo::~TlsIo() = default;

void TlsIo::watch(event::Loop& loop, event::IoHandler& handler) {
  handler_ = &handler;
  io_->watch(loop, *this);
  // A client has something to say first; a server may have been given the hello.
  if (connected_ && state_ == State::Handshaking) handshakes_.runLater(*this);
}

void TlsIo::onIoReady(event::IoReady ready) noexcept {
  if (state_ == State::Closed || state_ == State::Failed) return;
  if (ready.readable || ready.hangup) drained_ = false;
  hangup_ |= ready.hangup;
  urgent_ |= ready.urgent;
  // What is to go in front of the hello leaves together with it.
  if (ready.writable && std::exchange(connected_, true) && !out_.empty()) flush(false);
  if (state_ == State::Open) {
    return handler_->onIoReady({.readable = ready.readable || ready.hangup,
                                .writable = ready.writable && out_.empty(),
                                .error = ready.error});
  }
  if (ready.error && !connected_) return handler_->onIoReady({.error = true});
  if (connected_) handshakes_.run(*this);
}

void TlsIo::runStep() {
  if (state_ != State::Handshaking) return;
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  const int error = result == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl_.get(), result);
  if (error == SSL_ERROR_NONE) established();
  if (error != SSL_ERROR_NONE && error != SSL_ERROR_WANT_READ) fail();
  flush(false);
  if (state_ == State::Open) handler_->onIoReady({.readable = true, .writable = true});
  if (state_ == State::Failed) handler_->onIoReady({.error = true});
}

void TlsIo::established() {
  state_ = State::Open;
  security_ = std::make_unique<const net::Security>(describeSecurity(*ssl_));
  const auto required = std::move(required_protocol_);
  if (required == nullptr || security_->application_protocol == *required) return;
  const std::string agreed = security_->application_protocol;
  security_ = nullptr;
  failWith(ErrorCode::Refused, "no_application_protocol: the peer agreed on \"" + agreed +
                                   "\" instead of \"" + *required + "\" (ALPN)");
}

// Whether the socket failed, the peer went away, or TLS itself: takeError() and failure() tell.
void TlsIo::fail() {
  const bool handshaking = std::exchange(state_, State::Failed) == State::Handshaking;
  if (socket_error_ == 0 && !ended_) {
    failure_ = std::make_unique<const Error>(describeFailure(*ssl_, peerSide()));
    return;
  }
  ERR_clear_error();
  if (socket_error_ != 0) return;
  failWith(ErrorCode::Closed,
           handshaking ? "peer_closed: in the handshake" : "truncated: no close_notify");
}

void TlsIo::failWith(ErrorCode code, std::string detail) {
  state_ = State::Failed;
  failure_ = std::make_unique<const Error>(Error{code, peerSide(), std::move(detail)});
}

Side TlsIo::peerSide() const {
  return SSL_is_server(ssl_.get()) == 1 ? Side::Client : Side::Upstream;
}

// What a read or write answers that cannot go on; `bytes` were moved before.
net::IoResult TlsIo::stopped(size_t bytes) {
  if (bytes > 0) return {bytes, 0, true};
  if (state_ == State::Failed) return {0, takeError()};
  return {0, EAGAIN};
}

net::IoResult TlsIo::read(std::span<const iovec> room) {
  size_t total = 0;
  for (const iovec& piece : room) {
    for (size_t at = 0; at < piece.iov_len;) {
      if (state_ != State::Open) return stopped(total);
      size_t bytes = 0;
      ERR_clear_error();
      const int result = SSL_read_ex(ssl_.get(), static_cast<char*>(piece.iov_base) + at,
                                     piece.iov_len - at, &bytes);
      at += bytes;
      total += bytes;
      if (result == 1) continue;
      const int error = SSL_get_error(ssl_.get(), result);
      if (error == SSL_ERROR_ZERO_RETURN) return {total, 0, total > 0};
      if (error != SSL_ERROR_WANT_READ) fail();
      if (out_.size() > MaxWaitingBytes) failWith(ErrorCode::Overflow, "flood: takes no answers");
      flush(false);  // an answer to a key update, or the alert
      if (state_ != State::Open) return stopped(total);
      return total > 0 ? net::IoResult{total, 0, !drained_} : net::IoResult{0, EAGAIN};
    }
  }
  return {total, 0};
}

int TlsIo::readCiphertext(char* to, size_t size) {
  if (!in_.empty()) {
    iovec piece{};
    in_.peek({&piece, 1});
    const size_t bytes = std::min(size, piece.iov_len);
    std::memcpy(to, piece.iov_base, bytes);
    in_.drain(bytes);
    return static_cast<int>(bytes);
  }
  if (drained_) return -1;
  const iovec room{to, size};
  net::IoResult result;
  do {
    result = io_->read({&room, 1});
  } while (result.error == EINTR);
  if (result.error == EAGAIN) drained_ = true;
  if (result.error != 0 && result.error != EAGAIN) socket_error_ = result.error;
  if (result.error != 0) return -1;
  ended_ = result.bytes == 0;
  // A hangup comes once: then the end is still to be read.
  drained_ = result.bytes < size && !result.more && !hangup_ && !urgent_;
  return static_cast<int>(result.bytes);
}

net::IoResult TlsIo::write(std::span<const iovec> bytes, bool last) {
  if (state_ != State::Open) return stopped(0);
  size_t size = 0;
  for (const iovec& piece : bytes) size += piece.iov_len;
  size_t done = 0;
  for (;;) {
    if (out_.empty()) done += std::exchange(ahead_, 0);
    if (done == size) return {done, 0};
    // What is in out_ from an earlier call leaves first.
    if (out_.empty() && !encrypt(bytes, done)) return stopped(done);
    const bool ends = last && done + ahead_ == size;
    if (ends) sendCloseNotify();
    if (!flush(ends)) return stopped(done);
  }
}

// A batch of `bytes`, behind the first `skip`, into out_. False if that failed.
bool TlsIo::encrypt(std::span<const iovec> bytes, size_t skip) {
  thread_local std::array<char, RecordBytes> joined;
  size_t joined_bytes = 0;
  const auto encrypt_joined = [&] {
    return joined_bytes == 0 || encryptPiece(joined.data(), std::exchange(joined_bytes, 0));
  };
  for (const iovec& piece : bytes) {
    if (skip >= piece.iov_len) {
      skip -= piece.iov_len;
      continue;
    }
    const char* from = static_cast<const char*>(piece.iov_base) + skip;
    const size_t size = piece.iov_len - std::exchange(skip, 0);
    if (joined_bytes + size > RecordBytes && !encrypt_joined()) return false;
    if (size < SmallPiece) {
      std::memcpy(joined.data() + joined_bytes, from, size);
      joined_bytes += size;
      continue;
    }
    const size_t part = std::min(size, BatchBytes);
    if (!encrypt_joined() || !encryptPiece(from, part)) return false;
    if (part < size || out_.size() >= BatchBytes) return true;
  }
  return encrypt_joined();
}

bool TlsIo::encryptPiece(const void* bytes, size_t size) {
  size_t written = 0;
  ERR_clear_error();
  if (SSL_write_ex(ssl_.get(), bytes, size, &written) != 1) {
    fail();
    return false;
  }
  WEIR_CHECK(written == size);
  ahead_ += size;
  return true;
}

// False if something is left.
bool TlsIo::flush(bool last) {
  while (!out_.empty()) {
    std::array<iovec, MaxIovecs> pieces;
    const size_t count = out_.peek(pieces);
    size_t size = 0;
    for (size_t i = 0; i < count; ++i) size += pieces[i].iov_len;
    const net::IoResult result = io_->write({pieces.data(), count}, last && size == out_.size());
    out_.drain(result.bytes);
    if (result.error == EINTR) continue;
    if (result.error != 0 && result.error != EAGAIN) {
      socket_error_ = result.error;
      state_ = State::Failed;
      out_.clear();
    }
    if (result.error != 0 || result.bytes < size) return false;
  }
  if (std::exchange(end_waits_, false)) io_->shutdownWrite();
  return true;
}

void TlsIo::sendCloseNotify() {
  if (std::exchange(notified_, true) || state_ != State::Open) return;
  ERR_clear_error();
  (void)SSL_shutdown(ssl_.get());
}

void TlsIo::shutdownWrite() {
  sendCloseNotify();
  end_waits_ = true;
  flush(true);
}

void TlsIo::close(bool reset) {
  if (state_ == State::Closed) return;
  if (!reset && state_ == State::Open && !notified_ && ahead_ == 0) {
    sendCloseNotify();
    flush(true);
  }
  state_ = State::Closed;
  withdraw();  // who is closed may be freed after the queue
  io_->close(reset);
  out_.clear();
  in_.clear();
}

int TlsIo::takeError() {
  if (failure_ != nullptr) return EPROTO;
  if (socket_error_ != 0) return socket_error_;
  return io_->takeError();
}

}  // namespace weir::tls
