#pragma once

// First bytes of real clients and servers, and the name that they should get.

#include <string>
#include <string_view>
#include <vector>

namespace weir::test {

struct ProtocolSample {
  std::string bytes;
  std::string_view name;
};

// Neither HTTP nor TLS. Each is conclusive.
std::vector<ProtocolSample> clientSamples();
std::vector<ProtocolSample> serverSamples();

}  // namespace weir::test
