#include "source/net/proxy_protocol.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace weir::net {
namespace {

using Bytes = std::span<const uint8_t>;
using Status = ProxyParsed::Status;

constexpr std::string_view SignatureV1 = "PROXY ";
constexpr std::string_view SignatureV2{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr size_t FixedSize = 16;  // of version 2: signature, command, family, length

constexpr uint8_t CommandLocal = 0x20;
constexpr uint8_t CommandProxy = 0x21;
constexpr uint8_t FamilyUnspecified = 0x00;
constexpr uint8_t FamilyTcp4 = 0x11;
constexpr uint8_t FamilyTcp6 = 0x21;

constexpr size_t TlvHead = 3;

std::string_view textOf(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

size_t read16(Bytes bytes, size_t at) { return size_t{bytes[at]} << 8 | bytes[at + 1]; }

// Version 1.

// Takes the word up to the next space, which goes with it, or the rest.
std::string_view takeWord(std::string_view& line) {
  const size_t space = line.find(' ');
  const std::string_view word = line.substr(0, space);
  line.remove_prefix(space == std::string_view::npos ? line.size() : space + 1);
  return word;
}

bool readPort(std::string_view text, uint16_t& port) {
  if (text.size() > 1 && text[0] == '0') return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size();
}

IpAddress unmapped(const IpAddress& ip) {
  constexpr std::array<uint8_t, 12> Mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (ip.family != Family::V6 || !std::equal(Mapped.begin(), Mapped.end(), ip.bytes.begin()))
    return ip;
  IpAddress v4;
  v4.family = Family::V4;
  std::copy_n(ip.bytes.begin() + Mapped.size(), 4, v4.bytes.begin());
  return v4;
}

bool readIp(std::string_view text, Family family, IpAddress& ip) {
  const auto parsed = IpAddress::parse(text);
  if (!parsed || parsed->family != family) return false;
  ip = unmapped(*parsed);
  return true;
}

// `line`: what stands between the signature and CR LF.
bool readLine(std::string_view line, ProxyHeader& header) {
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return header.local = true;
  const std::string_view protocol = takeWord(line);
  if (protocol != "TCP4" && protocol != "TCP6") return false;
  if (std::count(line.begin(), line.end(), ' ') != 3) return false;
  const Family family = protocol == "TCP4" ? Family::V4 : Family::V6;
  return readIp(takeWord(line), family, header.source.ip) &&
         readIp(takeWord(line), family, header.destination.ip) &&
         readPort(takeWord(line), header.source.port) &&
         readPort(takeWord(line), header.destination.port);
}

Status parseV1(Bytes prefix, ProxyHeader& header) {
  const std::string_view text = textOf(prefix.first(std::min(prefix.size(), MaxProxyLine)));
  const auto printable = [](char c) { return c >= ' ' && c <= '~'; };
  const auto end = std::find_if_not(text.begin(), text.end(), printable);
  const size_t length = static_cast<size_t>(end - text.begin());
  if (end == text.end()) return length < MaxProxyLine ? Status::NeedMore : Status::Malformed;
  const std::string_view rest = text.substr(length);
  if (rest == "\r" && text.size() < MaxProxyLine) return Status::NeedMore;
  if (!rest.starts_with("\r\n")) return Status::Malformed;
  header.size = length + 2;
  const std::string_view line = text.substr(SignatureV1.size(), length - SignatureV1.size());
  return readLine(line, header) ? Status::Header : Status::Malformed;
}

// Version 2.

constexpr std::array<uint32_t, 256> makeCrcTable() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < table.size(); ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = value >> 1 ^ ((value & 1) != 0 ? 0x82f63b78 : 0);
    table[i] = value;
  }
  return table;
}

// Of all of the header, with the four bytes from `checksum_at` on taken for zero.
uint32_t crc32c(Bytes header, size_t checksum_at) {
  static constexpr auto Table = makeCrcTable();
  uint32_t crc = 0xffffffff;
  for (size_t i = 0; i < header.size(); ++i) {
    const bool masked = i >= checksum_at && i < checksum_at + 4;
    const uint8_t byte = masked ? uint8_t{0} : header[i];
    crc = crc >> 8 ^ Table[(crc ^ byte) & 0xff];
  }
  return ~crc;
}

bool checksumHolds(Bytes header, size_t at) {
  const uint32_t stated = static_cast<uint32_t>(read16(header, at) << 16 | read16(header, at + 2));
  return crc32c(header, at) == stated;
}

// `bytes`: the whole header; its TLVs begin at `at`.
bool readTlvs(Bytes bytes, size_t at, ProxyHeader& header) {
  bool summed = false;
  while (at < bytes.size()) {
    if (bytes.size() - at < TlvHead) return false;
    const uint8_t type = bytes[at];
    const size_t length = read16(bytes, at + 1);
    at += TlvHead;
    if (length > bytes.size() - at) return false;
    if (type == ProxyTlvCrc32c) {
      if (summed || length != 4 || !checksumHolds(bytes, at)) return false;
      summed = true;
    } else if (type != ProxyTlvNoop) {
      header.tlvs.push_back({type, std::string(textOf(bytes.subspan(at, length)))});
    }
    at += length;
  }
  return true;
}

IpAddress ipAt(Bytes bytes, size_t at, Family family) {
  IpAddress ip;
  ip.family = family;
  std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), family == Family::V4 ? 4 : 16,
              ip.bytes.begin());
  return unmapped(ip);
}

// The two addresses and ports of a family.
size_t addressesSize(uint8_t family) { return family == FamilyTcp4 ? 12 : 36; }

