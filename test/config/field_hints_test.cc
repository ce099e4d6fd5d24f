#include "source/config/field_hints.h"

#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include <string>

#include "api/weir/config/v1/bootstrap.pb.h"
#include "api/weir/config/v1/route.pb.h"
#include "api/weir/extensions/http/rbac/v1/rbac.pb.h"
#include "api/weir/extensions/network/http_conn_manager/v1/http_conn_manager.pb.h"
#include "api/weir/extensions/network/rbac/v1/rbac.pb.h"

namespace weir::config {
namespace {

using Manager = weir::extensions::network::http_conn_manager::v1::HttpConnectionManager;
using weir::extensions::http::rbac::v1::HttpPrincipal;
using weir::extensions::network::rbac::v1::Principal;

// A field that a later build has needs no hint any more, and would never be given one.
TEST(FieldHintsTest, EachIsOfAMessageThatHasNoSuchField) {
  for (const auto* type :
       {v1::Bootstrap::descriptor(), v1::RouteConfiguration::descriptor(), Manager::descriptor(),
        Principal::descriptor(), HttpPrincipal::descriptor()}) {
    ASSERT_NE(type, nullptr);
  }
  for (const FieldHint& hint : fieldHints()) {
    const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindMessageTypeByName(
        std::string(hint.message));
    ASSERT_NE(type, nullptr) << hint.message;
    EXPECT_EQ(type->FindFieldByName(std::string(hint.field)), nullptr)
        << hint.message << " has " << hint.field;
    EXPECT_FALSE(hint.text.empty()) << hint.field;
  }
}

TEST(FieldHintsTest, AreFoundBySnakeCaseAndCamelCase) {
  constexpr std::string_view Action = "weir.config.v1.RouteAction";
  EXPECT_EQ(fieldHint(Action, "host_rewrite"), "it is called host_rewrite_literal");
  EXPECT_EQ(fieldHint(Action, "hostRewrite"), "it is called host_rewrite_literal");
  EXPECT_EQ(fieldHint(Action, "host_rewrite_literal"), "");
  EXPECT_EQ(fieldHint("weir.config.v1.Route", "host_rewrite"), "");
}

TEST(ValueHintsTest, EachIsOfAnEnumerationThatHasNoSuchValue) {
  ASSERT_NE(v1::Bootstrap::descriptor(), nullptr);
  for (const ValueHint& hint : valueHints()) {
    const auto* type = google::protobuf::DescriptorPool::generated_pool()->FindEnumTypeByName(
        std::string(hint.enumeration));
    ASSERT_NE(type, nullptr) << hint.enumeration;
    EXPECT_EQ(type->FindValueByName(std::string(hint.value)), nullptr)
        << hint.enumeration << " has " << hint.value;
    EXPECT_FALSE(hint.text.empty()) << hint.value;
    EXPECT_EQ(valueHint(hint.enumeration, hint.value), hint.text);
  }
  EXPECT_EQ(valueHint("weir.config.v1.Cluster.Type", "STATIC"), "");
  EXPECT_EQ(valueHint("weir.config.v1.Cluster.LbPolicy", "EDS"), "");
}

}  // namespace
}  // namespace weir::config
