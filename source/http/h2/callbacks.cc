#include "source/http/h2/callbacks.h"

#include "source/base/check.h"

namespace weir::http {
namespace {

Http2Session& sessionOf(void* user_data) { return *static_cast<Http2Session*>(user_data); }

Http2Stream* streamOf(nghttp2_session* session, int32_t id) {
  return static_cast<Http2Stream*>(nghttp2_session_get_stream_user_data(session, id));
}

bool has(const nghttp2_frame_hd& head, uint8_t flag) { return (head.flags & flag) != 0; }

// Not all frames come to onFrameRecv(): none that is ignored, and no CONTINUATION.
int onBeginFrame(nghttp2_session*, const nghttp2_frame_hd* head, void* user_data) noexcept {
  sessionOf(user_data).onFrameBegin(head->type, head->stream_id, head->length,
                                    has(*head, NGHTTP2_FLAG_END_STREAM));
  return 0;
}

int onBeginHeaders(nghttp2_session* session, const nghttp2_frame* frame, void* user_data) noexcept {
  if (frame->hd.type != NGHTTP2_HEADERS) return 0;
  Http2Stream* stream = streamOf(session, frame->hd.stream_id);
  if (frame->headers.cat == NGHTTP2_HCAT_REQUEST) {
    stream = &sessionOf(user_data).onPeerStream(frame->hd.stream_id);
  }
  if (stream != nullptr) stream->onFieldsBegin();
  return 0;
}

int onHeader(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name,
             nghttp2_rcbuf* value, uint8_t, void*) noexcept {
  Http2Stream* stream = streamOf(session, frame->hd.stream_id);
  if (stream != nullptr) stream->onField(name, value);
  return 0;
}

// A field that nghttp2 would leave out: the message is malformed (RFC 9113 8.1.1).
int onInvalidHeader(nghttp2_session* session, const nghttp2_frame* frame, nghttp2_rcbuf* name,
                    nghttp2_rcbuf* value, uint8_t, void*) noexcept {
  Http2Stream* stream = streamOf(session, frame->hd.stream_id);
  const bool answered = stream != nullptr && stream->onBadField(name, value);
  return answered ? 0 : NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
}

int onDataChunk(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* bytes, size_t size,
                void* user_data) noexcept {
  if (Http2Stream* stream = streamOf(session, id); stream != nullptr) {
    stream->onDataChunk(bytes, size);
  } else {
    sessionOf(user_data).hold(size);
    sessionOf(user_data).release(id, size);
  }
  return 0;
}

void onData(Http2Session& session, Http2Stream* stream, const nghttp2_frame& frame) {
  const bool end = has(frame.hd, NGHTTP2_FLAG_END_STREAM);
  if (frame.hd.length > 0) session.onPayload(frame.hd.length - frame.data.padlen, end);
  if (end && stream != nullptr) stream->onDataEnd();
}

int onFrameRecv(nghttp2_session* raw, const nghttp2_frame* frame, void* user_data) noexcept {
  Http2Session& session = sessionOf(user_data);
  const nghttp2_frame_hd& head = frame->hd;
  Http2Stream* stream = head.stream_id == 0 ? nullptr : streamOf(raw, head.stream_id);
  switch (head.type) {
    case NGHTTP2_DATA: onData(session, stream, *frame); break;
    case NGHTTP2_HEADERS:
      if (stream != nullptr) stream->onFieldsEnd(has(head, NGHTTP2_FLAG_END_STREAM));
      break;
    case NGHTTP2_RST_STREAM:
      if (stream != nullptr) session.onPeerReset(*stream);
      break;
    case NGHTTP2_SETTINGS: session.onSettings(has(head, NGHTTP2_FLAG_ACK)); break;
    case NGHTTP2_PING: session.onPing(has(head, NGHTTP2_FLAG_ACK), frame->ping.opaque_data); break;
    case NGHTTP2_GOAWAY: session.onGoaway(); break;
    case NGHTTP2_WINDOW_UPDATE: session.onWindowUpdate(); break;
    default: break;
  }
  return 0;
}

bool isInformational(const nghttp2_headers& head) {
  if (head.nvlen == 0) return false;
  const nghttp2_nv& first = head.nva[0];
  const std::string_view name(reinterpret_cast<const char*>(first.name), first.namelen);
  return name == ":status" && first.valuelen > 0 && first.value[0] == '1';
}

void onHeadersSent(Http2Stream& stream, const nghttp2_frame& frame) {
  if (!isInformational(frame.headers)) stream.onHeadSent();
  if (has(frame.hd, NGHTTP2_FLAG_END_STREAM)) stream.onLocalEndSent();
}

int onFrameSend(nghttp2_session* raw, const nghttp2_frame* frame, void* user_data) noexcept {
  Http2Session& session = sessionOf(user_data);
  const nghttp2_frame_hd& head = frame->hd;
  Http2Stream* stream = head.stream_id == 0 ? nullptr : streamOf(raw, head.stream_id);
  switch (head.type) {
    case NGHTTP2_RST_STREAM:
      session.onResetSent(head.stream_id, frame->rst_stream.error_code, stream);
      break;
    case NGHTTP2_GOAWAY: session.onGoawaySent(frame->goaway.error_code); break;
    case NGHTTP2_DATA:
      session.onDataSent();
      if (stream != nullptr && has(head, NGHTTP2_FLAG_END_STREAM)) stream->onLocalEndSent();
      break;
    case NGHTTP2_HEADERS:
      if (stream != nullptr) onHeadersSent(*stream, *frame);
      break;
    default: break;
  }
  return 0;
}

int onFrameNotSend(nghttp2_session*, const nghttp2_frame* frame, int error,
                   void* user_data) noexcept {
  if (frame->hd.type == NGHTTP2_HEADERS) {
    sessionOf(user_data).onHeadersNotSent(frame->hd.stream_id, error);
  }
  return 0;
}

int onStreamClose(nghttp2_session* session, int32_t id, uint32_t code, void* user_data) noexcept {
  Http2Stream* stream = streamOf(session, id);
  if (stream != nullptr) stream->onClosed(code);
  if (stream == nullptr || !stream->resetByUs()) sessionOf(user_data).onClosed(id);
  // It remembers some streams that are closed; ours is used again.
  nghttp2_session_set_stream_user_data(session, id, nullptr);
  return 0;
}

ssize_t onReadBody(nghttp2_session*, int32_t, uint8_t*, size_t room, uint32_t* flags,
                   nghttp2_data_source* source, void*) noexcept {
  const size_t bytes = static_cast<Http2Stream*>(source->ptr)->nextData(room, flags);
  const bool some = (*flags & NGHTTP2_DATA_FLAG_NO_COPY) != 0;
  return some ? static_cast<ssize_t>(bytes) : ssize_t{NGHTTP2_ERR_DEFERRED};
}

int onSendData(nghttp2_session*, nghttp2_frame*, const uint8_t* head, size_t bytes,
               nghttp2_data_source* source, void* user_data) noexcept {
  auto& stream = *static_cast<Http2Stream*>(source->ptr);
  return sessionOf(user_data).writeData(stream, {head, 9}, bytes) ? 0 : NGHTTP2_ERR_WOULDBLOCK;
}

int onError(nghttp2_session*, int error, const char*, size_t, void* user_data) noexcept {
  if (error == NGHTTP2_ERR_SETTINGS_EXPECTED) sessionOf(user_data).onNoSettings();
  return 0;
}

nghttp2_session_callbacks* makeAll() {
  nghttp2_session_callbacks* set = nullptr;
  WEIR_CHECK(nghttp2_session_callbacks_new(&set) == 0);
  nghttp2_session_callbacks_set_on_begin_frame_callback(set, onBeginFrame);
  nghttp2_session_callbacks_set_on_begin_headers_callback(set, onBeginHeaders);
  nghttp2_session_callbacks_set_on_header_callback2(set, onHeader);
  nghttp2_session_callbacks_set_on_invalid_header_callback2(set, onInvalidHeader);
  nghttp2_session_callbacks_set_on_data_chunk_recv_callback(set, onDataChunk);
  nghttp2_session_callbacks_set_on_frame_recv_callback(set, onFrameRecv);
  nghttp2_session_callbacks_set_on_frame_send_callback(set, onFrameSend);
  nghttp2_session_callbacks_set_on_frame_not_send_callback(set, onFrameNotSend);
  nghttp2_session_callbacks_set_on_stream_close_callback(set, onStreamClose);
  nghttp2_session_callbacks_set_send_data_callback(set, onSendData);
  nghttp2_session_callbacks_set_error_callback2(set, onError);
  return set;
}

}  // namespace

const nghttp2_session_callbacks* Http2Callbacks::all() {
  static const nghttp2_session_callbacks* const set = makeAll();
  return set;
}

nghttp2_data_provider Http2Callbacks::bodyOf(Http2Stream& stream) {
  nghttp2_data_provider provider{};
  provider.source.ptr = &stream;
  provider.read_callback = onReadBody;
  return provider;
}

}  // namespace weir::http
