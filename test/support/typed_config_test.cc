#include "test/support/typed_config.h"

#include <gtest/gtest.h>

#include "source/extensions/listener/tls_inspector/factory.h"
#include "source/extensions/network/echo/factory.h"
#include "source/extensions/network/tcp_proxy/factory.h"

namespace weir::test {
namespace {

using Errors = std::vector<std::string>;

TEST(TypedConfigTest, WhatIsRightHasNoErrors) {
  EXPECT_EQ(errorsOf(extensions::makeEchoConfigFactory(), ""), Errors{});
  EXPECT_EQ(errorsOf(extensions::makeTcpProxyConfigFactory(), "cluster: backend"), Errors{});
  EXPECT_EQ(errorsOf(extensions::makeTlsInspectorConfigFactory(), ""), Errors{});
}

TEST(TypedConfigTest, NamesTheFieldWithinTheTypedConfig) {
  const Errors errors =
      errorsOf(extensions::makeTlsInspectorConfigFactory(), "max_client_hello_bytes: 1");
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_TRUE(errors[0].starts_with("max_client_hello_bytes: ")) << errors[0];
}

TEST(TypedConfigTest, ReportsAllOfThem) {
  EXPECT_EQ(errorsOf(extensions::makeTcpProxyConfigFactory(),
                     "cluster: nowhere, max_connect_attempts: 11")
                .size(),
            2U);
}

}  // namespace
}  // namespace weir::test
