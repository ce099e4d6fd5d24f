#include "source/extensions/listener/proto_detect/server_greeting.h"

namespace weir::extensions {
namespace {

using namespace std::string_view_literals;
using probe::Bytes;
using probe::Layout;
using probe::Match;
using probe::Probe;
using probe::startsWith;
using probe::startsWithAny;

// The longest line of a reply (RFC 5321, 4.5.3.1.5), and of FTP's banners in practice.
constexpr size_t MaxLine = 512;

// A packet of sequence 0 of the MySQL client/server protocol: length of three bytes,
// least first; protocol version 10, then the server's version as text. MariaDB greets the same way.
Match mysqlGreeting(Bytes bytes) {
  Layout layout(bytes);
  layout.littleEndian(0, 3, 20, 1'024).is(3, 0).is(4, 10).in(5, '0', '9');
  return layout.match();
}

// The same packet with an error in place of the greeting: 0xff and a code from 1000 on (too many
// connections, host not allowed, ...).
Match mysqlError(Bytes bytes) {
  Layout layout(bytes);
  layout.littleEndian(0, 3, 9, 1'024).is(3, 0).is(4, 0xff).littleEndian(5, 2, 1'000, 9'999);
  return layout.match();
}

Match mysql(Bytes bytes) { return std::max(mysqlGreeting(bytes), mysqlError(bytes)); }

Match ssh(Bytes bytes) {
  constexpr std::string_view Starts[] = {"SSH-2.0-", "SSH-1."};
  return startsWithAny(bytes, Starts);
}

Match imap(Bytes bytes) {
  constexpr std::string_view Starts[] = {"* OK", "* PREAUTH", "* BYE"};
  return startsWithAny(bytes, Starts);
}

Match pop3(Bytes bytes) { return startsWith(bytes, "+OK"); }
Match vnc(Bytes bytes) { return startsWith(bytes, "RFB 00"); }
Match nats(Bytes bytes) { return startsWith(bytes, "INFO {"); }
Match rsync(Bytes bytes) { return startsWith(bytes, "@RSYNCD: "); }
Match sieve(Bytes bytes) { return startsWith(bytes, "\"IMPLEMENTATION\""); }
Match asteriskManager(Bytes bytes) { return startsWith(bytes, "Asterisk Call Manager/"); }

// Redis speaks first only to turn a client away.
Match redis(Bytes bytes) {
  constexpr std::string_view Starts[] = {"-DENIED Redis", "-ERR max number of clients"};
  return startsWithAny(bytes, Starts);
}

// Option negotiation: IAC, one of WILL, WON'T, DO, DON'T, an option.
Match telnet(Bytes bytes) {
  return Layout(bytes).is(0, 0xff).in(1, 0xfb, 0xfe).in(2, 0, 39).match();
}

// `code`, then a space or a hyphen. The words that tell the protocols with such replies apart come
// later in the line.
Match replyWith(Bytes bytes, std::string_view code) {
  const Match found = startsWith(bytes, code);
  if (found != Match::Yes || bytes.size() == code.size()) return std::min(found, Match::Maybe);
  const uint8_t next = bytes[code.size()];
  return next == ' ' || next == '-' ? Match::Yes : Match::No;
}

bool containsFolded(Bytes bytes, std::string_view lower) {
  for (; bytes.size() >= lower.size(); bytes = bytes.subspan(1)) {
    if (probe::startsWithFolded(bytes, lower) == Match::Yes) return true;
  }
  return false;
}

// The first line without its end. `complete` says whether more bytes could still add to it.
Bytes firstLine(Bytes bytes, bool& complete) {
  const auto window = bytes.first(std::min(bytes.size(), MaxLine));
  const auto end = std::ranges::find(window, static_cast<uint8_t>('\n'));
  complete = end != window.end() || window.size() == MaxLine;
  return window.first(static_cast<size_t>(end - window.begin()));
}

// A reply with one of `codes` whose first line holds `word` (and not `other`, if that is given).
Match replyLine(Bytes bytes, std::span<const std::string_view> codes, std::string_view word,
                std::string_view other = {}) {
  Match code = Match::No;
  for (const auto text : codes) code = std::max(code, replyWith(bytes, text));
  if (code != Match::Yes) return code;
  bool complete = false;
  const Bytes line = firstLine(bytes, complete);
  if (!complete) return Match::Maybe;
  const bool matches =
      containsFolded(line, word) && (other.empty() || !containsFolded(line, other));
  return matches ? Match::Yes : Match::No;
}

Match smtp(Bytes bytes) {
  constexpr std::string_view Codes[] = {"220", "421", "554"};
  return replyLine(bytes, Codes, "smtp");
}

Match lmtp(Bytes bytes) {
  constexpr std::string_view Codes[] = {"220"};
  return replyLine(bytes, Codes, "lmtp");
}

Match ftp(Bytes bytes) {
  constexpr std::string_view Codes[] = {"220", "120", "421", "530"};
  return replyLine(bytes, Codes, "ftp", "smtp");
}

Match nntp(Bytes bytes) {
  constexpr std::string_view Codes[] = {"200", "201"};
  return std::max(replyLine(bytes, Codes, "nntp"), replyLine(bytes, Codes, "innd"));
}

// RFC 5321 wants the host's name behind the code, which FTP servers put elsewhere: `220
// mail.example.com ready`.
Match smtpByName(Bytes bytes) {
  constexpr std::string_view Codes[] = {"220", "554"};
  const Match reply = replyLine(bytes, Codes, "", "ftp");
  if (reply != Match::Yes) return reply;
  bool complete = false;
  const Bytes line = firstLine(bytes, complete);
  const Bytes rest = line.subspan(std::min<size_t>(line.size(), 4));
  const auto word_end = std::ranges::find_if(rest, [](uint8_t b) { return b <= ' ' || b >= 0x7f; });
  const Bytes word = rest.first(static_cast<size_t>(word_end - rest.begin()));
  const bool dotted = std::ranges::find(word, static_cast<uint8_t>('.')) != word.end();
  const bool name = std::ranges::all_of(word, [](uint8_t b) {
    return (b >= 'a' && b <= 'z') || (b >= 'A' && b <= 'Z') || (b >= '0' && b <= '9') || b == '.' ||
           b == '-';
  });
  return dotted && name ? Match::Yes : Match::No;
}

constexpr Probe Table[] = {
    {"mysql", mysql},   {"ssh", ssh},     {"imap", imap},           {"pop3", pop3},
    {"vnc", vnc},       {"nats", nats},   {"rsync", rsync},         {"redis", redis},
    {"telnet", telnet}, {"sieve", sieve}, {"ami", asteriskManager}, {"lmtp", lmtp},
    {"smtp", smtp},     {"ftp", ftp},     {"nntp", nntp},           {"smtp", smtpByName},
};

}  // namespace

probe::Naming nameServerBytes(Bytes bytes) {
  if (bytes.empty()) return {Match::Maybe, {}};
  return probe::firstMatch(Table, bytes);
}

std::string_view nameServerGreeting(Bytes first_bytes) {
  const std::string_view name = nameServerBytes(first_bytes).name;
  return name.empty() ? "tcp"sv : name;
}

}  // namespace weir::extensions
