#include "source/filter/request_explanation.h"

namespace weir::filter {

std::string http1HeadOf(const RequestDescription& request) {
  if (!request.head.empty()) return request.head;
  const bool http10 = request.version == RequestDescription::Version::Http10;
  std::string text = request.method + " " + (request.path.empty() ? request.host : request.path) +
                     (http10 ? " HTTP/1.0" : " HTTP/1.1") + "\r\nHost: " + request.host + "\r\n";
  for (const auto& [name, value] : request.headers) text += name + ": " + value + "\r\n";
  return text + "\r\n";
}

}  // namespace weir::filter