bool readProxied(Bytes bytes, uint8_t family_byte, ProxyHeader& header) {
  const Family family = family_byte == FamilyTcp4 ? Family::V4 : Family::V6;
  const size_t width = family == Family::V4 ? 4 : 16;
  const size_t ports = FixedSize + 2 * width;
  header.source = {ipAt(bytes, FixedSize, family), static_cast<uint16_t>(read16(bytes, ports))};
  header.destination = {ipAt(bytes, FixedSize + width, family),
                        static_cast<uint16_t>(read16(bytes, ports + 2))};
  return readTlvs(bytes, FixedSize + addressesSize(family_byte), header);
}

Status parseV2(Bytes prefix, ProxyHeader& header) {
  header.version = ProxyVersion::V2;
  // Each byte is looked at as soon as it is there: nothing is awaited behind a wrong one.
  const size_t seen = prefix.size();
  if (seen <= 12) return Status::NeedMore;
  const uint8_t command = prefix[12];
  if (command != CommandLocal && command != CommandProxy) return Status::Malformed;
  if (seen <= 13) return Status::NeedMore;
  const uint8_t family = prefix[13];
  const bool proxied = family == FamilyTcp4 || family == FamilyTcp6;
  // What a LOCAL header says of addresses is to be ignored, whatever it is.
  header.local = command == CommandLocal || family == FamilyUnspecified;
  if (!header.local && !proxied) return Status::Malformed;
  if (seen < FixedSize) return Status::NeedMore;
  header.size = FixedSize + read16(prefix, 14);
  if (!header.local && header.size < FixedSize + addressesSize(family)) return Status::Malformed;
  if (seen < header.size) return Status::NeedMore;
  if (header.local) return Status::Header;
  return readProxied(prefix.first(header.size), family, header) ? Status::Header
                                                                : Status::Malformed;
}

// Writing.

IpAddress mapped(const IpAddress& ip) {
  if (ip.family == Family::V6) return ip;
  IpAddress v6;
  v6.family = Family::V6;
  v6.bytes[10] = v6.bytes[11] = 0xff;
  std::copy_n(ip.bytes.begin(), 4, v6.bytes.begin() + 12);
  return v6;
}

void append16(std::string& out, size_t value) {
  out += static_cast<char>(value >> 8 & 0xff);
  out += static_cast<char>(value & 0xff);
}

void appendIp(std::string& out, const IpAddress& ip) {
  const size_t width = ip.family == Family::V4 ? 4 : 16;
  out.append(reinterpret_cast<const char*>(ip.bytes.data()), width);
}

void appendTlvs(std::string& out, std::span<const ProxyTlv> tlvs) {
  for (const ProxyTlv& tlv : tlvs) {
    if (out.size() + TlvHead + tlv.value.size() > MaxProxyHeader) continue;
    out += static_cast<char>(tlv.type);
    append16(out, tlv.value.size());
    out += tlv.value;
  }
}

std::string makeV2(bool known, const IpPort& source, const IpPort& destination,
                   std::span<const ProxyTlv> tlvs) {
  std::string out(SignatureV2);
  const bool v4 = source.ip.family == Family::V4;
  out += static_cast<char>(known ? CommandProxy : CommandLocal);
  out += static_cast<char>(!known ? FamilyUnspecified : v4 ? FamilyTcp4 : FamilyTcp6);
  append16(out, 0);
  if (known) {
    appendIp(out, source.ip);
    appendIp(out, destination.ip);
    append16(out, source.port);
    append16(out, destination.port);
    appendTlvs(out, tlvs);
  }
  const size_t length = out.size() - FixedSize;
  out[14] = static_cast<char>(length >> 8 & 0xff);
  out[15] = static_cast<char>(length & 0xff);
  return out;
}

std::string makeV1(const IpPort& source, const IpPort& destination) {
  const std::string protocol = source.ip.family == Family::V4 ? "TCP4 " : "TCP6 ";
  return std::string(SignatureV1) + protocol + source.ip.toString() + " " +
         destination.ip.toString() + " " + std::to_string(source.port) + " " +
         std::to_string(destination.port) + "\r\n";
}

bool startsLike(std::string_view text, std::string_view signature) {
  const size_t common = std::min(text.size(), signature.size());
  return text.substr(0, common) == signature.substr(0, common);
}

}  // namespace

ProxyParsed parseProxyHeader(Bytes prefix) {
  ProxyParsed parsed;
  const std::string_view text = textOf(prefix.first(std::min<size_t>(prefix.size(), FixedSize)));
  const bool v1 = startsLike(text, SignatureV1);
  if (!v1 && !startsLike(text, SignatureV2)) {
    parsed.status = Status::NotProxy;
    return parsed;
  }
  const size_t signature = v1 ? SignatureV1.size() : SignatureV2.size();
  if (text.size() < signature) return parsed;
  parsed.signature = true;
  parsed.status = v1 ? parseV1(prefix, parsed.header) : parseV2(prefix, parsed.header);
  return parsed;
}

std::string makeProxyHeader(ProxyVersion version, const IpPort& source, const IpPort& destination,
                            std::span<const ProxyTlv> tlvs) {
  const bool known = source.ip.family != Family::None && destination.ip.family != Family::None;
  if (!known && version == ProxyVersion::V1) return std::string(SignatureV1) + "UNKNOWN\r\n";
  IpPort from = source;
  IpPort to = destination;
  if (known && from.ip.family != to.ip.family) {
    from.ip = mapped(from.ip);
    to.ip = mapped(to.ip);
  }
  return version == ProxyVersion::V1 ? makeV1(from, to) : makeV2(known, from, to, tlvs);
}

}  // namespace weir::net
