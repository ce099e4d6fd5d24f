#include "source/http/h1/incoming.h"

namespace weir::http {

void Incoming::begin(StreamDecoder& decoder, const BodyLength& body) {
  decoder_ = &decoder;
  ended_ = false;
  part_ = Part::Body;
  body_.begin(body);
}

void Incoming::beginTunnel(StreamDecoder& decoder) {
  decoder_ = &decoder;
  ended_ = false;
  part_ = Part::Tunnel;
}

Incoming::Status Incoming::refuse(const BadMessage& bad) {
  bad_ = bad;
  return Status::Bad;
}

Incoming::Status Incoming::read(buffer::Buffer& data, bool end_stream) {
  if (!mayGoOn()) return Status::More;
  switch (part_) {
    case Part::Body: return readBody(data, end_stream);
    case Part::Trailers: return readTrailers(data, end_stream);
    case Part::Tunnel: return readTunnel(data, end_stream);
  }
  return Status::More;
}

Incoming::Status Incoming::readBody(buffer::Buffer& data, bool end_stream) {
  buffer::Buffer body(pool_);
  const BodyReader::Status status = body_.read(data, body);
  const bool last = status == BodyReader::Status::End || (body_.untilClose() && end_stream);
  ended_ = last;
  if (!body.empty() || last) decoder_->onData(body, last);
  if (last) return Status::End;
  if (decoder_ == nullptr) return Status::More;
  if (status == BodyReader::Status::Bad) return refuse({400, body_.fault()});
  if (status == BodyReader::Status::Trailers) {
    part_ = Part::Trailers;
    trailers_.begin(HeadScanner::Kind::Trailers);
    return paused_ ? Status::More : readTrailers(data, end_stream);
  }
  return end_stream ? Status::Cut : Status::More;
}

Incoming::Status Incoming::readTrailers(buffer::Buffer& data, bool end_stream) {
  switch (trailers_.gather(data)) {
    case HeadScanner::Status::More: return end_stream ? Status::Cut : Status::More;
    case HeadScanner::Status::Bad: return refuse(trailers_.bad());
    case HeadScanner::Status::Whole: break;
  }
  HeaderMap& fields = decoder_->fields(StreamDecoder::Part::Trailers);
  const auto bad = parseTrailers(trailers_.finish(data, fields), limits_, fields);
  if (bad) return refuse(*bad);
  ended_ = true;
  if (!fields.empty()) {
    decoder_->onTrailers();
  } else {
    buffer::Buffer none(pool_);
    decoder_->onData(none, true);
  }
  return Status::End;
}

Incoming::Status Incoming::readTunnel(buffer::Buffer& data, bool end_stream) {
  buffer::Buffer bytes(pool_);
  bytes.take(data);
  ended_ = end_stream;
  if (!bytes.empty() || end_stream) decoder_->onData(bytes, end_stream);
  return end_stream ? Status::End : Status::More;
}

}  // namespace weir::http
