#include "source/http/redirect.h"

#include <algorithm>

#include "source/http/domain_index.h"
#include "source/http/path_rewrite.h"

namespace weir::http {
namespace {

std::string_view defaultPort(std::string_view scheme) { return scheme == "https" ? "443" : "80"; }

std::string_view schemeOf(const HeaderMap& request) {
  const std::string_view scheme = request.get(HeaderId::Scheme);
  return scheme.empty() ? "http" : scheme;
}

std::string authorityOf(const Redirect& redirect, const HeaderMap& request,
                        std::string_view scheme) {
  const auto [host, port] = splitAuthority(request.get(HeaderId::Authority));
  std::string authority(redirect.host.empty() ? host : redirect.host);
  std::string shown(redirect.host.empty() ? port : std::string_view());
  const std::string_view old = schemeOf(request);
  if (scheme != old && shown == defaultPort(old)) shown.clear();
  if (redirect.port) shown = std::to_string(*redirect.port);
  // Where the route names the port that the scheme has anyway.
  if (redirect.port && shown == defaultPort(scheme)) shown.clear();
  return shown.empty() ? authority : authority + ":" + shown;
}

std::string targetOf(const Redirect& redirect, const HeaderMap& request, size_t matched_prefix) {
  const std::string_view target = request.get(HeaderId::Path);
  const size_t mark = std::min(target.find('?'), target.size());
  const std::string_view query = redirect.strip_query ? std::string_view() : target.substr(mark);
  const std::string_view path = target.substr(0, mark);
  if (!redirect.path.empty()) {
    const bool has_query = redirect.path.find('?') != std::string::npos;
    return redirect.path + std::string(has_query ? std::string_view() : query);
  }
  std::string result = redirect.prefix_rewrite
                           ? rewritePrefix(path, matched_prefix, *redirect.prefix_rewrite)
                           : std::string(path);
  return result += query;
}

}  // namespace

std::string locationOf(const Redirect& redirect, const HeaderMap& request, size_t matched_prefix) {
  const std::string scheme(redirect.scheme.empty() ? schemeOf(request) : redirect.scheme);
  return scheme + "://" + authorityOf(redirect, request, scheme) +
         targetOf(redirect, request, matched_prefix);
}

std::string locationOf(const HeaderMap& request, std::string_view target) {
  std::string location(schemeOf(request));
  location += "://";
  location += request.get(HeaderId::Authority);
  return location += target;
}

}  // namespace weir::http
