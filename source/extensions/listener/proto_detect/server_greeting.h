#pragma once

// Names for protocols in which the server speaks first, from its first bytes. Pure; any thread. A
// name labels telemetry only: that the connection is TCP is decided once the server speaks.

#include <cstdint>
#include <span>
#include <string_view>

#include "source/extensions/listener/proto_detect/probe.h"

namespace weir::extensions {

// What the bytes are called, as nameClientBytes() says it of a client's.
probe::Naming nameServerBytes(std::span<const uint8_t> bytes);

// The name for what came first, which is usually the whole greeting: "mysql", "smtp", ... or "tcp".
// Static storage.
std::string_view nameServerGreeting(std::span<const uint8_t> first_bytes);

}  // namespace weir::extensions
