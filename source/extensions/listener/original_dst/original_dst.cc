#include "source/extensions/listener/original_dst/original_dst.h"

namespace weir::extensions {

using filter::FactStatus;
using filter::Sniffed;

FactStatus OriginalDst::start(const filter::AcceptedSocket& socket, Sniffed& out) {
  // Into a copy: a socket that finds nothing may still have written to its argument.
  net::IpPort dialled;
  if (socket.originalDestination(dialled)) out.facts.destination = dialled;
  out.settled = filter::Fact::Destination;
  return FactStatus::Done;
}

FactStatus OriginalDst::onBytes(std::span<const uint8_t>, Sniffed& out) {
  out.settled = filter::Fact::Destination;
  return FactStatus::Done;
}

FactStatus OriginalDst::onEnd(std::span<const uint8_t> prefix, Sniffed& out) {
  return onBytes(prefix, out);
}

std::unique_ptr<filter::ListenerFilter> OriginalDstFactory::create() const {
  return std::make_unique<OriginalDst>();
}

}  // namespace weir::extensions
