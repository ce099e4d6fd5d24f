#pragma once

// For authors of filters: what a factory says to a typed config, and what it makes of it, through
// the reader of configurations.
//
//   EXPECT_EQ(errorsOf(makeMyFilterConfigFactory(), "max_bytes: -1"), ...);
//   HttpFilterHarness harness({makeFilter(makeMyHttpFilterConfigFactory(), "max_bytes: 1")});
//
// Thread: the test's.

#include <memory>
#include <string>
#include <vector>

#include "source/config/extension_factory.h"

namespace weir::test {

// The errors of a listener with this filter, whose typed config has `fields` (YAML, in one line:
// "a: 1, b: [2]"), each as "field: message" with the field's path within the typed config. None if
// it is right. There is a cluster "backend".
std::vector<std::string> errorsOf(std::unique_ptr<config::NetworkFilterConfigFactory> factory,
                                  const std::string& fields);
std::vector<std::string> errorsOf(std::unique_ptr<config::ListenerFilterConfigFactory> factory,
                                  const std::string& fields);
// Of the typed config alone.
std::vector<std::string> errorsOf(std::unique_ptr<config::HttpFilterConfigFactory> factory,
                                  const std::string& fields);

// What it makes of a typed config that is right. Aborts if it is not.
std::shared_ptr<const http::FilterFactory> makeFilter(
    const config::HttpFilterConfigFactory& factory, const std::string& fields);
std::shared_ptr<const http::FilterFactory> makeFilter(
    std::unique_ptr<config::HttpFilterConfigFactory> factory, const std::string& fields);

}  // namespace weir::test
