#include "source/config/http2_checks.h"

#include <chrono>
#include <cstdint>
#include <optional>

#include "source/config/field_checks.h"

namespace weir::config {

void checkHttp2Options(const v1::Http2ProtocolOptions& proto, const FieldScope& scope,
                       net::Http2Options& settings) {
  constexpr uint64_t MaxWindow = 2147483647;
  const auto integer = [&](const char* field, bool is_set, uint32_t value, uint32_t& setting,
                           const IntegerRange& range) {
    const auto given = is_set ? std::optional<uint64_t>(value) : std::nullopt;
    setting = static_cast<uint32_t>(checkInteger(scope.field(field), given, setting, range));
  };
  integer("max_concurrent_streams", proto.has_max_concurrent_streams(),
          proto.max_concurrent_streams(), settings.max_concurrent_streams, {1, MaxWindow});
  integer("initial_stream_window_size", proto.has_initial_stream_window_size(),
          proto.initial_stream_window_size(), settings.initial_stream_window_size,
          {65535, MaxWindow});
  integer("initial_connection_window_size", proto.has_initial_connection_window_size(),
          proto.initial_connection_window_size(), settings.initial_connection_window_size,
          {65535, MaxWindow});
  integer("hpack_table_size", proto.has_hpack_table_size(), proto.hpack_table_size(),
          settings.hpack_table_size, {0, 65536});
  settings.keepalive_interval = checkDuration(
      scope.field("keepalive_interval"),
      proto.has_keepalive_interval() ? &proto.keepalive_interval() : nullptr,
      settings.keepalive_interval, {std::chrono::milliseconds(1), std::chrono::hours(8760), true});
  settings.keepalive_timeout = checkDuration(
      scope.field("keepalive_timeout"),
      proto.has_keepalive_timeout() ? &proto.keepalive_timeout() : nullptr,
      settings.keepalive_timeout, {std::chrono::milliseconds(1), std::chrono::hours(1)});
}

}  // namespace weir::config
