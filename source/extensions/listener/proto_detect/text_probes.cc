// Probes for protocols made of lines of text. A word alone is conclusive where no other protocol
// uses it; else the shape of what follows decides.

#include "source/extensions/listener/proto_detect/protocol_names.h"

namespace weir::extensions {
namespace {

using namespace std::string_view_literals;
using probe::Bytes;
using probe::Match;
using probe::Probe;
using probe::startsWith;
using probe::startsWithAny;
using probe::startsWithFolded;

constexpr size_t MaxMemcachedKey = 250;
constexpr size_t MaxImapTag = 16;
constexpr size_t MaxStreamPrologue = 256;
constexpr size_t MaxMethod = 20;
constexpr size_t MaxTarget = 512;

bool isDigit(uint8_t byte) { return byte >= '0' && byte <= '9'; }
bool isUpper(uint8_t byte) { return byte >= 'A' && byte <= 'Z'; }
bool isLetter(uint8_t byte) { return isUpper(byte) || (byte >= 'a' && byte <= 'z'); }
bool isVisible(uint8_t byte) { return byte > 0x20 && byte < 0x7f; }

// How many bytes from `at` on are `good`, at most `most`.
template <class Good>
size_t run(Bytes bytes, size_t at, size_t most, Good good) {
  size_t count = 0;
  while (at + count < bytes.size() && count < most && good(bytes[at + count])) ++count;
  return count;
}

Match proxyVersion1(Bytes bytes) {
  constexpr std::string_view Starts[] = {"PROXY TCP4 ", "PROXY TCP6 ", "PROXY UNKNOWN"};
  return startsWithAny(bytes, Starts);
}

Match ssh(Bytes bytes) {
  constexpr std::string_view Starts[] = {"SSH-2.0-", "SSH-1."};
  return startsWithAny(bytes, Starts);
}

// `mark`, one to seven digits (an array may have 1,048,576 elements), CR LF. The length of it, or
// 0: `whole` then says whether it can still become one.
size_t respCount(Bytes bytes, size_t at, uint8_t mark, Match& whole) {
  whole = Match::Maybe;
  if (at >= bytes.size()) return 0;
  const size_t digits = bytes[at] == mark ? run(bytes, at + 1, 7, isDigit) : 0;
  const Match end = startsWith(bytes.subspan(std::min(bytes.size(), at + 1 + digits)), "\r\n");
  const bool more_digits = at + 1 + digits == bytes.size();
  if (bytes[at] != mark || (digits == 0 && !more_digits) || end == Match::No) {
    whole = Match::No;
  } else if (end == Match::Yes) {
    whole = Match::Yes;
  }
  return whole == Match::Yes ? 1 + digits + 2 : 0;
}

// RESP: an array of a count of strings, the first of which is a command's name; or the one inline
// command that no other protocol begins with.
Match redis(Bytes bytes) {
  if (bytes.empty() || bytes[0] != '*') return startsWith(bytes, "PING\r\n");
  Match whole = Match::No;
  const size_t array = respCount(bytes, 0, '*', whole);
  if (whole != Match::Yes) return whole;
  const size_t text = respCount(bytes, array, '$', whole);
  if (whole != Match::Yes) return whole;
  if (array + text == bytes.size()) return Match::Maybe;
  return isLetter(bytes[array + text]) ? Match::Yes : Match::No;
}

// A command with a key, and what must follow the key.
struct MemcachedCommand {
  std::string_view word;
  bool needs_number;  // after the key: a number, as in `set k 0 0 5`; else the key may end the line
};

Match memcachedKeyed(Bytes bytes, const MemcachedCommand& command) {
  const Match word = startsWith(bytes, command.word);
  if (word != Match::Yes) return word;
  const size_t start = command.word.size();
  const size_t key = run(bytes, start, MaxMemcachedKey + 1, isVisible);
  const size_t end = start + key;
  if (key > MaxMemcachedKey) return Match::No;
  if (end == bytes.size()) return Match::Maybe;
  if (key == 0) return Match::No;
  if (!command.needs_number) {
    if (bytes[end] == '\r' || bytes[end] == '\n') return Match::Yes;
    // A second key, but not `get / HTTP/1.1`.
    if (bytes[end] != ' ') return Match::No;
    const Match http = startsWith(bytes.subspan(end + 1), "HTTP/");
    if (http != Match::No) return http == Match::Yes ? Match::No : Match::Maybe;
    return Match::Yes;
  }
  if (bytes[end] != ' ') return Match::No;
  if (end + 1 == bytes.size()) return Match::Maybe;
  return isDigit(bytes[end + 1]) ? Match::Yes : Match::No;
}

Match memcachedText(Bytes bytes) {
  constexpr std::string_view Alone[] = {"stats\r\n",    "stats\n", "stats ",         "version\r\n",
                                        "version\n",    "mn\r\n",  "flush_all",      "verbosity ",
                                        "lru_crawler ", "slabs ",  "cache_memlimit "};
  constexpr MemcachedCommand Keyed[] = {
      {"get ", false},    {"gets ", false},  {"delete ", false}, {"mg ", false}, {"md ", false},
      {"me ", false},     {"ma ", false},    {"ms ", true},      {"set ", true}, {"add ", true},
      {"replace ", true}, {"append ", true}, {"prepend ", true}, {"cas ", true}, {"incr ", true},
      {"decr ", true},    {"touch ", true},
  };
  Match best = startsWithAny(bytes, Alone);
  for (const auto& command : Keyed) best = std::max(best, memcachedKeyed(bytes, command));
  return best;
}

Match nats(Bytes bytes) { return startsWith(bytes, "CONNECT {"); }

// `METHOD SP scheme`, where the method is upper-case letters and the scheme tells the protocol.
Match requestFor(Bytes bytes, std::span<const std::string_view> schemes, std::string_view version) {
  const auto method_byte = [](uint8_t b) { return isUpper(b) || b == '_'; };
  const size_t method = run(bytes, 0, MaxMethod + 1, method_byte);
  if (method > MaxMethod) return Match::No;
  if (method == bytes.size()) return Match::Maybe;
  if (method == 0 || bytes[method] != ' ') return Match::No;
  const Bytes target = bytes.subspan(method + 1);
  const Match scheme = startsWithAny(target, schemes);
  if (scheme != Match::No) return scheme;
  // Another target (`*`, a path) is conclusive with the version behind it.
  const size_t size = run(target, 0, MaxTarget + 1, isVisible);
  if (size > MaxTarget) return Match::No;
  if (size == target.size()) return Match::Maybe;
  if (size == 0 || target[size] != ' ') return Match::No;
  return startsWith(target.subspan(size + 1), version);
}

Match rtsp(Bytes bytes) {
  constexpr std::string_view Schemes[] = {"rtsp://", "rtsps://", "rtspu://"};
  return requestFor(bytes, Schemes, "RTSP/");
}

Match sip(Bytes bytes) {
  constexpr std::string_view Schemes[] = {"sip:", "sips:"};
  return requestFor(bytes, Schemes, "SIP/2.0");
}

Match icap(Bytes bytes) {
  constexpr std::string_view Schemes[] = {"icap://", "icaps://"};
  return requestFor(bytes, Schemes, "ICAP/");
}

Match smtp(Bytes bytes) {
  return std::max(startsWithFolded(bytes, "ehlo "), startsWithFolded(bytes, "helo "));
}

Match lmtp(Bytes bytes) { return startsWithFolded(bytes, "lhlo "); }

// A tag with a digit in it, and a command that needs no login.
Match imap(Bytes bytes) {
  const auto tag_byte = [](uint8_t b) { return isLetter(b) || isDigit(b) || b == '.'; };
  const size_t tag = run(bytes, 0, MaxImapTag + 1, tag_byte);
  if (tag > MaxImapTag) return Match::No;
  if (tag == bytes.size()) return Match::Maybe;
  if (tag == 0 || bytes[tag] != ' ') return Match::No;
  if (std::none_of(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(tag), isDigit)) {
    return Match::No;
  }
  const Bytes rest = bytes.subspan(tag + 1);
  Match best = Match::No;
  for (const auto word :
       {"capability\r"sv, "login "sv, "starttls\r"sv, "authenticate "sv, "id ("sv}) {
    best = std::max(best, startsWithFolded(rest, word));
  }
  return best;
}

Match pop3(Bytes bytes) {
  return std::max(startsWithFolded(bytes, "capa\r\n"), startsWithFolded(bytes, "apop "));
}

Match stomp(Bytes bytes) {
  constexpr std::string_view Starts[] = {"CONNECT\n", "CONNECT\r\n", "STOMP\n", "STOMP\r\n"};
  return startsWithAny(bytes, Starts);
}

// Four-letter words, without "stat", with which memcached's "stats" begins.
Match zookeeperWord(Bytes bytes) {
  constexpr std::string_view Words[] = {"ruok", "srvr", "mntr", "conf", "cons", "crst", "dump",
                                        "envi", "srst", "wchs", "wchc", "wchp", "isro", "dirs"};
  return startsWithAny(bytes, Words);
}

Match irc(Bytes bytes) {
  constexpr std::string_view Starts[] = {"CAP LS", "NICK "};
  return startsWithAny(bytes, Starts);
}

// An XML stream (RFC 6120): the stream's tag, alone or behind the declaration of XML.
Match xmpp(Bytes bytes) {
  constexpr std::string_view Stream = "<stream:stream";
  const Match declaration = startsWith(bytes, "<?xml ");
  if (declaration != Match::Yes) return std::max(declaration, startsWith(bytes, Stream));
  const auto window = bytes.first(std::min(bytes.size(), MaxStreamPrologue));
  const auto found = std::search(window.begin(), window.end(), Stream.begin(), Stream.end());
  if (found != window.end()) return Match::Yes;
  return window.size() < MaxStreamPrologue ? Match::Maybe : Match::No;
}

// pkt-line: four hexadecimal digits of length, then the service.
Match git(Bytes bytes) {
  const auto hex = [](uint8_t b) { return isDigit(b) || (b >= 'a' && b <= 'f'); };
  if (run(bytes, 0, 4, hex) != std::min<size_t>(bytes.size(), 4)) return Match::No;
  if (bytes.size() < 4) return Match::Maybe;
  constexpr std::string_view Services[] = {"git-upload-pack ", "git-receive-pack ",
                                           "git-upload-archive "};
  return startsWithAny(bytes.subspan(4), Services);
}

Match rsync(Bytes bytes) { return startsWith(bytes, "@RSYNCD: "); }

constexpr Probe Table[] = {
    {"ssh", ssh},
    {"redis", redis},
    {"memcached", memcachedText},
    {"proxy", proxyVersion1},
    {"zookeeper", zookeeperWord},
    {"nats", nats},
    {"stomp", stomp},
    {"smtp", smtp},
    {"lmtp", lmtp},
    {"pop3", pop3},
    {"irc", irc},
    {"xmpp", xmpp},
    {"git", git},
    {"rsync", rsync},
    {"rtsp", rtsp},
    {"sip", sip},
    {"icap", icap},
    {"imap", imap},
};

}  // namespace

std::span<const Probe> textProbes() { return Table; }

}  // namespace weir::extensions
