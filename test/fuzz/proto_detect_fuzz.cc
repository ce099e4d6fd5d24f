// Any bytes as a client's first, against proto_detect and the parts that it is made of. The first
// two bytes say where the stream is cut and whether names are awaited; the rest is the stream.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "source/base/check.h"
#include "source/extensions/listener/proto_detect/proto_detect.h"
#include "source/extensions/listener/proto_detect/protocol_names.h"

namespace {

using namespace weir::extensions;
using weir::filter::FactStatus;
using Bytes = std::span<const uint8_t>;

// One connection, fed with prefixes in blocks of their own.
struct Connection {
  explicit Connection(const ProtoDetectFactory& factory) : filter(factory.create()) {}

  FactStatus feed(Bytes stream, size_t size, bool last = false) {
    const auto block = std::make_unique<uint8_t[]>(size);
    std::copy_n(stream.begin(), size, block.get());
    const Bytes prefix(block.get(), size);
    const FactStatus status = last ? filter->onEnd(prefix, out) : filter->onBytes(prefix, out);
    WEIR_CHECK(status == FactStatus::Done || (!last && status == FactStatus::NeedMore));
    if (status == FactStatus::Done) WEIR_CHECK(!out.protocol.empty() && !out.settled.empty());
    return status;
  }
  // Nothing but the name of what is neither may differ.
  std::string_view kind() const {
    const bool known =
        out.protocol == "tls" || out.protocol == "h2c" || out.protocol.starts_with("http/");
    return known ? out.protocol : "other";
  }

  std::unique_ptr<weir::filter::ListenerFilter> filter;
  weir::filter::Facts facts;
  weir::filter::Sniffed out{.facts = facts, .settled = {}, .protocol = {}, .reject_reason = {}};
};

void checkCuts(const ProtoDetectFactory& factory, bool names, Bytes stream, size_t cut) {
  Connection whole(factory);
  const FactStatus status = whole.feed(stream, stream.size());

  Connection in_two(factory);
  const FactStatus first = in_two.feed(stream, cut);
  if (first == FactStatus::NeedMore) {
    WEIR_CHECK(in_two.feed(stream, stream.size()) == status);
  } else {
    WEIR_CHECK(status == FactStatus::Done);  // decided early is decided late
  }
  if (status != FactStatus::Done) {
    WEIR_CHECK(whole.feed(stream, stream.size(), true) == FactStatus::Done);
    return;
  }
  WEIR_CHECK(in_two.kind() == whole.kind());
  if (names) WEIR_CHECK(in_two.out.protocol == whole.out.protocol);
}

ProtoDetectFactory makeFactory(bool await_names) {
  ProtoDetectSettings settings;
  settings.extra_methods = {"PURGE", "PRICE"};
  settings.await_names = await_names;
  return ProtoDetectFactory(settings);
}

void checkNames(Bytes stream, size_t cut) {
  const probe::Naming part = nameClientBytes(stream.first(cut));
  const probe::Naming all = nameClientBytes(stream);
  if (part.match == probe::Match::Maybe) {
    WEIR_CHECK(cut < MaxNameBytes);
  } else {
    WEIR_CHECK(all.match == part.match && all.name == part.name);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const Bytes stream(data + 2, size - 2);
  const bool names = (data[0] & 0x80) != 0;
  const size_t cut = (size_t{data[0] & 0x7fU} << 8 | data[1]) % (stream.size() + 1);

  static const ProtoDetectFactory plain = makeFactory(false);
  static const ProtoDetectFactory awaiting = makeFactory(true);
  checkCuts(names ? awaiting : plain, names, stream, cut);
  checkNames(stream, cut);

  static const HttpMethods methods;
  HttpSniffer bytewise(methods);
  const HttpSniff answer = sniffHttp(stream, methods);
  for (size_t length = 0; length <= stream.size(); ++length) {
    const HttpSniff sniff = bytewise.scan(stream.first(length));
    WEIR_CHECK(sniff == HttpSniff::NeedMore || sniff == answer);
  }
  WEIR_CHECK(bytewise.scan(stream) == answer);
  return 0;
}
