#include "source/http/domain_index.h"

#include <algorithm>

namespace weir::http {
namespace {

constexpr bool isDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Authority splitAuthority(std::string_view authority) {
  const size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos) return {authority, {}};
  const std::string_view host = authority.substr(0, colon);
  const std::string_view port = authority.substr(colon + 1);
  const bool digits = std::all_of(port.begin(), port.end(), isDigit);
  // The colons of an IPv6 address without brackets are no port's.
  const bool plain = host.find(':') == std::string_view::npos || host.ends_with(']');
  if (!digits || !plain) return {authority, {}};
  return {host, port};
}

size_t DomainIndex::Hash::operator()(std::string_view text) const {
  uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
  for (const char c : text) hash = (hash ^ static_cast<uint8_t>(lowerCase(c))) * 0x100000001b3U;
  return hash;
}

bool DomainIndex::add(std::string_view domain, uint32_t value) {
  const Domain entry{value, lowerCase(domain)};
  if (domain == "*") {
    if (all_) return false;
    all_ = entry;
    return true;
  }
  if (domain.starts_with('*')) {
    const std::string name = entry.text.substr(1);
    Wildcards& wildcards = splitAuthority(name).port.empty() ? suffixes_ : port_suffixes_;
    return wildcards[name.size()].emplace(name, entry).second;
  }
  if (domain.ends_with('*')) {
    const std::string name = entry.text.substr(0, domain.size() - 1);
    return prefixes_[name.size()].emplace(name, entry).second;
  }
  return exact_.emplace(entry.text, entry).second;
}

const DomainIndex::Domain* DomainIndex::look(const Names& names, std::string_view name) {
  const auto at = names.find(name);
  return at == names.end() ? nullptr : &at->second;
}

const DomainIndex::Domain* DomainIndex::bySuffix(const Wildcards& wildcards,
                                                 std::string_view host) {
  for (const auto& [size, names] : wildcards) {
    if (size >= host.size()) continue;
    if (const Domain* domain = look(names, host.substr(host.size() - size))) return domain;
  }
  return nullptr;
}

const DomainIndex::Domain* DomainIndex::byPrefix(const Wildcards& wildcards,
                                                 std::string_view host) {
  for (const auto& [size, names] : wildcards) {
    if (size >= host.size()) continue;
    if (const Domain* domain = look(names, host.substr(0, size))) return domain;
  }
  return nullptr;
}

std::optional<uint32_t> DomainIndex::valueOf(std::string_view domain) const {
  const Domain* found = nullptr;
  if (domain == "*") {
    found = all_ ? &*all_ : nullptr;
  } else if (domain.starts_with('*')) {
    const std::string_view name = domain.substr(1);
    const Wildcards& wildcards = splitAuthority(name).port.empty() ? suffixes_ : port_suffixes_;
    const auto at = wildcards.find(name.size());
    found = at == wildcards.end() ? nullptr : look(at->second, name);
  } else if (domain.ends_with('*')) {
    const auto at = prefixes_.find(domain.size() - 1);
    found = at == prefixes_.end() ? nullptr : look(at->second, domain.substr(0, domain.size() - 1));
  } else {
    found = look(exact_, domain);
  }
  if (found == nullptr) return std::nullopt;
  return found->value;
}

const DomainIndex::Domain* DomainIndex::findDomain(std::string_view authority) const {
  const auto [host, port] = splitAuthority(authority);
  if (!exact_.empty()) {
    if (const Domain* domain = look(exact_, authority)) return domain;
    if (const Domain* domain = look(exact_, host)) return domain;
  }
  if (!port.empty()) {
    if (const Domain* domain = bySuffix(port_suffixes_, authority)) return domain;
  }
  if (const Domain* domain = bySuffix(suffixes_, host)) return domain;
  if (const Domain* domain = byPrefix(prefixes_, host)) return domain;
  return all_ ? &*all_ : nullptr;
}

std::optional<DomainIndex::Found> DomainIndex::find(std::string_view authority) const {
  const Domain* domain = findDomain(authority);
  if (domain == nullptr) return std::nullopt;
  return Found{domain->value, domain->text};
}

}  // namespace weir::http
