"""Stand-ins for three repositories that Bazel 4 would otherwise download.

rules_cc is replaced by one that names the native rules; rules_java comes from Debian's bazel-rules-java; of
remote_coverage_tools only the one label that every cc_test refers to is needed.
"""

_CC_RULES = ["cc_binary", "cc_import", "cc_library", "cc_proto_library", "cc_test", "cc_toolchain", "cc_toolchain_suite"]

def _rules_cc_impl(rctx):
    rctx.file("WORKSPACE", "workspace(name = \"rules_cc\")\n")
    rctx.file("BUILD.bazel", "")
    rctx.file("cc/BUILD.bazel", "exports_files([\"defs.bzl\"])\n")
    rctx.file("cc/defs.bzl", "".join(["%s = native.%s\n" % (rule, rule) for rule in _CC_RULES]))

rules_cc_shim = repository_rule(implementation = _rules_cc_impl)

def _coverage_impl(rctx):
    rctx.file("WORKSPACE", "workspace(name = \"remote_coverage_tools\")\n")
    rctx.file("BUILD.bazel", "\n".join([
        "filegroup(",
        "    name = \"coverage_report_generator\",",
        "    visibility = [\"//visibility:public\"],",
        ")",
        "",
    ]))

coverage_tools_shim = repository_rule(implementation = _coverage_impl)

_RULES_JAVA = "/usr/share/bazel/rules/java"

def _rules_java_impl(rctx):
    if not rctx.path(_RULES_JAVA).exists:
        fail("\n\n  Bazel needs Debian's rules_java.\n  Install it:  apt-get install bazel-rules-java\n")
    for entry in rctx.path(_RULES_JAVA).readdir():
        rctx.symlink(entry, entry.basename)

rules_java_shim = repository_rule(implementation = _rules_java_impl, local = True)
