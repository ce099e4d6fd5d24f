// Any bytes of a client, in any pieces, through http_conn_manager and the router to an upstream
// that answers any bytes, over HTTP/1 and HTTP/2 on either side. Nothing crashes or is left behind,
// and over HTTP/1 the upstream is sent requests whose framing has one meaning.
//
// The input: a byte of choices, a byte of the pieces' size, then the client's bytes, and behind the
// first "\xff\xfe\xfd" the upstream's.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "source/base/check.h"
#include "test/support/http_proxy_harness.h"

namespace weir::test {
namespace {

constexpr std::string_view Separator = "\xff\xfe\xfd";

HttpProxyParts partsOf(uint8_t choices) {
  HttpProxyParts parts;
  parts.buffer_bytes = (choices & 8) != 0 ? 1024 : 32768;
  parts.routes =
      "[{match: {path: /d}, direct_response: {status: 200, body: {inline_string: d}}}, {match: "
      "{prefix: /}, route: {cluster: up, timeout: 3s, retry_policy: {retry_on: \"5xx\", "
      "per_try_timeout: 1s}}}]";
  const bool http2 = (choices & 1) != 0;
  parts.cluster =
      std::string(", http_protocol_options: {upstream_protocol: ") + (http2 ? "HTTP2}" : "HTTP1}");
  return parts;
}

void checkHeads(std::string_view bytes) {
  // A head has one end and no bare line ends; what follows it is not looked at.
  const size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return;
  const std::string_view head = bytes.substr(0, end);
  size_t lengths = 0;
  size_t chunked = 0;
  for (size_t at = 0; at < head.size();) {
    const size_t line_end = std::min(head.find("\r\n", at), head.size());
    const std::string_view line = head.substr(at, line_end - at);
    WEIR_CHECK(line.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos);
    WEIR_CHECK(!line.empty() && line.front() != ' ' && line.front() != '\t');
    lengths += line.starts_with("content-length:") ? 1 : 0;
    chunked += line.starts_with("transfer-encoding:") ? 1 : 0;
    at = line_end + 2;
  }
  WEIR_CHECK(lengths + chunked <= 1);
}

void run(uint8_t choices, size_t piece, std::string_view client, std::string_view server) {
  HttpProxyHarness proxy(partsOf(choices));
  size_t answered = 0;
  const auto answer = [&] {
    for (int i = 0; i < 3; ++i) proxy.loop()->runOnce(false);
    for (; answered < proxy.upstream().connections() && answered < 8; ++answered) {
      proxy.upstream().peer(answered).send(server);
      if ((choices & 2) != 0) proxy.upstream().peer(answered).sendEnd();
    }
    proxy.run();
  };
  for (; !client.empty() && !proxy.filters().closed(); client.remove_prefix(piece)) {
    piece = std::min(piece, client.size());
    proxy.client().send(client.substr(0, piece));
    answer();
  }
  if ((choices & 4) != 0) proxy.client().sendEnd();
  answer();
  proxy.advance(std::chrono::seconds(5));
  answer();
  if ((choices & 1) != 0) return;
  for (size_t i = 0; i < proxy.upstream().connections(); ++i) {
    checkHeads(proxy.upstream().peer(i).received());
  }
}

}  // namespace
}  // namespace weir::test

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2 || size > 16384) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
  const size_t cut = text.find(weir::test::Separator);
  const std::string_view client = text.substr(0, cut);
  const std::string_view server =
      cut == std::string_view::npos ? std::string_view() : text.substr(cut + 3);
  weir::test::run(data[0], size_t{1} + data[1] * size_t{8}, client, server);
  return 0;
}
