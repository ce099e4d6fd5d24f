#include "source/match/prefix_table.h"

#include <algorithm>
#include <numeric>
#include <tuple>

#include "source/match/hash.h"
#include "source/match/level.h"

namespace weir::match {

Bits128 toBits(const net::IpAddress& ip) {
  const size_t size = ip.family == net::Family::V4 ? 4 : 16;
  Bits128 bits = 0;
  for (size_t i = 0; i < size; ++i) bits = bits << 8 | ip.bytes[i];
  return bits;
}

net::IpAddress toAddress(Bits128 bits, net::Family family) {
  net::IpAddress ip;
  ip.family = family;
  for (size_t i = family == net::Family::V4 ? 4 : 16; i-- > 0; bits >>= 8) {
    ip.bytes[i] = static_cast<uint8_t>(bits);
  }
  return ip;
}

Bits128 lastOf(const net::IpPrefix& prefix) {
  const int host_bits = (prefix.base.family == net::Family::V4 ? 32 : 128) - prefix.length;
  const Bits128 host = host_bits == 0 ? 0 : ~Bits128{0} >> (128 - host_bits);
  return toBits(prefix.base) | host;
}

template <class Number>
void IntervalIndex<Number>::build(const std::vector<Start>& starts) {
  ids_.push_back(0);
  for (const Start& start : starts) {
    starts_.push_back(start.at);
    ids_.push_back(start.id);
  }
  addGrid(0, starts_.size());
  // Beyond the end, where the last number of all would count the filling as well.
  starts_.resize(starts_.size() + Crowd, static_cast<Number>(~Number{0}));
  ids_.resize(ids_.size() + Crowd, ids_.back());
}

// A grid over the starts from `begin` to before `end`.
template <class Number>
uint32_t IntervalIndex<Number>::addGrid(size_t begin, size_t end) {
  const uint32_t index = static_cast<uint32_t>(grids_.size());
  const Number first = starts_[begin];
  const Number range = static_cast<Number>(starts_[end - 1] - first);
  const size_t wanted = std::bit_ceil(end - begin);
  uint32_t shift = 0;
  while ((range >> shift) >= wanted) ++shift;
  const uint32_t last = static_cast<uint32_t>(range >> shift);
  const uint32_t buckets = static_cast<uint32_t>(buckets_.size());
  grids_.push_back({first, shift, last, buckets});
  buckets_.resize(buckets_.size() + last + 1);
  for (uint32_t b = 0; b <= last; ++b) {
    size_t next = begin;
    while (next < end && static_cast<Number>(starts_[next] - first) >> shift == b) ++next;
    const bool crowded = next - begin > Crowd;
    const uint32_t to = crowded ? DeeperBit | addGrid(begin, next) : static_cast<uint32_t>(begin);
    buckets_[buckets + b] = to;
    begin = next;
  }
  return index;
}

size_t PrefixTable::hashOf(const net::IpPrefix& prefix) {
  const char* bytes = reinterpret_cast<const char*>(prefix.base.bytes.data());
  const uint64_t kind = prefix.length * 4U + static_cast<uint64_t>(prefix.base.family);
  return mix(mix(load64(bytes) ^ 0x9E3779B97F4A7C15ULL, load64(bytes + 8) ^ 0xD6E8FEB86659FD93ULL),
             kind ^ 0xA0761D6478BD642FULL);
}

uint32_t PrefixTable::intern(const net::IpPrefix& prefix) {
  const size_t mask = slots_.size() - 1;
  for (size_t i = hashOf(prefix) & mask; slots_[i] != 0; i = (i + 1) & mask) {
    if (prefixes_[slots_[i] - 1] == prefix) return idOf(slots_[i] - 1);
  }
  prefixes_.push_back(prefix);
  words_.push_back(0);
  words_.push_back(specificityOfPrefix(prefix));
  if (prefixes_.size() * 2 > slots_.size()) {
    grow();
  } else {
    place(prefixes_.size() - 1);
  }
  return idOf(prefixes_.size() - 1);
}

void PrefixTable::grow() {
  std::vector<uint32_t>(slots_.size() * 2).swap(slots_);
  for (size_t i = 0; i < prefixes_.size(); ++i) place(i);
}

void PrefixTable::place(size_t index) {
  const size_t mask = slots_.size() - 1;
  size_t i = hashOf(prefixes_[index]) & mask;
  while (slots_[i] != 0) i = (i + 1) & mask;
  slots_[i] = static_cast<uint32_t>(index + 1);
}

void PrefixTable::seal() {
  std::vector<uint32_t> order(prefixes_.size());
  std::iota(order.begin(), order.end(), 0U);
  // A prefix comes before everything inside it.
  std::sort(order.begin(), order.end(), [this](uint32_t a, uint32_t b) {
    const net::IpPrefix& p = prefixes_[a];
    const net::IpPrefix& q = prefixes_[b];
    return std::tie(p.base.family, p.base.bytes, p.length) <
           std::tie(q.base.family, q.base.bytes, q.length);
  });
  sealFamily(net::Family::V4, order, v4_);
  sealFamily(net::Family::V6, order, v6_);
}

// Walks the line of addresses from left to right with the stack of prefixes that are open.
template <class Number>
void PrefixTable::sealFamily(net::Family family, const std::vector<uint32_t>& order,
                             IntervalIndex<Number>& to) {
  using Start = typename IntervalIndex<Number>::Start;
  std::vector<Start> starts;
  std::vector<uint32_t> open;
  const auto startAt = [&starts](Bits128 at, uint32_t id) {
    const Number number = static_cast<Number>(at);
    if (!starts.empty() && starts.back().at == number) {
      starts.back().id = id;
    } else {
      starts.push_back({number, id});
    }
  };
  const auto closeTop = [&] {
    const Bits128 last = lastOf(prefixes_[open.back()]);
    open.pop_back();
    // After the last address of all, nothing starts.
    if (static_cast<Number>(last) == static_cast<Number>(~Number{0})) return;
    startAt(last + 1, open.empty() ? 0 : idOf(open.back()));
  };
  for (const uint32_t index : order) {
    const net::IpPrefix& prefix = prefixes_[index];
    if (prefix.base.family != family) continue;
    while (!open.empty() && !prefixes_[open.back()].contains(prefix.base)) closeTop();
    words_[idOf(index)] = open.empty() ? 0 : idOf(open.back());
    open.push_back(index);
    startAt(toBits(prefix.base), idOf(index));
  }
  while (!open.empty()) closeTop();
  if (!starts.empty()) to.build(starts);
}

}  // namespace weir::match
