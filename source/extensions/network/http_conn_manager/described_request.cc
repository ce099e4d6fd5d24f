#include "source/extensions/network/http_conn_manager/described_request.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "source/http/h1/head.h"
#include "source/http/h1/head_scanner.h"
#include "source/http/h2/message_rules.h"
#include "source/http/h2/preface.h"

namespace weir::extensions {
namespace {

using filter::RequestDescription;
using http::BadMessage;
using http::HeaderId;
using http::HeaderMap;
using Codec = HttpConnManagerSettings::Codec;
using Given = RequestDescription::Version;

bool isHttp1(const RequestDescription& described) {
  return described.version == Given::Http10 || described.version == Given::Http11 ||
         !described.head.empty();
}

std::optional<BadMessage> readHttp1(const RequestDescription& described,
                                    const http::Http1Settings& settings, HeaderMap& headers) {
  const std::string text = described.version == Given::Http2 ? std::string(http::Http2Preface)
                                                             : filter::http1HeadOf(described);
  http::HeadScanner scanner(settings.headers);
  scanner.begin(http::HeadScanner::Kind::Request);
  size_t used = 0;
  const auto status = scanner.scan(text, used);
  if (status != http::HeadScanner::Status::Whole) {
    http::noteRequestLine(text, headers);
    const bool bad = status == http::HeadScanner::Status::Bad;
    return bad ? scanner.bad() : BadMessage{0, "h1_incomplete_head"};
  }
  const std::string_view head(text.data() + scanner.skipped(), used - scanner.skipped());
  char* const room = headers.room(head.size());
  std::copy(head.begin(), head.end(), room);
  http::RequestHead request;
  const auto bad = http::parseRequestHead({room, head.size()}, settings, headers, request);
  // As the codec does: the answer is by nothing but the request line.
  if (bad) headers.removeIf([](const http::HeaderEntry& e) { return !e.name.starts_with(':'); });
  return bad;
}

void addHttp2Field(std::string_view name, std::string_view value, http::Underscores underscores,
                   HeaderMap& headers, http::Http2FieldCount& count) {
  ++count.fields;
  count.bytes += name.size() + value.size() + 32;
  if (http::malformedField(name, value)) {
    count.malformed = true;
    return;
  }
  const bool underscore = name.find('_') != std::string_view::npos;
  count.underscore |= underscore;
  if (!underscore || underscores != http::Underscores::Drop) headers.add(name, value);
}

std::optional<BadMessage> readHttp2(const RequestDescription& described,
                                    const http::HeaderLimits& limits, HeaderMap& headers) {
  if (isHttp1(described)) return BadMessage{0, "h2_bad_preface"};
  headers.add(HeaderId::Method, described.method);
  if (described.method != "CONNECT") headers.add(HeaderId::Scheme, "http");
  headers.add(HeaderId::Authority, described.host);
  if (!described.path.empty()) headers.add(HeaderId::Path, described.path);
  http::Http2FieldCount count;
  for (const http::HeaderEntry& pseudo : headers.entries()) {
    ++count.fields;
    count.bytes += pseudo.name.size() + pseudo.value.size() + 32;
  }
  for (const auto& [name, value] : described.headers) {
    addHttp2Field(name, value, limits.underscores, headers, count);
  }
  if (http::resetsRequest(headers)) return BadMessage{0, "h2_malformed_head"};
  const BadMessage bad = http::checkRequestHead(headers, count, limits);
  return bad.reason.empty() ? std::nullopt : std::optional(bad);
}

}  // namespace

http::Version versionOf(const RequestDescription& described,
                        const HttpConnManagerSettings& settings,
                        const filter::ConnectionInfo& connection) {
  const bool detected = connection.protocol == "h2c" || connection.protocol.starts_with("http/");
  const bool begins =
      described.version == Given::Http2 || described.head.starts_with(http::Http2PrefaceLine);
  const bool auto_http2 = detected ? connection.protocol == "h2c" : begins;
  const bool http2 =
      settings.codec == Codec::Http2 || (settings.codec == Codec::Auto && auto_http2);
  return http2 ? http::Version::Http2 : http::Version::Http11;
}

std::optional<BadMessage> readDescribed(const RequestDescription& described, http::Version version,
                                        const HttpConnManagerSettings& settings,
                                        HeaderMap& headers) {
  return version == http::Version::Http2 ? readHttp2(described, settings.http2.headers, headers)
                                         : readHttp1(described, settings.http1, headers);
}

}  // namespace weir::extensions
