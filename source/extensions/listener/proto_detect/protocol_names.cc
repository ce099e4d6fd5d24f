#include "source/extensions/listener/proto_detect/protocol_names.h"

#include <algorithm>

namespace weir::extensions {

probe::Naming nameClientBytes(std::span<const uint8_t> bytes) {
  using probe::Match;
  if (bytes.empty()) return {Match::Maybe, {}};
  bytes = bytes.first(std::min(bytes.size(), MaxNameBytes));
  const probe::Naming binary = probe::firstMatch(binaryProbes(), bytes);
  if (binary.match == Match::Yes || !binary.name.empty()) return binary;
  const probe::Naming text = probe::firstMatch(textProbes(), bytes);
  if (binary.match == Match::Maybe) return {Match::Maybe, text.name};
  return text;
}

}  // namespace weir::extensions
