// Any bytes as a manifest: what is read and can be written is the same when it is read again.

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <variant>
#include <vector>

#include "source/base/check.h"
#include "source/config/yaml_stream.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::config;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto read = readYamlStream(text);
  const auto* documents = std::get_if<std::vector<YamlDocument>>(&read);
  if (documents == nullptr) return 0;
  std::vector<std::string> as_they_were;
  for (const YamlDocument& document : *documents) {
    as_they_were.push_back(document.text);
    if (document.not_writable) continue;
    const auto written = writeYaml(document.root);
    if (!written.ok()) continue;  // it says so, and nothing is lost
    const auto again = readYamlStream(written.value());
    const auto& same = std::get<std::vector<YamlDocument>>(again);
    WEIR_CHECK(same.size() == 1 && same[0].root == document.root);
    WEIR_CHECK(writeYaml(same[0].root).value() == written.value());
  }
  const auto joined = readYamlStream(joinYamlDocuments(as_they_were));
  const auto* all = std::get_if<std::vector<YamlDocument>>(&joined);
  WEIR_CHECK(all != nullptr && all->size() == documents->size());
  for (size_t i = 0; i < all->size(); ++i) WEIR_CHECK((*all)[i].root == (*documents)[i].root);
  return 0;
}
