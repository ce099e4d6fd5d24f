#pragma once

// Names for protocols in which the client speaks first, from its first bytes, where a few of them
// are conclusive. Pure; any thread. A name labels telemetry and can be matched on; it never changes
// a byte. HTTP and TLS are not looked for here: proto_detect rules them out first.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "source/extensions/listener/proto_detect/probe.h"

namespace weir::extensions {

// No probe looks further than this.
inline constexpr size_t MaxNameBytes = 1'024;

// What the bytes are called. Yes: `name`, whatever follows. No: no name that we know. Maybe: more
// bytes could settle it; `name` is then the best guess, or empty. Names have static storage.
probe::Naming nameClientBytes(std::span<const uint8_t> bytes);

// The probes, in the order in which they are asked: those for binary protocols, and those for lines
// of text.
std::span<const probe::Probe> binaryProbes();
std::span<const probe::Probe> textProbes();

}  // namespace weir::extensions
