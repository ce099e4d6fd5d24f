#include "source/match/address_space.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "source/base/check.h"

namespace weir::match {
namespace {

using net::IpAddress;
using net::IpPrefix;

bool before(const IpPrefix& a, const IpPrefix& b) {
  return std::tie(a.base.family, a.base.bytes, a.length) <
         std::tie(b.base.family, b.base.bytes, b.length);
}

}  // namespace

AddressSpace::AddressSpace(std::vector<IpPrefix> prefixes, Choose choose) : choose_(choose) {
  prefixes.push_back(*IpPrefix::parse("0.0.0.0/0"));
  prefixes.push_back(*IpPrefix::parse("::/0"));
  std::sort(prefixes.begin(), prefixes.end(), before);
  prefixes.erase(std::unique(prefixes.begin(), prefixes.end()), prefixes.end());
  nodes_.reserve(prefixes.size());
  for (const IpPrefix& prefix : prefixes) nodes_.push_back({prefix, 0, std::nullopt});
  link();
}

void AddressSpace::link() {
  std::vector<uint32_t> open;
  const uint32_t count = static_cast<uint32_t>(nodes_.size());
  for (uint32_t i = 0; i < count; ++i) {
    for (; !open.empty() && !nodes_[open.back()].prefix.contains(nodes_[i].prefix.base);
         open.pop_back()) {
      nodes_[open.back()].end = i;
    }
    open.push_back(i);
  }
  for (const uint32_t i : open) nodes_[i].end = count;
  for (uint32_t i = 0; i < count; ++i) findAlone(nodes_[i], i);
}

// Looks for gaps between the prefixes directly inside.
void AddressSpace::findAlone(Node& node, uint32_t index) const {
  const Bits128 last = lastOf(node.prefix);
  const auto gap = [&](Bits128 from, Bits128 to) {
    if (choose_ == Choose::First && node.alone) return;
    node.alone = toAddress(choose_ == Choose::First ? from : to, node.prefix.base.family);
  };
  Bits128 next =
      toBits(node.prefix.base);  // nothing is known yet of this address and those after it
  for (uint32_t child = index + 1; child < node.end; child = nodes_[child].end) {
    const IpPrefix& inner = nodes_[child].prefix;
    if (toBits(inner.base) > next) gap(next, toBits(inner.base) - 1);
    if (lastOf(inner) == last) return;
    next = lastOf(inner) + 1;
  }
  gap(next, last);
}

bool AddressSpace::represent(const IpPrefix& range,
                             const std::function<bool(const IpPrefix&)>& within,
                             std::vector<IpAddress>& out) const {
  const auto at =
      std::lower_bound(nodes_.begin(), nodes_.end(), range,
                       [](const Node& node, const IpPrefix& p) { return before(node.prefix, p); });
  WEIR_CHECK(at != nodes_.end() && at->prefix == range);
  return collect(static_cast<uint32_t>(at - nodes_.begin()), within, out);
}

bool AddressSpace::collect(uint32_t index, const std::function<bool(const IpPrefix&)>& within,
                           std::vector<IpAddress>& out) const {
  const Node& node = nodes_[index];
  if (!within(node.prefix)) return true;
  if (node.alone) {
    if (out.size() >= MostAddresses) return false;
    out.push_back(*node.alone);
    return true;
  }
  for (uint32_t child = index + 1; child < node.end; child = nodes_[child].end) {
    if (!collect(child, within, out)) return false;
  }
  return true;
}

}  // namespace weir::match
