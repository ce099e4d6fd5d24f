#include "source/mesh/advise.h"

#include <algorithm>
#include <utility>

namespace weir::mesh {
namespace {

constexpr std::string_view AppProtocolField = "appProtocol of the Service's port";
// Where there is no object of a cluster to annotate.
constexpr std::string_view OutboundChain = "destination_ports of a filter chain for outbound";

bool has(const Advice& advice, FirstSpeaker speaker) {
  return std::ranges::any_of(advice.protocols,
                             [&](const KnownProtocol* one) { return one->first == speaker; });
}

bool isHttp(const Advice& advice) {
  return !advice.question.tls &&
         (has(advice, FirstSpeaker::Http1) || has(advice, FirstSpeaker::Http2));
}

bool isTls(const Advice& advice) { return advice.question.tls || has(advice, FirstSpeaker::Tls); }

std::vector<const KnownProtocol*> protocolsOf(const AdviceQuestion& question) {
  if (question.protocol != nullptr) return {question.protocol};
  std::vector<const KnownProtocol*> found;
  for (const KnownProtocol& one : knownProtocols()) {
    const auto list = parsePortList(one.ports, {});
    const auto same = [&](const KnownProtocol* other) { return other->title == one.title; };
    if (list.ok() && list.value().ports().contains(question.port) &&
        std::ranges::none_of(found, same))
      found.push_back(&one);
  }
  return found;
}

EffectivePorts defaultPorts(std::string_view list, const PortDefaults& defaults) {
  const std::vector<WrittenPorts> written = {
      {PortLevel::Default, std::string(list), "default " + std::string(defaults.name)}};
  return effectivePorts(written, {}).value();
}

std::string signedPort(char sign, uint16_t port) { return sign + std::to_string(port); }

// On the client's side if the server has no proxy.
std::string whySkipped(const Advice& advice) {
  return advice.source +
         " skips the port: the kernel does not redirect it, and Weir never meets the "
         "connection. It has no mTLS, no metrics and no rules." +
         (has(advice, FirstSpeaker::Peers)
              ? " The members of a Galera cluster then see each other's own addresses."
              : "");
}

std::string whyOpaque(const Advice& advice) {
  std::string why = advice.source +
                    " has the port as opaque: Weir carries it from the first byte on and looks at "
                    "none";
  why += advice.question.off_cluster ? ". Without a proxy on the other side there is no mTLS."
                                     : ", with mTLS and metrics between proxies.";
  if (isHttp(advice) && !advice.question.off_cluster)
    why += " For HTTP that means no routes, retries and status codes, so say that it is HTTP.";
  return why;
}

std::string whyDetected(const Advice& advice) {
  if (isTls(advice))
    return "The client speaks first, and its first bytes are TLS: Weir sees the server name, "
           "passes "
           "the rest through as it is, and waits for nothing.";
  if (isHttp(advice))
    return "The client speaks first, and its first line says that it is HTTP. Routes, retries and "
           "status codes come by themselves.";
  if (has(advice, FirstSpeaker::Server))
    return "The server speaks first. When the client has been silent for 25 ms, Weir connects to "
           "the "
           "server and listens to both: the first connection to a server waits that long, the next "
           "ones about 2 ms.";
  if (advice.protocols.empty())
    return "Weir knows no protocol by this port, and need not: it looks at the first bytes of "
           "whichever side speaks, and what is not HTTP or TLS is carried as TCP. Only where both "
           "sides are silent does a connection wait.";
  if (has(advice, FirstSpeaker::Peers))
    return "Which of Galera's connections this is, the port does not tell. Group communication and "
           "incremental transfer, 4567 and 4568 as a rule, are better skipped on both sides, so "
           "that "
           "members see each other's own addresses; queries and state transfer need nothing.";
  return "The client speaks first, and what it says is told from HTTP and TLS at once: the "
         "connection is carried as TCP.";
}

std::string whyOpaqueIsBetter(const Advice& advice) {
  if (isTls(advice)) return "the server name is of no interest, and no byte is to be looked at";
  if (has(advice, FirstSpeaker::Server))
    return "also the first connection to a server is to wait for nothing";
  if (advice.protocols.empty())
    return "its first bytes can look like HTTP or TLS and are not, or client and server are both "
           "silent at first";
  return "no byte is to be looked at";
}

void addAlternatives(Advice& advice) {
  const uint16_t port = advice.question.port;
  const std::string opaque(OpaquePortsAnnotation);
  const std::string skip(advice.question.off_cluster ? SkipOutboundPortsAnnotation
                                                     : SkipInboundPortsAnnotation);
  if (advice.treatment == Treatment::Skip) {
    advice.alternatives.push_back({Treatment::Detect,
                                   {skip, signedPort('-', port)},
                                   "the connections are to have mTLS and metrics"});
    return;
  }
  if (advice.treatment == Treatment::Opaque && !advice.question.off_cluster)
    advice.alternatives.push_back({Treatment::Detect,
                                   {opaque, signedPort('-', port)},
                                   "what it carries is to be found out: server names of TLS, HTTP, "
                                   "names of protocols"});
  if (advice.treatment == Treatment::Detect && !isHttp(advice))
    advice.alternatives.push_back(
        {Treatment::Opaque,
         advice.question.off_cluster
             ? AdviceSetting{std::string(OutboundChain), std::to_string(port)}
             : AdviceSetting{opaque, signedPort('+', port)},
         whyOpaqueIsBetter(advice)});
  advice.alternatives.push_back(
      {Treatment::Skip,
       {skip, signedPort('+', port)},
       "the server must see the client's own address and connection; there is then no mTLS, no "
       "metrics and no rule"});
}

std::string titles(const Advice& advice) {
  if (advice.protocols.empty()) return "no protocol that Weir knows";
  std::string all;
  for (const KnownProtocol* one : advice.protocols) {
    if (!all.empty()) all += " or ";
    all += one->title;
  }
  return all;
}

std::string settingText(const AdviceSetting& setting) {
  return setting.name + ": \"" + setting.value + "\"";
}

void appendLine(std::string& out, std::string_view name, std::string_view text) {
  constexpr size_t Column = 12;
  out += name;
  out.append(Column - name.size(), ' ');
  out += text;
  out += '\n';
}

}  // namespace

Advice advise(const AdviceQuestion& question) {
  Advice advice;
  advice.question = question;
  advice.protocols = protocolsOf(question);
  const PortDecision decision =
      decidePort(question.port, defaultPorts(question.defaults->skipped, *question.defaults),
                 defaultPorts(question.defaults->opaque, *question.defaults), std::nullopt);
  advice.treatment = decision.treatment;
  advice.source = decision.source;
  switch (decision.treatment) {
    case Treatment::Skip: advice.why = whySkipped(advice); break;
    case Treatment::Opaque: advice.why = whyOpaque(advice); break;
    default: advice.why = whyDetected(advice);
  }
  if (decision.treatment == Treatment::Opaque && isHttp(advice) && !question.off_cluster)
    advice.configure.push_back(
        {std::string(AppProtocolField), has(advice, FirstSpeaker::Http2) ? "grpc" : "http"});
  addAlternatives(advice);
  return advice;
}

std::string adviceText(const Advice& advice) {
  std::string out;
  appendLine(out, "port",
             std::to_string(advice.question.port) + ", " + titles(advice) +
                 (advice.question.tls ? ", in the application's own TLS" : "") +
                 (advice.question.off_cluster ? ", outside of the mesh" : ""));
  if (advice.configure.empty()) appendLine(out, "configure", "nothing");
  for (const AdviceSetting& setting : advice.configure)
    appendLine(out, "configure", settingText(setting));
  appendLine(out, "otherwise",
             std::string(toString(advice.treatment)) + " (" + advice.source + ")");
  appendLine(out, "why", advice.why);
  for (const AdviceAlternative& one : advice.alternatives)
    appendLine(out, toString(one.treatment), "if " + one.when + ": " + settingText(one.setting));
  return out;
}

}  // namespace weir::mesh
