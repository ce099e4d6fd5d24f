// Every rule for the match of a chain.
#include "test/config/rejected_fields.h"

namespace weir::config {
namespace {

using Case = RejectedField;

class MatchFieldTest : public FieldTest {};
TEST_P(MatchFieldTest, IsCheckedAndReportedWhereItStands) {
  expectError("listeners:\n- name: l\n  address: 127.0.0.1:15001\n  listener_filters: [" +
              OriginalDst + "]\n  filter_chains:\n  - name: c\n    filters: [" + Echo +
              "]\n    match: {%s}\n");
}
const std::string MatchIs = "listeners[0].filter_chains[0].match.";
INSTANTIATE_TEST_SUITE_P(
    Ports, MatchFieldTest,
    testing::Values(Case{"destination_ports: [1, 65535]", ""},
                    Case{"destination_ports: [0]",
                         ":8:33: " + MatchIs +
                             "destination_ports[0]: 0 is out of range: from 1 to 65535 is allowed"},
                    Case{"source_ports: [1, 65536]",
                         ":8:31: " + MatchIs +
                             "source_ports[1]: 65536 is out of range: from 1 to 65535 is allowed"},
                    Case{"destination_ports: [80, 81, 80]",
                         ":8:41: " + MatchIs +
                             "destination_ports[2]: port 80 stands twice in this list"}));
INSTANTIATE_TEST_SUITE_P(
    Prefixes, MatchFieldTest,
    testing::Values(
        Case{"prefix_ranges: [10.0.0.0/8, '2001:db8::/32', 10.1.2.3, '::1', 0.0.0.0/0]", ""},
        Case{"prefix_ranges: [10.1.2.3/8]",
             ":8:29: " + MatchIs +
                 "prefix_ranges[0]: \"10.1.2.3/8\" has bits set behind its prefix; did "
                 "you mean \"10.0.0.0/8\"?"},
        Case{"direct_source_prefix_ranges: ['2001:db8::1/33']",
             ":8:43: " + MatchIs +
                 "direct_source_prefix_ranges[0]: \"2001:db8::1/33\" has bits set behind its "
                 "prefix; did you mean "
                 "\"2001:db8::/33\"?"},
        Case{"source_prefix_ranges: [10.0.0.0/33]",
             ":8:36: " + MatchIs +
                 "source_prefix_ranges[0]: the prefix length of \"10.0.0.0/33\" must be a number "
                 "from 0 to 32"},
        Case{"source_prefix_ranges: ['::/129']",
             ":8:36: " + MatchIs +
                 "source_prefix_ranges[0]: the prefix length of \"::/129\" must be a number from 0 "
                 "to 128"},
        Case{"source_prefix_ranges: [10.0.0.0/]",
             ":8:36: " + MatchIs +
                 "source_prefix_ranges[0]: the prefix length of \"10.0.0.0/\" must be a number "
                 "from 0 to 32"},
        Case{"source_prefix_ranges: [10.0.0/8]",
             ":8:36: " + MatchIs +
                 "source_prefix_ranges[0]: \"10.0.0\" is not an IP address; a range is written "
                 "10.0.0.0/8 or "
                 "2001:db8::/32"},
        Case{"source_prefix_ranges: ['[::1]/128']",
             ":8:36: " + MatchIs +
                 "source_prefix_ranges[0]: \"[::1]\" is not an IP address; an IPv6 range has no "
                 "brackets: "
                 "2001:db8::/32"},
        Case{"source_prefix_ranges: ['']",
             ":8:36: " + MatchIs +
                 "source_prefix_ranges[0]: is required: a range such as 10.0.0.0/8"},
        Case{"source_prefix_ranges: [10.0.0.1, 10.0.0.1/32]",
             ":8:46: " + MatchIs +
                 "source_prefix_ranges[1]: \"10.0.0.1/32\" stands twice in this list"}));

const std::string NameIs = ":8:28: " + MatchIs + "server_names[0]: ";
INSTANTIATE_TEST_SUITE_P(
    ServerNames, MatchFieldTest,
    testing::Values(
        Case{"server_names: [a, db.example.com, '*.Example.com', _x.a-b.c, xn--caf-dma.example]",
             ""},
        Case{"server_names: ['']",
             NameIs + "is required: a name such as \"db.example.com\" or \"*.example.com\""},
        Case{"server_names: ['*']",
             NameIs + "\"*\" is not a server name: it would match every name: leave it out"},
        Case{"server_names: ['a.*.com']",
             NameIs + "\"a.*.com\" is not a server name: a wildcard is only allowed as the whole "
                      "first label: "
                      "\"*.example.com\" matches every name below example.com"},
        Case{"server_names: ['*x.com']",
             NameIs + "\"*x.com\" is not a server name: a wildcard is only allowed as the whole "
                      "first label: "
                      "\"*.example.com\" matches every name below example.com"},
        Case{"server_names: ['a.com.']",
             NameIs + "\"a.com.\" is not a server name: it ends in a dot; leave that out"},
        Case{"server_names: ['.a.com']",
             NameIs + "\".a.com\" is not a server name: a label between two dots is empty"},
        Case{"server_names: ['a..com']",
             NameIs + "\"a..com\" is not a server name: a label between two dots is empty"},
        Case{"server_names: ['a.com:443']",
             NameIs +
                 "\"a.com:443\" is not a server name: a server name has no scheme, port or path"},
        Case{"server_names: ['caf\xc3\xa9.fr']",
             NameIs + "\"caf\xc3\xa9.fr\" is not a server name: names outside ASCII are sent in "
                      "their xn-- form: "
                      "write that"},
        Case{"server_names: ['a b']",
             NameIs + "\"a b\" is not a server name: the character \" \" cannot be in \"a b\""},
        Case{"server_names: ['" + std::string(64, 'a') + "']",
             NameIs + "\"" + std::string(64, 'a') +
                 "\" is not a server name: a label has at most 63 bytes"},
        Case{"server_names: ['" + std::string(254, 'a') + "']",
             NameIs + "\"" + std::string(80, 'a') +
                 "...\" is not a server name: a name has at most 253 bytes"},
        Case{"server_names: [a.com, A.com]",
             ":8:35: " + MatchIs + "server_names[1]: \"A.com\" stands twice in this list"}));
INSTANTIATE_TEST_SUITE_P(
    Protocols, MatchFieldTest,
    testing::Values(
        Case{"transport_protocol: tls", ""}, Case{"transport_protocol: raw_buffer", ""},
        Case{"application_protocols: [http/1.1, h2c]", ""},
        Case{"transport_protocol: TLS",
             ":8:33: " + MatchIs +
                 "transport_protocol: expected \"tls\" or \"raw_buffer\", not \"TLS\"; did "
                 "you mean \"tls\"?"},
        Case{"transport_protocol: quic",
             ":8:33: " + MatchIs +
                 "transport_protocol: expected \"tls\" or \"raw_buffer\", not \"quic\""},
        Case{"application_protocols: ['']",
             ":8:37: " + MatchIs +
                 "application_protocols[0]: is required: a protocol's name, such as \"http/1.1\""},
        Case{"application_protocols: [HTTP/1.1]",
             ":8:37: " + MatchIs +
                 "application_protocols[0]: no connection has the protocol \"HTTP/1.1\": write "
                 "\"http/1.1\""},
        Case{"application_protocols: [h2, Redis]",
             ":8:41: " + MatchIs +
                 "application_protocols[1]: no connection has the protocol \"Redis\": write "
                 "\"redis\""},
        Case{"application_protocols: [http2]",
             ":8:37: " + MatchIs +
                 "application_protocols[0]: no connection has the protocol \"http2\": write "
                 "\"h2c\" (clear text), \"h2\" (ALPN) or both"},
        Case{"application_protocols: [mysql]",
             ":8:37: " + MatchIs +
                 "application_protocols[0]: no connection has the protocol \"mysql\": only the "
                 "server's greeting tells it, when the chain is already decided"},
        Case{"transport_protocol: tls, application_protocols: [h2c]",
             ":8:61: " + MatchIs +
                 "application_protocols: \"h2c\" is HTTP/2 in clear text, but transport_protocol "
                 "is tls; write \"h2\""},
        Case{"transport_protocol: raw_buffer, application_protocols: [h2]",
             ":8:68: " + MatchIs +
                 "application_protocols: \"h2\" is told by ALPN alone, but transport_protocol is "
                 "raw_buffer; write \"h2c\""},
        Case{"transport_protocol: tls, application_protocols: [h2, h2c, My-Own]", ""},
        Case{"transport_protocol: raw_buffer, application_protocols: [h2c, h2, redis]", ""},
        Case{"application_protocols: [h2, h2]",
             ":8:41: " + MatchIs + "application_protocols[1]: \"h2\" stands twice in this list"},
        Case{"application_protocols: [" + std::string(256, 'h') + "]",
             ":8:37: " + MatchIs +
                 "application_protocols[0]: a protocol's name has at most 255 bytes"},
        Case{"source_type: LOCAL",
             ":8:26: " + MatchIs +
                 "source_type: expected one of ANY, SAME_IP_OR_LOOPBACK, EXTERNAL, not LOCAL"}));

}  // namespace
}  // namespace weir::config
