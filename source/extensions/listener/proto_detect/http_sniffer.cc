#include "source/extensions/listener/proto_detect/http_sniffer.h"

#include <algorithm>

#include "source/http/h2/preface.h"

namespace weir::extensions {
namespace {

using Bytes = std::span<const uint8_t>;

// https://www.iana.org/assignments/http-methods, without "*" and PRI, which are reserved and begin
// no request; with QUERY, which the HTTP working group has agreed on. request.
constexpr std::string_view RegisteredMethods[] = {
    "ACL",
    "BASELINE-CONTROL",
    "BIND",
    "CHECKIN",
    "CHECKOUT",
    "CONNECT",
    "COPY",
    "DELETE",
    "GET",
    "HEAD",
    "LABEL",
    "LINK",
    "LOCK",
    "MERGE",
    "MKACTIVITY",
    "MKCALENDAR",
    "MKCOL",
    "MKREDIRECTREF",
    "MKWORKSPACE",
    "MOVE",
    "OPTIONS",
    "ORDERPATCH",
    "PATCH",
    "POST",
    "PROPFIND",
    "PROPPATCH",
    "PUT",
    "QUERY",
    "REBIND",
    "REPORT",
    "SEARCH",
    "TRACE",
    "UNBIND",
    "UNCHECKOUT",
    "UNLINK",
    "UNLOCK",
    "UPDATE",
    "UPDATEREDIRECTREF",
    "VERSION-CONTROL",
};
constexpr std::string_view ReservedMethod = "PRI";

constexpr std::string_view Preface = http::Http2Preface;

// The end of a request line after the space that ends the target; the digit is the minor version.
constexpr std::string_view LineEnd = "HTTP/1.x\r\n";
constexpr size_t MinorVersion = 7;

constexpr bool isVisible(uint8_t byte) { return byte > 0x20 && byte < 0x7f; }

}  // namespace

HttpMethods::HttpMethods(const std::vector<std::string>& extra)
    : sorted_(std::begin(RegisteredMethods), std::end(RegisteredMethods)) {
  for (const std::string& method : extra) {
    if (!method.empty() && method != ReservedMethod) sorted_.push_back(method);
  }
  std::ranges::sort(sorted_);
  sorted_.erase(std::unique(sorted_.begin(), sorted_.end()), sorted_.end());
  for (size_t i = 0; i < sorted_.size(); ++i) {
    Range& range = by_first_byte_[static_cast<uint8_t>(sorted_[i][0])];
    if (range.begin == range.end) range.begin = static_cast<uint16_t>(i);
    range.end = static_cast<uint16_t>(i + 1);
  }
}

HttpSniff HttpSniffer::scan(Bytes prefix) {
  if (answer_ != HttpSniff::NeedMore) return answer_;
  if (preface_possible_) scanPreface(prefix);
  if (part_ == Part::Method) scanMethod(prefix);
  if (part_ == Part::Target) scanTarget(prefix);
  if (part_ == Part::Version) scanVersion(prefix);
  // An extra method may begin as the preface does, so one of the two ruled out is not both.
  if (part_ == Part::None && !preface_possible_ && answer_ == HttpSniff::NeedMore) {
    answer_ = HttpSniff::NotHttp;
  }
  return answer_;
}

void HttpSniffer::scanPreface(Bytes prefix) {
  const size_t end = std::min(prefix.size(), Preface.size());
  for (; preface_seen_ < end; ++preface_seen_) {
    if (prefix[preface_seen_] != static_cast<uint8_t>(Preface[preface_seen_])) {
      preface_possible_ = false;
      return;
    }
  }
  if (preface_seen_ == Preface.size()) answer_ = HttpSniff::H2c;
}

void HttpSniffer::scanMethod(Bytes prefix) {
  const auto sorted = methods_.sorted();
  for (; at_ < prefix.size(); ++at_) {
    const uint8_t byte = prefix[at_];
    if (at_ == 0) {
      candidates_ = methods_.startingWith(byte);
    } else if (byte == ' ' && sorted[candidates_.begin].size() == at_) {
      part_ = Part::Target;
      start_ = ++at_;
      return;
    }
    // Sorted, so those that go on with this byte stand together, and a method that is whole stands
    // first.
    const auto goesOn = [&](uint16_t index) {
      return sorted[index].size() > at_ && static_cast<uint8_t>(sorted[index][at_]) == byte;
    };
    auto& [begin, end] = candidates_;
    while (begin < end && !goesOn(begin)) ++begin;
    while (begin < end && !goesOn(static_cast<uint16_t>(end - 1))) --end;
    if (begin == end) {
      part_ = Part::None;
      return;
    }
  }
}

void HttpSniffer::scanTarget(Bytes prefix) {
  // The space after it must leave room for the end of the line.
  constexpr size_t LastSpace = MaxRequestLine - LineEnd.size() - 1;
  const size_t end = std::min(prefix.size(), LastSpace + 1);
  const uint8_t* const bytes = prefix.data();
  size_t at = at_;
  while (at < end && isVisible(bytes[at])) ++at;
  at_ = at;
  if (at == prefix.size() && at <= LastSpace) return;
  const bool ends = at < end && bytes[at] == ' ' && at > start_;
  part_ = ends ? Part::Version : Part::None;
  start_ = ++at_;
}

void HttpSniffer::scanVersion(Bytes prefix) {
  for (; at_ < prefix.size(); ++at_) {
    const size_t index = at_ - start_;
    const uint8_t byte = prefix[at_];
    const bool matches = index == MinorVersion ? byte == '0' || byte == '1'
                                               : byte == static_cast<uint8_t>(LineEnd[index]);
    if (!matches) {
      part_ = Part::None;
      return;
    }
    if (index + 1 == LineEnd.size()) {
      answer_ = prefix[start_ + MinorVersion] == '0' ? HttpSniff::Http10 : HttpSniff::Http11;
      return;
    }
  }
}

HttpSniff sniffHttp(Bytes bytes, const HttpMethods& methods) {
  return HttpSniffer(methods).scan(bytes);
}

}  // namespace weir::extensions
