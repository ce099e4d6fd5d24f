// Any bytes as a configuration file, in each of the three formats: settings or errors, never a
// crash. The first byte chooses the format: j is JSON, t is text format, anything else is YAML.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "source/config/load_settings.h"
#include "test/config/fake_extensions.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using weir::config::Format;
  static const weir::config::Registry registry = weir::config::fakeRegistry();
  if (size == 0) return 0;
  const Format format = data[0] == 'j'   ? Format::Json
                        : data[0] == 't' ? Format::Text
                                         : Format::Yaml;
  const std::string_view text(reinterpret_cast<const char*>(data + 1), size - 1);
  const auto loaded = weir::config::parseSettings(text, format, registry);
  if (loaded.settings.has_value() != loaded.errors.empty()) std::abort();
  if (formatErrors("fuzz", loaded.errors).empty() != loaded.errors.empty()) std::abort();
  return 0;
}
