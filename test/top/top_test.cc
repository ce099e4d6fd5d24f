#include "source/top/top.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

namespace weir::top {
namespace {

TEST(AdminAddressTest, IsAPortOrTheFileOfASocket) {
  const std::string here = std::filesystem::current_path().string();
  const std::pair<const char*, std::string> cases[] = {
      {"127.0.0.1:9901", "127.0.0.1:9901"},
      {"[::1]:1", "[::1]:1"},
      {"localhost:9901", "127.0.0.1:9901"},
      {"/run/weir/admin.sock", "unix:/run/weir/admin.sock"},
      {"unix:/run/weir/admin.sock", "unix:/run/weir/admin.sock"},
      {"unix:@weir", "unix:@weir"},
  };
  for (const auto& [text, expected] : cases) {
    const auto address = parseAdminAddress(text);
    ASSERT_TRUE(address.ok()) << text;
    EXPECT_EQ(address.value().toString(), expected);
  }
  // The folder of a test may be so deep that no socket's path can name it.
  if (const auto relative = parseAdminAddress("./a.sock"); relative.ok()) {
    EXPECT_EQ(relative.value().toString(), "unix:" + here + "/./a.sock");
  } else {
    EXPECT_GT(here.size(), 90U);
  }
}

TEST(AdminAddressTest, AnythingElseIsRefusedWithWhatThereIs) {
  for (const char* text : {"", "admin.sock", "9901", "127.0.0.1", "host:9901", "127.0.0.1:99999"}) {
    const auto address = parseAdminAddress(text);
    ASSERT_FALSE(address.ok()) << text;
    EXPECT_EQ(address.error().detail,
              "\"" + std::string(text) +
                  "\" is not IP:PORT or the path of a Unix socket, with a / in it");
  }
}

}  // namespace
}  // namespace weir::top
