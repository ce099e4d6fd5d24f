// Any bytes as a list of ports, as an annotation may have them.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "source/base/check.h"
#include "source/mesh/ports.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using weir::mesh::NamedPort;
  using weir::mesh::PortSet;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::vector<NamedPort> names = {{"web", 8080}, {"http-alt", 81}};
  const auto list = weir::mesh::parsePortList(text, names);
  if (!list.ok()) {
    WEIR_CHECK(!list.error().detail.empty());
    return 0;
  }
  const PortSet lower{{25, 25}, {8000, 8100}};
  const PortSet ports = list.value().over(lower);
  uint32_t before = 0;
  for (const auto& range : ports.ranges()) {
    WEIR_CHECK(range.first > before && range.first <= range.last);
    WEIR_CHECK(ports.contains(range.first) && ports.contains(range.last));
    before = uint32_t{range.last} + 1;
  }
  const auto again = weir::mesh::parsePortList(ports.toString(), {});
  WEIR_CHECK(again.ok() && again.value().replaces() && again.value().ports() == ports);
  if (list.value().replaces()) WEIR_CHECK(ports == list.value().ports());
  return 0;
}
