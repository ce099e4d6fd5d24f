#include "test/match/random_cases.h"

#include <algorithm>

#include "test/match/plain_matcher.h"

namespace weir::match::test {
namespace {

using filter::Fact;

std::vector<net::IpPrefix> prefixes(const std::vector<std::string>& texts) {
  std::vector<net::IpPrefix> result;
  for (const std::string& text : texts) result.push_back(*net::IpPrefix::parse(text));
  return result;
}

std::vector<net::IpAddress> addresses(const std::vector<std::string>& texts) {
  std::vector<net::IpAddress> result(1);  // no IP: a Unix socket
  for (const std::string& text : texts) result.push_back(*net::IpAddress::parse(text));
  return result;
}

const std::vector<uint16_t>& ports() {
  static const auto& values = *new std::vector<uint16_t>{
      80, 443, 8080, 3306, 5432, 9000, 9001, 9002, 9003, 9004, 9005, 9006, 9007, 9008, 9009, 1};
  return values;
}

const std::vector<net::IpPrefix>& ranges() {
  static const auto& values = *new std::vector<net::IpPrefix>(prefixes(
      {"0.0.0.0/0",     "0.0.0.0/1",       "128.0.0.0/1",       "10.0.0.0/8",     "10.1.0.0/16",
       "10.1.0.0/17",   "10.1.128.0/17",   "10.1.1.0/24",       "10.1.1.1/32",    "127.0.0.0/8",
       "127.0.0.1/32",  "192.168.0.0/16",  "192.168.1.0/24",    "192.168.1.7/32", "::/0",
       "2001:db8::/32", "2001:db8::1/128", "2001:db8:0:1::/64", "::1/128",        "8000::/1"}));
  return values;
}

const std::vector<net::IpAddress>& hosts() {
  static const auto& values = *new std::vector<net::IpAddress>(
      addresses({"10.1.1.1", "10.1.1.2", "10.1.200.1", "10.2.0.1", "127.0.0.1", "127.0.0.2",
                 "192.168.1.7", "192.168.1.8", "200.0.0.1", "8.8.8.8", "255.255.255.255", "0.0.0.0",
                 "2001:db8::1", "2001:db8::2", "2001:db8:0:1::9", "::1", "::", "fe80::1",
                 "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"}));
  return values;
}

const std::vector<std::string>& names() {
  static const auto& values = *new std::vector<std::string>{
      "a.com",       "b.a.com",     "c.b.a.com", "*.com",   "*.a.com", "*.b.a.com",
      "*.c.b.a.com", "d.org",       "*.org",     "*.d.org", "x.d.org", "y.d.org",
      "localhost",   "*.localhost", "z.y.d.org", "e.net",   "*.e.net"};
  return values;
}

const std::vector<std::string>& serverNames() {
  static const auto& values = *new std::vector<std::string>{
      "",        "a.com",   "b.a.com",     "c.b.a.com", "q.c.b.a.com", "com",         "other.com",
      "d.org",   "x.d.org", "z.y.d.org",   "w.d.org",   "localhost",   "x.localhost", "e.net",
      "f.e.net", "nothing", "p.q.b.a.com", "xa.com",    ".com",        "a.com."};
  return values;
}

const std::vector<std::string>& protocols() {
  static const auto& values = *new std::vector<std::string>{
      "h2", "http/1.1", "http/1.0", "h2c", "mqtt", "p1", "p2", "p3", "p4", "p5", "p6", "p7"};
  return values;
}

const std::vector<std::string>& offeredProtocols() {
  static const auto& values = *new std::vector<std::string>{
      "h2", "http/1.1", "http/1.0", "h2c", "mqtt", "p1", "p2", "p3",
      "p4", "p5",       "p6",       "p7",  "",     "x",  "xy", "unheard-of/1.0"};
  return values;
}

}  // namespace

RandomCases::RandomCases(uint64_t seed) : engine_(seed) {
  density_ = 1 + below(5);
  longest_ = oneIn(4) ? 12 : 1 + below(3);
}

template <class T>
std::vector<T> RandomCases::list(const std::vector<T>& values, int most) {
  std::vector<T> result;
  if (below(8) >= density_) return result;
  for (int i = 1 + below(most); i > 0; --i) result.push_back(pick(values));
  return result;
}

ChainMatch RandomCases::match() {
  ChainMatch match;
  match.destination_ports = list(ports(), longest_);
  match.destination_prefixes = list(ranges(), longest_);
  match.server_names = list(names(), longest_);
  if (below(8) < density_) match.transport = oneIn(2) ? Transport::Tls : Transport::RawBuffer;
  match.application_protocols = list(protocols(), longest_);
  match.direct_source_prefixes = oneIn(2) ? list(ranges(), longest_) : list(ranges(), 1);
  if (below(8) < density_) {
    match.source_type = oneIn(2) ? SourceType::External : SourceType::SameIpOrLoopback;
  }
  match.source_prefixes = list(ranges(), longest_);
  match.source_ports = list(ports(), longest_);
  return match;
}

std::vector<ChainSpec> RandomCases::chains(Duplicates duplicates) {
  std::vector<ChainSpec> result;
  for (int wanted = below(41); wanted > 0; --wanted) {
    ChainSpec spec{"chain" + std::to_string(result.size()),
                   "filter_chains[" + std::to_string(result.size()) + "]", match()};
    const bool duplicate = std::any_of(result.begin(), result.end(), [&](const ChainSpec& other) {
      return plainDuplicates(other.match, spec.match);
    });
    if (!duplicate || duplicates == Duplicates::Allowed) result.push_back(std::move(spec));
  }
  return result;
}

filter::FactSet RandomCases::known() {
  if (oneIn(3)) return filter::FactSet::all();
  filter::FactSet known;
  for (int fact = 0; fact < filter::FactCount; ++fact) {
    if (!oneIn(3)) known = known | static_cast<Fact>(fact);
  }
  return known;
}

filter::Facts RandomCases::facts() {
  filter::Facts facts;
  facts.known = known();
  facts.destination = {pick(hosts()), pick(ports())};
  facts.source = {oneIn(6) ? facts.destination.ip : pick(hosts()), pick(ports())};
  facts.direct_source = pick(hosts());
  facts.tls = oneIn(2);
  facts.server_name = pick(serverNames());
  for (int i = below(oneIn(5) ? 14 : 4); i > 0; --i) {
    facts.application_protocols.push_back(pick(offeredProtocols()));
  }
  return facts;
}

ListenerConstants RandomCases::constants() {
  ListenerConstants constants;
  if (oneIn(2)) return constants;
  constants.port_is_fixed = true;
  constants.destination = {pick(hosts()), pick(ports())};
  const net::IpAddress& ip = constants.destination.ip;
  constants.destination_is_fixed =
      ip.family == net::Family::None || ip.bytes != net::IpAddress{}.bytes;
  if (ip.family == net::Family::None) constants.destination.port = 0;
  return constants;
}

filter::Facts RandomCases::connection(const ListenerConstants& constants) {
  const auto canBeAt = [&constants](const net::IpAddress& ip) {
    const net::IpAddress& bound = constants.destination.ip;
    if (constants.destination_is_fixed) return ip == bound;
    if (!constants.port_is_fixed) return true;
    return ip.family == bound.family ||
           (bound.family == net::Family::V6 && ip.family == net::Family::V4);
  };
  const auto canBePeer = [&](const net::IpAddress& ip) {
    const bool is_fixed = constants.destination_is_fixed;
    return is_fixed ? ip.family == constants.destination.ip.family : canBeAt(ip);
  };
  filter::Facts result = facts();
  result.known = filter::FactSet::all();
  while (!canBeAt(result.destination.ip)) {
    result.destination.ip =
        constants.destination_is_fixed ? constants.destination.ip : pick(hosts());
  }
  while (!canBePeer(result.direct_source)) result.direct_source = pick(hosts());
  if (constants.port_is_fixed) result.destination.port = constants.destination.port;
  if (oneIn(6)) result.source.ip = result.destination.ip;
  if (!result.server_name.empty()) result.tls = true;
  return result;
}

}  // namespace weir::match::test
