#pragma once

// Listener filter: undoes a redirect. For a connection that a REDIRECT or TPROXY rule of the kernel
// brought here, the destination becomes the address that the client dialled; any other connection
// keeps the one that it has. It needs no bytes and costs one system call, made only if the choice
// of a chain hangs on the destination.

#include <cstddef>

#include "source/filter/listener_filter.h"

namespace weir::extensions {

class OriginalDst final : public filter::ListenerFilter {
 public:
  // Always Done: it is never asked again.
  filter::FactStatus start(const filter::AcceptedSocket& socket, filter::Sniffed& out) override;
  filter::FactStatus onBytes(std::span<const uint8_t> prefix, filter::Sniffed& out) override;
  filter::FactStatus onEnd(std::span<const uint8_t> prefix, filter::Sniffed& out) override;
};

// Has no settings.
class OriginalDstFactory final : public filter::ListenerFilterFactory {
 public:
  std::string_view name() const override { return "original_dst"; }
  filter::FactSet provides() const override { return filter::Fact::Destination; }
  std::unique_ptr<filter::ListenerFilter> create() const override;
  size_t maxBytes() const override { return 0; }
};

}  // namespace weir::extensions
