#pragma once

// For tests of what the configuration refuses: a file that breaks one rule, where that is reported,
// and in which words.

#include <gtest/gtest.h>

#include <string>

#include "source/config/load_settings.h"
#include "test/config/fake_extensions.h"

namespace weir::config {

// Every error of a file in YAML, as formatErrors() prints them, without the file's name.
inline std::string errorsIn(const std::string& yaml) {
  return formatErrors("", parseSettings(yaml, Format::Yaml, fakeRegistry()).errors);
}

struct RejectedField {
  std::string text;      // what is put into the file
  std::string expected;  // the error
};

class FieldTest : public testing::TestWithParam<RejectedField> {
 protected:
  // Expects the error to stand in `file`, in which %s is replaced by the case's text.
  static void expectError(std::string file) {
    file.replace(file.find("%s"), 2, GetParam().text);
    EXPECT_EQ(errorsIn(file), GetParam().expected.empty() ? "" : GetParam().expected + "\n")
        << file;
  }
};

// Filters, a chain and a listener with nothing wrong in them.
inline const std::string Echo =
    R"({typed_config: {"@type": type.googleapis.com/weir.extensions.network.echo.v1.Echo}})";
inline const std::string DirectResponse =
    R"({typed_config: {"@type": type.googleapis.com/weir.extensions.network.direct_response.v1.DirectResponse}})";
inline const std::string Bypass =
    R"({typed_config: {"@type": type.googleapis.com/weir.extensions.network.bypass.v1.Bypass}})";
inline const std::string OriginalDst =
    R"({typed_config: {"@type": type.googleapis.com/weir.extensions.listener.original_dst.v1.OriginalDst}})";
inline const std::string TlsInspector =
    R"({typed_config: {"@type": type.googleapis.com/weir.extensions.listener.tls_inspector.v1.TlsInspector}})";
inline const std::string ProtoDetect =
    R"({typed_config: {"@type": type.googleapis.com/weir.extensions.listener.proto_detect.v1.ProtoDetect}})";
inline const std::string Chain = "{name: c, filters: [" + Echo + "]}";
inline const std::string Listener =
    "{name: l, address: 127.0.0.1:15001, default_filter_chain: " + Chain + "}";

}  // namespace weir::config
