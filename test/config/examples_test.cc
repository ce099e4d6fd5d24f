// Every configuration under examples/ loads, with the extensions that are built in.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "source/config/format.h"
#include "source/config/load_settings.h"
#include "source/main/extensions.h"

namespace weir::config {
namespace {

// The files that this test has as data; it runs in the root of the workspace.
std::vector<std::string> exampleFiles() {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator("examples")) {
    if (!entry.is_directory() && formatOf(entry.path().string()).ok()) {
      files.push_back(entry.path().string());
    }
  }
  return files;
}

TEST(ExamplesTest, EveryExampleLoads) {
  Registry registry;
  registerBuiltins(registry);
  const std::vector<std::string> files = exampleFiles();
  EXPECT_FALSE(files.empty());
  for (const std::string& file : files) {
    EXPECT_EQ(formatErrors(file, loadSettings(file, registry).errors), "");
  }
}

TEST(ExamplesTest, WhatIsDumpedOfAnExampleCanBeReadAgain) {
  Registry registry;
  registerBuiltins(registry);
  for (const std::string& file : exampleFiles()) {
    const std::string dumped = loadSettings(file, registry).json;
    const LoadedSettings again = parseSettings(dumped, Format::Json, registry);
    EXPECT_EQ(formatErrors(file, again.errors), "");
    EXPECT_EQ(again.json, dumped);
  }
}

}  // namespace
}  // namespace weir::config
