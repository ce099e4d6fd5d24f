#pragma once

// Which virtual host an authority belongs to: by the domains of all. Each domain is once in the
// table. In this order, upper and lower case being one:
//   "a.example.com"   the name itself
//   "*.example.com"   what ends in that, with at least a byte before it; also "*-eu.example.com"
//   "example.*"       what begins with that, with at least a byte behind it
//   "*"               everything, a request without an authority too
// of two wildcards of one kind the longer one. A domain may end in a port ("a.example.com:8443",
// "*:8443"): then it is for authorities with that port, and of its kind goes before all that name
// none. The port of an authority does not matter to the other domains.
//
// Built once, then immutable; any thread. Finding allocates nothing.

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "source/http/text_match.h"

namespace weir::http {

// host[:port]; both as they stand there. Of "[::1]:80" the host is "[::1]".
struct Authority {
  std::string_view host;
  std::string_view port;  // digits; empty if there is none
};
Authority splitAuthority(std::string_view authority);

class DomainIndex {
 public:
  // False if it is there already: then the table stays as it was.
  bool add(std::string_view domain, uint32_t value);
  // The value of a domain that was added.
  std::optional<uint32_t> valueOf(std::string_view domain) const;

  struct Found {
    uint32_t value;
    std::string_view domain;  // as it was added, in lower case; lives as long as the table
  };
  std::optional<Found> find(std::string_view authority) const;

 private:
  struct Hash {
    using is_transparent = void;
    size_t operator()(std::string_view text) const;
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(std::string_view a, std::string_view b) const {
      return equalIgnoringCase(a, b);
    }
  };
  // Its name is the domain without its star.
  struct Domain {
    uint32_t value;
    std::string text;
  };
  using Names = std::unordered_map<std::string, Domain, Hash, Equal>;
  // By length, the longest first.
  using Wildcards = std::map<size_t, Names, std::greater<>>;

  static const Domain* look(const Names& names, std::string_view name);
  static const Domain* bySuffix(const Wildcards& wildcards, std::string_view host);
  static const Domain* byPrefix(const Wildcards& wildcards, std::string_view host);
  const Domain* findDomain(std::string_view authority) const;

  Names exact_;
  Wildcards suffixes_;       // without a port
  Wildcards port_suffixes_;  // with one
  Wildcards prefixes_;
  std::optional<Domain> all_;
};

}  // namespace weir::http
