#include "source/http/h2/frame_walk.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>

namespace weir::http {

void Http2FrameTally::add(uint8_t type, size_t length) {
  switch (type) {
    case NGHTTP2_HEADERS:
    case NGHTTP2_PRIORITY:
    case NGHTTP2_RST_STREAM:
    case NGHTTP2_SETTINGS:
    case NGHTTP2_PING:
    case NGHTTP2_GOAWAY:
    case NGHTTP2_WINDOW_UPDATE: ++announced; return;
    case NGHTTP2_DATA:
      data_bytes += length;
      others += length == 0 ? 1 : 0;
      return;
    default: ++others;
  }
}

void Http2FrameWalk::walk(std::span<const uint8_t> bytes, Http2FrameTally& tally) {
  while (!bytes.empty()) {
    const bool payload = payload_left_ > 0;
    const size_t size = std::min(bytes.size(), payload ? payload_left_ : HeadSize - head_size_);
    if (payload) {
      payload_left_ -= size;
      if (payload_left_ == 0) onPayloadEnd();
    } else {
      std::copy_n(bytes.begin(), size, head_.begin() + static_cast<ptrdiff_t>(head_size_));
      head_size_ += size;
      if (head_size_ == HeadSize) onHead(tally);
    }
    bytes = bytes.subspan(size);
  }
}

void Http2FrameWalk::onHead(Http2FrameTally& tally) {
  head_size_ = 0;
  payload_left_ = size_t{head_[0]} << 16 | size_t{head_[1]} << 8 | head_[2];
  const uint8_t type = head_[3];
  tally.add(type, payload_left_);
  if (type == NGHTTP2_HEADERS || type == NGHTTP2_CONTINUATION) {
    fields_begun_ += type == NGHTTP2_HEADERS ? 1 : 0;
    in_fields_ = true;
    last_of_fields_ = (head_[4] & NGHTTP2_FLAG_END_HEADERS) != 0;
  }
  if (payload_left_ == 0) onPayloadEnd();
}

void Http2FrameWalk::onPayloadEnd() {
  if (last_of_fields_) in_fields_ = last_of_fields_ = false;
}

}  // namespace weir::http
