#include "test/extensions/listener/proto_detect/protocol_samples.h"

namespace weir::test {

using namespace std::string_literals;

namespace {

std::vector<ProtocolSample> binarySamples() {
  return {
      {"\0\0\0\x08\x04\xd2\x16\x2f"s, "postgresql"},                              // SSLRequest
      {"\0\0\0\x08\x04\xd2\x16\x30"s, "postgresql"},                              // GSSENCRequest
      {"\0\0\0\x10\x04\xd2\x16\x2e\0\0\x12\x34\x56\x78\x9a\xbc"s, "postgresql"},  // CancelRequest
      {"\0\0\0\x21\0\3\0\0user\0alice\0database\0db\0\0"s, "postgresql"},
      {"\0\0\0\x21\0\3\0\2user\0alice\0database\0db\0\0"s, "postgresql"},
      {"\0\0\0\x09\0\3\0\0\0"s, "postgresql"},
      {"\x3a\0\0\0\1\0\0\0\0\0\0\0\xd4\x07\0\0\0\0\0\0admin.$cmd\0"s, "mongodb"},  // OP_QUERY
      {"\x7b\0\0\0\1\0\0\0\0\0\0\0\xdd\x07\0\0\0\0\0\0"s, "mongodb"},              // OP_MSG
      {"AMQP\0\0\x09\x01"s, "amqp"},
      {"AMQP\3\1\0\0"s, "amqp"},
      {"AMQP\1\1\0\x0a"s, "amqp"},
      {"\x10\x0f\0\x04MQTT\x04\x02\0\x3c\0\x03"s + "abc", "mqtt"},
      {"\x10\xa5\x02\0\x04MQTT\x05\x02\0\x3c"s, "mqtt"},
      {"\x10\x11\0\x06MQIsdp\x03\x02\0\x3c\0\x03"s + "abc", "mqtt"},
      {"\0\0\0\x23\0\x12\0\x03\0\0\0\x01\0\x0a"s + "producer-1\0"s, "kafka"},
      {"\0\0\0\x15\0\x03\0\0\0\0\0\0\0\x03"s + "abc\0\0\0\0"s,
       "kafka"},  // like PostgreSQL 3.0 for eight bytes
      {"\0\0\0\x0e\0\x12\0\0\0\0\0\x01\xff\xff"s, "kafka"},
      {"\x80\x00\x00\x03\0\0\0\0\0\0\0\x03\0\0\0\0\0\0\0\0\0\0\0\0key"s, "memcached"},
      {"\x80\x0b\x00\x00\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"s, "memcached"},
      {"\x04\0\0\0\x05\0\0\0\0"s, "cassandra"},
      {"\x05\0\0\x01\x05\0\0\0\0"s, "cassandra"},
      {"\x04\0\0\0\x01\0\0\0\x16\0\x01\0\x0b"s + "CQL_VERSION\0\x05"s + "3.0.0", "cassandra"},
      {"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c"s, "proxy"},
      {"\0\0\0\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x75\x30\0\0\0\0\0\0\0\0\0\0\0\x10"s +
           std::string(17, '\0'),
       "zookeeper"},
      {"\x03\0\0\x2b\x26\xe0\0\0\0\0\0"s + "Cookie: mstshash=alice\r\n", "rdp"},
      {"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x0b\0\0\0"s, "rdp"},
      {"\x30\x0c\x02\x01\x01\x60\x07\x02\x01\x03\x04\0\x80\0"s, "ldap"},
      {"\x30\x84\0\0\0\x10\x02\x01\x01\x60\x84\0\0\0\x07\x02\x01\x03\x04\0\x80\0"s, "ldap"},
      {"\x30\x1d\x02\x01\x01\x77\x18\x80\x16"s + "1.3.6.1.4.1.1466.20037", "ldap"},
      {"\0\0\0\x2f\xffSMBr\0\0\0\0"s, "smb"},
      {"\0\0\0\x66\xfeSMB\x40\0\0\0"s, "smb"},
      {"\x13"s + "BitTorrent protocol" + std::string(48, '\0'), "bittorrent"},
      {"l\0\x0b\0\0\0\x12\0\x10\0\0\0"s, "x11"},
      {"B\0\0\x0b\0\0\0\x12\0\x10\0\0"s, "x11"},
      {"\0\x1d\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07"s + "example\x03"s + "com\0\0\x01\0\x01"s,
       "dns"},
      {"\0\x28\x12\x34\x01\x20\0\x01\0\0\0\0\0\x01\x07"s + "example\x03"s + "com\0\0\x01\0\x01"s,
       "dns"},
      {"\x12\x01\0\x2f\0\0\x01\0\0\0\x1a\0\x06\x01\0\x20"s, "mssql"},
      {"\0\xd8\0\0\x01\0\0\0\x01\x3a\x01\x2c\x0c\x41"s, "oracle"},
      {"\x80\0\0\x28\x11\x22\x33\x44\0\0\0\0\0\0\0\x02\0\x01\x86\xa3"s, "sunrpc"},
      {"ES\0\0\0\x37\0\0\0\0\0\0\0\1"s, "elasticsearch"},
  };
}

std::vector<ProtocolSample> textSamples() {
  return {
      {"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", "ssh"},
      {"*1\r\n$4\r\nPING\r\n", "redis"},
      {"*3\r\n$5\r\nHELLO\r\n$1\r\n3\r\n", "redis"},
      {"*12\r\n$11\r\nsubscribe_x\r\n", "redis"},
      {"*1048576\r\n$4\r\nMGET\r\n", "redis"},
      {"PING\r\n", "redis"},
      {"get k\r\n", "memcached"},
      {"get k1 k2\r\n", "memcached"},
      {"gets k\r\n", "memcached"},
      {"set key 0 900 5\r\nvalue\r\n", "memcached"},
      {"incr counter 1\r\n", "memcached"},
      {"delete key\r\n", "memcached"},
      {"stats\r\n", "memcached"},
      {"stats items\r\n", "memcached"},
      {"version\r\n", "memcached"},
      {"mg key v\r\n", "memcached"},
      {"PROXY TCP4 192.0.2.1 192.0.2.2 5000 80\r\n", "proxy"},
      {"PROXY TCP6 ::1 ::1 5000 80\r\n", "proxy"},
      {"PROXY UNKNOWN\r\n", "proxy"},
      {"CONNECT {\"verbose\":false}\r\nPING\r\n", "nats"},
      {"CONNECT {\"verbose\": false}\r\n", "nats"},
      {"OPTIONS rtsp://example.com/media RTSP/1.0\r\nCSeq: 1\r\n", "rtsp"},
      {"DESCRIBE rtsp://example.com/media RTSP/1.0\r\n", "rtsp"},
      {"OPTIONS * RTSP/1.0\r\n", "rtsp"},
      {"INVITE sip:bob@example.com SIP/2.0\r\n", "sip"},
      {"OPTIONS sip:bob@example.com SIP/2.0\r\n", "sip"},
      {"REGISTER sips:example.com SIP/2.0\r\n", "sip"},
      {"OPTIONS icap://h/x ICAP/1.0\r\n", "icap"},
      {"REQMOD icap://h/x ICAP/1.0\r\n", "icap"},
      {"EHLO client.example\r\n", "smtp"},
      {"helo client\r\n", "smtp"},
      {"LHLO client.example\r\n", "lmtp"},
      {"a001 CAPABILITY\r\n", "imap"},
      {"1 login alice secret\r\n", "imap"},
      {"CAPA\r\n", "pop3"},
      {"CONNECT\naccept-version:1.2\nhost:h\n\n\0"s, "stomp"},
      {"STOMP\r\naccept-version:1.2\r\n", "stomp"},
      {"ruok", "zookeeper"},
      {"mntr", "zookeeper"},
      {"CAP LS 302\r\n", "irc"},
      {"NICK alice\r\n", "irc"},
      {"<stream:stream to='example.com'>", "xmpp"},
      {"<?xml version='1.0'?><stream:stream to='example.com' xmlns='jabber:client'>", "xmpp"},
      {"0032git-upload-pack /project.git\0host=example.com\0"s, "git"},
      {"@RSYNCD: 31.0 sha512\n", "rsync"},
  };
}

}  // namespace

std::vector<ProtocolSample> clientSamples() {
  std::vector<ProtocolSample> samples = binarySamples();
  const std::vector<ProtocolSample> text = textSamples();
  samples.insert(samples.end(), text.begin(), text.end());
  return samples;
}

std::vector<ProtocolSample> serverSamples() {
  return {
      {"\x4a\0\0\0\x0a"s + "8.0.36\0\x0b\0\0\0"s, "mysql"},
      {"\x6c\0\0\0\x0a"s + "5.5.5-10.11.6-MariaDB-0+deb12u1\0"s, "mysql"},
      {"\x17\0\0\0\xff\x10\x04"s + "Too many connections", "mysql"},
      {"\x45\0\0\0\xff\x6a\x04"s + "Host '192.0.2.1' is not allowed to connect", "mysql"},
      {"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n", "ssh"},
      {"SSH-1.99-OpenSSH_3.4\r\n", "ssh"},
      {"220 mail.example.com ESMTP Postfix (Debian)\r\n", "smtp"},
      {"220-mx.example.com ESMTP Exim 4.96\r\n220 ready\r\n", "smtp"},
      {"220 mail.example.com ready\r\n", "smtp"},
      {"554 mail.example.com ESMTP not accepting messages\r\n", "smtp"},
      {"220 mail.example.com LMTP ready\r\n", "lmtp"},
      {"220 (vsFTPd 3.0.3)\r\n", "ftp"},
      {"220 ftp.example.com FTP server ready.\r\n", "ftp"},
      {"220---------- Welcome to Pure-FTPd [privsep] [TLS] ----------\r\n", "ftp"},
      {"* OK [CAPABILITY IMAP4rev1 STARTTLS] Dovecot ready.\r\n", "imap"},
      {"* PREAUTH ready\r\n", "imap"},
      {"+OK Dovecot ready.\r\n", "pop3"},
      {"RFB 003.008\n", "vnc"},
      {"-DENIED Redis is running in protected mode", "redis"},
      {"-ERR max number of clients reached\r\n", "redis"},
      {"INFO {\"server_id\":\"x\"}\r\n", "nats"},
      {"@RSYNCD: 31.0\n", "rsync"},
      {"\xff\xfd\x18\xff\xfd\x20", "telnet"},
      {"200 news.example.com InterNetNews NNRP server INN 2.7.1 ready (NNTP)\r\n", "nntp"},
      {"\"IMPLEMENTATION\" \"Dovecot Pigeonhole\"\r\n", "sieve"},
      {"Asterisk Call Manager/5.0.1\r\n", "ami"},
  };
}

}  // namespace weir::test
