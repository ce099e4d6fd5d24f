#include "source/server/admin_page.h"

#include <gtest/gtest.h>

namespace weir::server {
namespace {

constexpr AdminEntry Entries[] = {
    {"GET", "/a", "reads", ""},
    {"GET", "/b", "asks", "one two"},
    {"POST", "/b", "sets <all>", "one"},
    {"POST", "/c", "ends", ""},
};

TEST(AdminPageTest, IsAListInText) {
  EXPECT_EQ(adminText(Entries),
            "GET /a  reads\nGET /b  asks (one, two)\nPOST /b  sets <all> (one)\nPOST /c  ends\n");
}

TEST(AdminPageTest, HasALinkForWhatReadsAndAFormForWhatChanges) {
  const std::string page = adminHtml(Entries);
  const auto has = [&](const char* part) { return page.find(part) != std::string::npos; };
  EXPECT_TRUE(has("<a href=\"/a\">/a</a></td><td>reads</td>")) << page;
  EXPECT_TRUE(
      has("asks<form action=\"/b\"><input name=\"one\" placeholder=\"one\"> "
          "<input name=\"two\" placeholder=\"two\"> <button>GET /b</button></form>"))
      << page;
  EXPECT_TRUE(has("sets &lt;all&gt;<form method=\"post\" action=\"/b\"><input name=\"one\""))
      << page;
  EXPECT_FALSE(has("href=\"/c\"")) << page;
}

TEST(AdminPageTest, AsksTwiceBeforeWhatTakesNothingAndChangesAll) {
  const std::string page = adminHtml(Entries);
  EXPECT_NE(page.find("<form method=\"post\" action=\"/c\"><label><input type=\"checkbox\" "
                      "required> sure</label> <button>POST /c</button></form>"),
            std::string::npos)
      << page;
}

}  // namespace
}  // namespace weir::server
