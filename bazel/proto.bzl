"""C++ code from .proto files, by the system's protoc.

    weir_proto_library(name = "listener_proto", srcs = ["listener.proto"], deps = [":address_proto"])

makes a cc_library whose headers are included by their path from the workspace root, as in
`#include "api/weir/config/v1/listener.pb.h"`; a .proto imports another by the same kind of path. google/protobuf/*.proto
can always be imported. Works the same in a workspace that depends on Weir, across the two.
"""

ProtoSources = provider(
    doc = "The .proto files that a library and everything below it are made from.",
    fields = {
        "files": "depset of File",
        "roots": "depset of str: directories that imports are relative to",
    },
)

def _generate_impl(ctx):
    root = ctx.label.workspace_root or "."
    prefix = ctx.label.package + "/" if ctx.label.package else ""
    outputs = {"h": [], "cc": []}
    arguments = ctx.actions.args()
    for src in ctx.files.srcs:
        if not src.basename.endswith(".proto") or not src.is_source:
            fail("%s: expected a .proto file of this package" % src.path)
        stem = src.short_path[src.short_path.find(prefix) + len(prefix):-len(".proto")]
        for kind in outputs:
            outputs[kind].append(ctx.actions.declare_file("%s.pb.%s" % (stem, kind)))
    files = depset(ctx.files.srcs, transitive = [dep[ProtoSources].files for dep in ctx.attr.deps])
    roots = depset([root], transitive = [dep[ProtoSources].roots for dep in ctx.attr.deps])

    out_root = ctx.bin_dir.path + ("/" + ctx.label.workspace_root if ctx.label.workspace_root else "")
    arguments.add_all(roots, format_each = "--proto_path=%s")
    arguments.add("--proto_path=/usr/include")
    arguments.add("--cpp_out=" + out_root)
    arguments.add_all(ctx.files.srcs)

    # Marked as a system header, so that the warnings of our own code do not apply to generated code.
    ctx.actions.run_shell(
        inputs = files,
        outputs = outputs["h"] + outputs["cc"],
        tools = [ctx.file._protoc],
        command = "set -e; protoc=$1; shift; count=$1; shift; headers=(\"${@:1:$count}\"); shift $count; " +
                  "\"$protoc\" \"$@\"; sed -i '1i #pragma GCC system_header' \"${headers[@]}\"",
        arguments = [ctx.file._protoc.path, str(len(outputs["h"]))] + [h.path for h in outputs["h"]] + [arguments],
        mnemonic = "WeirProtoc",
        progress_message = "Generating C++ from %s" % ctx.label,
    )
    return [
        DefaultInfo(files = depset(outputs["h"] + outputs["cc"])),
        OutputGroupInfo(headers = depset(outputs["h"]), sources = depset(outputs["cc"])),
        ProtoSources(files = files, roots = roots),
    ]

_weir_proto_generate = rule(
    implementation = _generate_impl,
    attrs = {
        "deps": attr.label_list(providers = [ProtoSources]),
        "srcs": attr.label_list(allow_files = [".proto"], mandatory = True),
        "_protoc": attr.label(default = "@protobuf//:protoc", allow_single_file = True, cfg = "host"),
    },
)

def _generated(label):
    """The label of the code generation behind the weir_proto_library `label`."""
    if ":" not in label:
        label += ":" + label.split("/")[-1]
    return label + ".protos"

def weir_proto_library(name, srcs, deps = [], **kwargs):
    """A cc_library of the C++ code for `srcs`.

    Args:
      name: of the cc_library.
      srcs: .proto files of this package.
      deps: the weir_proto_library of each imported file that is not in srcs or google/protobuf.
      **kwargs: visibility, testonly and tags.
    """
    _weir_proto_generate(
        name = name + ".protos",
        srcs = srcs,
        deps = [_generated(dep) for dep in deps],
        **kwargs
    )
    for kind in ["headers", "sources"]:
        native.filegroup(
            name = "%s.%s" % (name, kind),
            srcs = [":%s.protos" % name],
            output_group = kind,
            visibility = ["//visibility:private"],
        )
    native.cc_library(
        name = name,
        srcs = [":%s.sources" % name],
        hdrs = [":%s.headers" % name],
        copts = ["-w"],
        deps = deps + ["@protobuf//:protobuf"],
        **kwargs
    )
