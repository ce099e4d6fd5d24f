#pragma once

// THE CONTRACT of an HTTP filter: it sees a request on its way to the upstream
// (StreamDecoderFilter), the response on its way to the client (StreamEncoderFilter), or both. The
// last filter of a chain is terminal: the router, or one that answers. What a filter can do is in
// filter_context.h.
//
// Loop and lifetime: made by its factory when the head of a request is whole, on the connection's
// loop, in memory of the stream's; destroyed at the end of the turn in which the stream ended. It
// gets a FilterContext that outlives it.
//
// Order of calls: decodeHeaders() once; then decodeData() any number of times, then perhaps
// decodeTrailers(), unless decodeHeaders() had the end; the same for the encoder's. The encoder's
// may come without the decoder's: another filter may have answered. onStreamComplete() is the last
// one. Requests pass the filters in the order of the chain, responses in the opposite one. No hook
// is called from inside another one of the same filter, and the filter is not destroyed in one.
// Inside any hook a filter may answer, continue, reset, and do as it likes with its own members.

#include <cstdint>
#include <new>
#include <optional>
#include <string_view>
#include <utility>

#include "source/buffer/buffer.h"
#include "source/filter/facts.h"
#include "source/filter/request_explanation.h"
#include "source/http/header_map.h"

namespace weir::filter {
struct ConnectionInfo;
}

namespace weir::net {
struct IpAddress;
}

namespace weir::http {

class FilterContext;

enum class FilterStatus : uint8_t {
  // All that has come goes on to the next filter: the head, and what is in the buffer.
  Continue,
  // All stays here. What follows is shown to this filter, with what is held of the body, and it
  // answers anew. More of a body than FilterContext::bufferLimit() is refused: 413, or 500 for a
  // response. A client that waits with its body (`Expect: 100-continue`) is told to send it, and
  // the field is taken out of the head.
  StopIteration,
  // All stays here, and nothing more is shown to this filter before continueDecoding() or
  // continueEncoding(): for one that waits for something else than the body. The sender is slowed
  // down at the limit, and a client that waits with its body goes on waiting.
  StopAllIteration,
};

class StreamDecoderFilter {
 public:
  virtual ~StreamDecoderFilter() = default;
  // The head of the request; may be changed. `end_stream`: there is no body.
  virtual FilterStatus decodeHeaders(HeaderMap& headers, bool end_stream) = 0;
  // `data` has what this filter has not passed on yet: it may look, take, change, add. Empty only
  // with the end. The terminal filter takes all, and its answer does not matter.
  virtual FilterStatus decodeData(buffer::Buffer&, bool /*end_stream*/) {
    return FilterStatus::Continue;
  }
  // The body has ended before.
  virtual FilterStatus decodeTrailers(HeaderMap&) { return FilterStatus::Continue; }
  // To the terminal filter: writing the response was blocked (FilterContext::writeBlocked()), and
  // is so no longer.
  virtual void onResponseWriteReady() {}
  // The stream is over, whoever ended it: let go of what belongs to it. Last call; what is asked of
  // the context here is ignored. For a filter that is both kinds, once.
  virtual void onStreamComplete() {}
};

class StreamEncoderFilter {
 public:
  virtual ~StreamEncoderFilter() = default;
  // The head of the response; informational ones (1xx) pass without being shown.
  virtual FilterStatus encodeHeaders(HeaderMap& headers, bool end_stream) = 0;
  // As decodeData().
  virtual FilterStatus encodeData(buffer::Buffer&, bool /*end_stream*/) {
    return FilterStatus::Continue;
  }
  virtual FilterStatus encodeTrailers(HeaderMap&) { return FilterStatus::Continue; }
  // As above, of a filter that is this alone.
  virtual void onStreamComplete() {}
};

// Where a factory makes its filter: in the stream's memory, without an allocation of its own.
class FilterAdder {
 public:
  virtual ~FilterAdder() = default;
  // For the filter that is added; outlives it.
  virtual FilterContext& context() = 0;

  // F is a StreamDecoderFilter, a StreamEncoderFilter, or both.
  template <class F, class... Args>
  F& add(Args&&... args) {
    static_assert(alignof(F) <= alignof(std::max_align_t));
    F* filter = new (place(sizeof(F))) F(std::forward<Args>(args)...);
    StreamDecoderFilter* decoder = nullptr;
    StreamEncoderFilter* encoder = nullptr;
    if constexpr (std::is_base_of_v<StreamDecoderFilter, F>) decoder = filter;
    if constexpr (std::is_base_of_v<StreamEncoderFilter, F>) encoder = filter;
    added(
        filter, [](void* object) { static_cast<F*>(object)->~F(); }, decoder, encoder);
    return *filter;
  }

 protected:
  virtual void* place(size_t bytes) = 0;
  virtual void added(void* object, void (*destroy)(void*), StreamDecoderFilter* decoder,
                     StreamEncoderFilter* encoder) = 0;
};

// One per filter in the configuration, built from its validated settings. Immutable; any thread.
// What its filters share on one worker, such as the handles of counters: filter::Worker::local.
class FilterFactory {
 public:
  virtual ~FilterFactory() = default;
  // The name in the configuration's messages and logs.
  virtual std::string_view name() const = 0;
  // What the label `name` of its metrics says, if they have one: they are taken out once no
  // configuration in use has a filter of this name.
  virtual std::string_view statPrefix() const { return {}; }
  // Facts of connections that its filters use, so that they are found out.
  virtual filter::FactSet requiredFacts() const { return {}; }
  // For a filter that authorises: what it would do with a request of this head, over a connection
  // of which only the facts that are known were given. `client`: as StreamInfo::client. Nothing: it
  // does not say. Any thread; not for the data path.
  virtual std::optional<filter::FilterExplanation> explainRequest(
      const HeaderMap&, const filter::ConnectionInfo&, const net::IpAddress& /*client*/) const {
    return std::nullopt;
  }
  // Makes the filter of one stream: adds exactly one.
  virtual void create(FilterAdder& adder) const = 0;
};

}  // namespace weir::http
