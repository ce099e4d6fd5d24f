// The example's own configuration is right.

#include <gtest/gtest.h>

#include <string>

#include "proxy/extensions.h"
#include "source/config/load_settings.h"
#include "source/main/extensions.h"

namespace custom {
namespace {

TEST(ConfigTest, TheExampleIsRight) {
  weir::config::Registry registry;
  weir::registerBuiltins(registry);
  registerExtensions(registry);
  const auto loaded = weir::config::loadSettings("proxy.yaml", registry);
  EXPECT_TRUE(loaded.errors.empty()) << weir::config::formatErrors("proxy.yaml", loaded.errors);
}

}  // namespace
}  // namespace custom
