"""Everything that Weir depends on. A workspace that depends on Weir calls this too:

    local_repository(name = "weir", path = "/path/to/weir")
    load("@weir//bazel:deps.bzl", "weir_dependencies")
    weir_dependencies()

and compiles with `--cxxopt=-std=c++20`.
"""

load(":shims.bzl", "coverage_tools_shim", "rules_cc_shim", "rules_java_shim")
load(":system_library.bzl", "pkg_config_repository")

def weir_dependencies():
    """Declares the repositories of Bazel's own stand-ins and of all third-party libraries."""
    existing = native.existing_rules()

    def_once = [
        ("rules_cc", rules_cc_shim, {}),
        ("rules_java", rules_java_shim, {}),
        ("remote_coverage_tools", coverage_tools_shim, {}),
    ] + [(name, pkg_config_repository, attrs) for name, attrs in _LIBRARIES.items()]
    for name, rule, attrs in def_once:
        if name not in existing:
            rule(name = name, **attrs)

_LIBRARIES = {
    "benchmark": {
        "apt": "libbenchmark-dev",
        "headers": ["benchmark/benchmark.h"],
        "targets": {"benchmark": ["benchmark"]},
    },
    "brotli": {
        "apt": "libbrotli-dev",
        "headers": ["brotli/encode.h"],
        "targets": {"brotli": ["libbrotlienc"]},
    },
    # For tests.
    "brotlidec": {
        "apt": "libbrotli-dev",
        "headers": ["brotli/decode.h"],
        "targets": {"brotlidec": ["libbrotlidec"]},
    },
    "cares": {
        "apt": "libc-ares-dev",
        "headers": ["ares.h"],
        "targets": {"cares": ["libcares"]},
    },
    "cli11": {
        "apt": "libcli11-dev",
        "headers": ["CLI/CLI.hpp"],
        "targets": {"cli11": ["CLI11"]},
    },
    "fmt": {
        "apt": "libfmt-dev",
        "headers": ["fmt/format.h"],
        "targets": {"fmt": ["fmt"]},
    },
    # :gtest is GoogleTest and GoogleMock; :gtest_main adds a main().
    "gtest": {
        "apt": "libgtest-dev libgmock-dev",
        "headers": ["gmock/gmock.h"],
        "targets": {
            "gtest": ["gmock"],
            "gtest_main": ["gmock_main"],
        },
    },
    # Has no .pc file.
    "http_parser": {
        "apt": "libhttp-parser-dev",
        "headers": ["http_parser.h"],
        "libraries": ["http_parser"],
        "targets": {"http_parser": []},
    },
    "libevent": {
        "apt": "libevent-dev",
        "headers": ["event2/event.h"],
        "targets": {"libevent": [
            "libevent_pthreads",
            "libevent",
        ]},
    },
    "nghttp2": {
        "apt": "libnghttp2-dev",
        "headers": ["nghttp2/nghttp2.h"],
        "targets": {"nghttp2": ["libnghttp2"]},
    },
    "openssl": {
        "apt": "libssl-dev",
        "headers": ["openssl/ssl.h"],
        "targets": {"openssl": ["openssl"]},
    },
    "protobuf": {
        "apt": "libprotobuf-dev protobuf-compiler",
        "headers": ["google/protobuf/message.h"],
        "targets": {"protobuf": ["protobuf"]},
        "tools": ["protoc"],
    },
    # Headers only.
    "rapidjson": {
        "apt": "rapidjson-dev",
        "headers": ["rapidjson/rapidjson.h"],
        "targets": {"rapidjson": []},
    },
    "re2": {
        "apt": "libre2-dev",
        "headers": ["re2/re2.h"],
        "targets": {"re2": ["re2"]},
    },
    "spdlog": {
        "apt": "libspdlog-dev",
        "headers": ["spdlog/spdlog.h"],
        "targets": {"spdlog": ["spdlog"]},
    },
    "yaml_cpp": {
        "apt": "libyaml-cpp-dev",
        "headers": ["yaml-cpp/yaml.h"],
        "targets": {"yaml_cpp": ["yaml-cpp"]},
    },
    "zlib": {
        "apt": "zlib1g-dev",
        "headers": ["zlib.h"],
        "targets": {"zlib": ["zlib"]},
    },
}
