// Any bytes as a request target, against the normalisation of paths. The first byte says with which
// settings; the rest is the target.

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "source/base/check.h"
#include "source/http/path.h"

namespace {

using namespace weir::http;
using Kind = PathResult::Kind;

void checkTarget(std::string_view target, const PathSettings& settings) {
  const std::string_view path = target.substr(0, target.find('?'));
  WEIR_CHECK(path == "*" || path.starts_with('/'));
  WEIR_CHECK(target.find('#') == std::string_view::npos);
  if (settings.merge_slashes) WEIR_CHECK(path.find("//") == std::string_view::npos);
  if (!settings.normalize) return;
  WEIR_CHECK(path.find('\\') == std::string_view::npos);
  for (const std::string_view dots : {"/../", "/./"}) {
    WEIR_CHECK(path.find(dots) == std::string_view::npos);
  }
  WEIR_CHECK(!path.ends_with("/..") && !path.ends_with("/."));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  PathSettings settings;
  settings.normalize = (data[0] & 1) == 0;
  settings.merge_slashes = (data[0] & 2) == 0;
  settings.escaped_slashes = static_cast<EscapedSlashes>((data[0] >> 2) & 3);
  const std::string_view target(reinterpret_cast<const char*>(data) + 1, size - 1);
  const PathResult result = normalizePath(target, settings);
  if (result.kind == Kind::Reject) {
    WEIR_CHECK(!result.reason.empty());
    return 0;
  }
  const std::string_view once = result.kind == Kind::Unchanged ? target : result.target;
  WEIR_CHECK(once.size() <= target.size());
  checkTarget(once, settings);
  WEIR_CHECK(normalizePath(once, settings).kind == Kind::Unchanged);
  return 0;
}
