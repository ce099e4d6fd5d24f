#pragma once

// The inside of a ClientHello: what client_hello.h promises to read of it. Split from the scanner
// because it runs once, on a message that is complete, and may allocate.

#include <cstddef>
#include <cstdint>
#include <span>

#include "source/extensions/listener/common/client_hello.h"

namespace weir::extensions {

// Reads the handshake message of `message_length` bytes (with its header) that lies in the
// handshake records at the start of `stream`. Requires: those records are well-formed, and hold
// that many bytes; a ClientHelloScanner said so.
ClientHello readHelloMessage(std::span<const uint8_t> stream, size_t message_length);

}  // namespace weir::extensions
