#include "test/config/fake_extensions.h"

#include <chrono>
#include <string>
#include <utility>

#include "api/weir/extensions/listener/original_dst/v1/original_dst.pb.h"
#include "api/weir/extensions/listener/proto_detect/v1/proto_detect.pb.h"
#include "api/weir/extensions/listener/tls_inspector/v1/tls_inspector.pb.h"
#include "api/weir/extensions/network/bypass/v1/bypass.pb.h"
#include "api/weir/extensions/network/direct_response/v1/direct_response.pb.h"
#include "api/weir/extensions/network/echo/v1/echo.pb.h"
#include "api/weir/extensions/network/tcp_proxy/v1/tcp_proxy.pb.h"
#include "source/config/field_checks.h"

namespace weir::config {
namespace {

using extensions::listener::original_dst::v1::OriginalDst;
using extensions::listener::proto_detect::v1::ProtoDetect;
using extensions::listener::tls_inspector::v1::TlsInspector;
using extensions::network::bypass::v1::Bypass;
using extensions::network::direct_response::v1::DirectResponse;
using extensions::network::echo::v1::Echo;
using extensions::network::tcp_proxy::v1::TcpProxy;
using filter::Fact;
using filter::FactSet;

// The static name of a message type.
template <class Message>
std::string_view typeName() {
  static const std::string name = Message().GetDescriptor()->full_name();
  return name;
}

class FakeNetworkFilter final : public filter::NetworkFilterFactory {
 public:
  explicit FakeNetworkFilter(std::string_view name) : name_(name) {}
  std::string_view name() const override { return name_; }
  void create(filter::FilterAdder&) const override {}

 private:
  std::string_view name_;
};

class FakeListenerFilter final : public filter::ListenerFilterFactory {
 public:
  FakeListenerFilter(std::string_view name, FactSet provides) : name_(name), provides_(provides) {}
  std::string_view name() const override { return name_; }
  FactSet provides() const override { return provides_; }
  std::unique_ptr<filter::ListenerFilter> create() const override { return nullptr; }
  size_t maxBytes() const override { return 0; }

 private:
  std::string_view name_;
  FactSet provides_;
};

template <class Message>
class PlainNetwork : public NetworkFilterConfigFactory {
 public:
  std::string_view messageType() const override { return typeName<Message>(); }
  bool isTerminal() const override { return true; }
  std::unique_ptr<filter::NetworkFilterFactory> create(const google::protobuf::Message&,
                                                       const FieldScope&,
                                                       BuildContext&) const override {
    return std::make_unique<FakeNetworkFilter>(messageType());
  }
};

class FakeBypass final : public PlainNetwork<Bypass> {
 public:
  bool mustBeAlone() const override { return true; }
};

// Not terminal, so that chains of more than one filter can be tested.
class FakeDirectResponse final : public PlainNetwork<DirectResponse> {
 public:
  bool isTerminal() const override { return false; }
};

class FakeTcpProxy final : public PlainNetwork<TcpProxy> {
 public:
  std::unique_ptr<filter::NetworkFilterFactory> create(const google::protobuf::Message& message,
                                                       const FieldScope& scope,
                                                       BuildContext& context) const override {
    const auto& settings = static_cast<const TcpProxy&>(message);
    context.checkCluster(scope.field("cluster"), settings.cluster());
    checkDuration(scope.field("idle_timeout"),
                  settings.has_idle_timeout() ? &settings.idle_timeout() : nullptr,
                  std::chrono::hours(1),
                  {std::chrono::milliseconds(1), std::chrono::hours(8760), true});
    return std::make_unique<FakeNetworkFilter>(messageType());
  }
};

template <class Message>
class FakeListener final : public ListenerFilterConfigFactory {
 public:
  FakeListener(FactSet provides, FactSet by_default)
      : provides_(provides), by_default_(by_default) {}
  std::string_view messageType() const override { return typeName<Message>(); }
  FactSet defaultProviderOf() const override { return by_default_; }
  std::unique_ptr<filter::ListenerFilterFactory> create(const google::protobuf::Message&,
                                                        const FieldScope&,
                                                        BuildContext&) const override {
    return std::make_unique<FakeListenerFilter>(messageType(), provides_);
  }

 private:
  FactSet provides_;
  FactSet by_default_;
};

constexpr FactSet TlsFacts =
    Fact::TransportProtocol | Fact::ServerName | FactSet(Fact::ApplicationProtocols);

}  // namespace

Registry fakeRegistry() {
  Registry registry;
  registry.add(std::make_unique<FakeListener<OriginalDst>>(Fact::Destination, FactSet()));
  registry.add(std::make_unique<FakeListener<ProtoDetect>>(Fact::ApplicationProtocols,
                                                           Fact::ApplicationProtocols));
  registry.add(std::make_unique<FakeListener<TlsInspector>>(TlsFacts, TlsFacts));
  registry.add(std::make_unique<FakeBypass>());
  registry.add(std::make_unique<FakeDirectResponse>());
  registry.add(std::make_unique<PlainNetwork<Echo>>());
  registry.add(std::make_unique<FakeTcpProxy>());
  return registry;
}

}  // namespace weir::config
