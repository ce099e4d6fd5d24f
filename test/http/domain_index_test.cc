#include "source/http/domain_index.h"

#include <gtest/gtest.h>

namespace weir::http {
namespace {

struct Case {
  std::string authority;
  std::string domain;  // empty: none
};

class DomainTest : public testing::TestWithParam<Case> {};

TEST_P(DomainTest, IsTheMostSpecificThatFits) {
  DomainIndex index;
  uint32_t value = 0;
  for (const char* domain : {"*", "a.test", "b.test:8080", "*.test", "*.eu.test", "*-x.eu.test",
                             "*:9000", "*.test:9000", "www.*", "www.shop.*", "[::1]", "::2"}) {
    ASSERT_TRUE(index.add(domain, value++)) << domain;
  }
  const auto found = index.find(GetParam().authority);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->domain, GetParam().domain);
  EXPECT_EQ(index.valueOf(found->domain), found->value);
}

INSTANTIATE_TEST_SUITE_P(
    Authorities, DomainTest,
    testing::Values(Case{"a.test", "a.test"}, Case{"A.TEST", "a.test"}, Case{"a.test:80", "a.test"},
                    Case{"a.test:9000", "a.test"}, Case{"b.test:8080", "b.test:8080"},
                    Case{"b.test:8081", "*.test"}, Case{"b.test", "*.test"},
                    Case{"c.test:9000", "*.test:9000"}, Case{"c.other:9000", "*:9000"},
                    Case{"c.eu.test", "*.eu.test"}, Case{"c-x.eu.test", "*-x.eu.test"},
                    Case{"-x.eu.test", "*.eu.test"}, Case{".eu.test", "*.test"}, Case{".test", "*"},
                    Case{"test", "*"}, Case{"www.test", "*.test"}, Case{"www.other", "www.*"},
                    Case{"WWW.Shop.other:1", "www.shop.*"}, Case{"www.", "*"}, Case{"www.:80", "*"},
                    Case{"", "*"}, Case{":80", "*"}, Case{"[::1]", "[::1]"},
                    Case{"[::1]:443", "[::1]"}, Case{"::2", "::2"}, Case{"a.test:x", "*"},
                    Case{"a.test:", "a.test"}, Case{"*", "*"}));

TEST(DomainIndexTest, RefusesADomainThatIsThereInAnyCase) {
  DomainIndex index;
  for (const char* domain : {"*", "a.test", "*.test", "www.*", "*:80"}) {
    EXPECT_TRUE(index.add(domain, 1));
  }
  for (const char* domain : {"*", "A.test", "*.Test", "WWW.*", "*:80"}) {
    EXPECT_FALSE(index.add(domain, 2)) << domain;
    EXPECT_EQ(index.valueOf(domain), 1U);
  }
}

TEST(DomainIndexTest, FindsNothingWithoutAnyDomainThatFits) {
  DomainIndex index;
  EXPECT_FALSE(index.find("a.test"));
  EXPECT_TRUE(index.add("a.test", 0));
  EXPECT_FALSE(index.find("b.test"));
  EXPECT_FALSE(index.find(""));
  EXPECT_FALSE(index.valueOf("*"));
  EXPECT_FALSE(index.valueOf("*.test"));
  EXPECT_FALSE(index.valueOf("b.*"));
}

}  // namespace
}  // namespace weir::http
