#include "source/mesh/ports.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>
#include <utility>

#include "source/base/check.h"

namespace weir::mesh {
namespace {

constexpr size_t MaxQuoted = 80;

std::string_view trim(std::string_view text) {
  constexpr std::string_view Space = " \t\r\n";
  const size_t begin = text.find_first_not_of(Space);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(Space) - begin + 1);
}

// An entry in a message: what cannot be printed is replaced, and a long one is cut.
std::string quoted(std::string_view entry) {
  std::string out = "\"";
  for (const char c : entry.substr(0, MaxQuoted))
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c;
  return out + (entry.size() > MaxQuoted ? "...\"" : "\"");
}

bool isNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<uint16_t> portOf(std::string_view text) {
  uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || port == 0 || text.front() == '0') return std::nullopt;
  return port;
}

struct Entry {
  char sign = 0;          // '+', '-', or none
  PortSet ports;          // empty if it is bad:
  std::string complaint;  // why
};

// "8000-8010", "8080", or what is meant as one of them; `whole` is it with its sign.
void readNumbers(std::string_view text, std::string_view whole, Entry& entry) {
  const size_t hyphen = text.find('-');
  const std::string_view left = trim(text.substr(0, hyphen));
  const std::string_view right =
      hyphen == std::string_view::npos ? left : trim(text.substr(hyphen + 1));
  if (!isNumber(left) || !isNumber(right)) {
    entry.complaint =
        quoted(whole) +
        " is no port, no range such as 8000-8010, and no name of a port of this object";
    return;
  }
  const auto first = portOf(left);
  const auto last = portOf(right);
  if (!first || !last)
    entry.complaint = quoted(whole) + ": a port is a number from 1 to 65535";
  else if (*first > *last)
    entry.complaint = quoted(whole) + ": the range ends before it begins";
  else
    entry.ports.add({*first, *last});
}

Entry readEntry(std::string_view text, std::span<const NamedPort> names) {
  Entry entry;
  if (text.empty()) {
    entry.complaint = "a comma with no entry before it";
    return entry;
  }
  const std::string_view whole = text;
  if (text.front() == '+' || text.front() == '-') {
    entry.sign = text.front();
    text = trim(text.substr(1));
  }
  // A name first: it may have a hyphen. No name can be taken for a number, as it has a letter.
  for (const NamedPort& named : names) {
    if (named.name == text && named.port != 0) entry.ports.add({named.port, named.port});
  }
  if (entry.ports.empty()) readNumbers(text, whole, entry);
  return entry;
}

// The comma that may end a list is not followed by an entry.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const size_t comma = text.find(',');
    parts.push_back(trim(text.substr(0, comma)));
    if (comma == std::string_view::npos) break;
    text.remove_prefix(comma + 1);
    if (trim(text).empty()) break;
  }
  return parts;
}

void appendComplaint(std::string& to, std::string_view complaint) {
  if (!to.empty()) to += "; ";
  to += complaint;
}

}  // namespace

void PortSet::add(PortRange range) {
  WEIR_DCHECK(range.first >= 1 && range.first <= range.last);
  // The ranges that overlap this one, or touch it.
  const auto begin = std::ranges::find_if(
      ranges_, [&](const PortRange& one) { return uint32_t{one.last} + 1 >= range.first; });
  const auto end = std::find_if(begin, ranges_.end(), [&](const PortRange& one) {
    return one.first > uint32_t{range.last} + 1;
  });
  if (begin != end) {
    range.first = std::min(range.first, begin->first);
    range.last = std::max(range.last, std::prev(end)->last);
  }
  ranges_.insert(ranges_.erase(begin, end), range);
}

void PortSet::add(const PortSet& other) {
  for (const PortRange& range : other.ranges_) add(range);
}

void PortSet::remove(PortRange range) {
  std::vector<PortRange> left;
  for (const PortRange& one : ranges_) {
    if (one.last < range.first || one.first > range.last) {
      left.push_back(one);
      continue;
    }
    if (one.first < range.first)
      left.push_back({one.first, static_cast<uint16_t>(range.first - 1)});
    if (one.last > range.last) left.push_back({static_cast<uint16_t>(range.last + 1), one.last});
  }
  ranges_ = std::move(left);
}

void PortSet::remove(const PortSet& other) {
  for (const PortRange& range : other.ranges_) remove(range);
}

bool PortSet::contains(uint16_t port) const {
  const auto found =
      std::ranges::lower_bound(ranges_, port, {}, [](const PortRange& one) { return one.last; });
  return found != ranges_.end() && found->first <= port;
}

size_t PortSet::size() const {
  size_t count = 0;
  for (const PortRange& range : ranges_) count += size_t{range.last} - range.first + 1;
  return count;
}

std::string PortSet::toString() const {
  std::string out;
  for (const PortRange& range : ranges_) {
    if (!out.empty()) out += ',';
    out += std::to_string(range.first);
    if (range.last != range.first) out += '-' + std::to_string(range.last);
  }
  return out;
}

PortSet PortList::over(const PortSet& lower) const {
  if (replaces()) return ports_;
  PortSet ports = lower;
  for (const Change& change : changes_) {
    if (change.add)
      ports.add(change.ports);
    else
      ports.remove(change.ports);
  }
  return ports;
}

Result<PortList> parsePortList(std::string_view text, std::span<const NamedPort> names) {
  if (trim(text).empty()) return PortList(PortSet{});
  PortSet plain;
  std::vector<PortList::Change> changes;
  bool mixed = false;
  std::string complaints;
  for (const std::string_view part : split(text)) {
    Entry entry = readEntry(part, names);
    if (!entry.complaint.empty()) {
      appendComplaint(complaints, entry.complaint);
      continue;
    }
    if (entry.sign == 0)
      plain.add(entry.ports);
    else
      changes.push_back({entry.sign == '+', std::move(entry.ports)});
    if (plain.empty() || changes.empty() || std::exchange(mixed, true)) continue;
    appendComplaint(complaints, quoted(part) +
                                    ": entries with a sign change the list below, entries without "
                                    "replace it: a list has one kind or the other");
  }
  if (!complaints.empty())
    return Error{ErrorCode::InvalidArgument, Side::Config, std::move(complaints)};
  return changes.empty() ? PortList(std::move(plain)) : PortList(std::move(changes));
}

}  // namespace weir::mesh
