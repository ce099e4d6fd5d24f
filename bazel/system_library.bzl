"""Repositories for libraries that the system provides.

Nothing is downloaded. A repository is fetched the first time that a target needs it: it asks pkg-config for the flags,
checks that headers and libraries are there, and otherwise fails with the name of what is missing and the command that
installs it. Headers come from the compiler's own search path, so only other flags become copts or defines.
"""

def _missing(rctx, what):
    fail("\n\n  Weir needs %s, which this machine does not have.\n  Install it:  apt-get install --no-install-recommends %s\n  or everything that Weir needs:  tools/setup\n" %
         (what, rctx.attr.apt))

def _run(rctx, command):
    result = rctx.execute(command)
    return None if result.return_code != 0 else result.stdout.strip()

def _pkg_config(rctx, modules):
    """Returns (defines, copts, linkopts) of pkg-config modules."""
    if rctx.which("pkg-config") == None:
        fail("\n\n  Weir needs pkg-config.\n  Install it:  apt-get install pkg-config\n")
    flags = []
    for module in modules:
        found = _run(rctx, ["pkg-config", "--cflags", "--libs", module])
        if found == None:
            _missing(rctx, "the library %s (pkg-config module %s)" % (rctx.name, module))
        flags += [f for f in found.split(" ") if f]
    defines = [f[2:] for f in flags if f.startswith("-D")]
    linkopts = [f for f in flags if f.startswith("-l") or f.startswith("-L") or f.startswith("-Wl,") or f == "-pthread"]
    copts = [f for f in flags if f not in linkopts and not f.startswith("-D")]
    return defines, copts, linkopts

def _check(rctx):
    compiler = rctx.os.environ.get("CXX", "c++")
    for header in rctx.attr.headers:
        if _run(rctx, [compiler, "-E", "-x", "c++", "-include", header, "/dev/null", "-o", "/dev/null"]) == None:
            _missing(rctx, "the header <%s>" % header)
    for library in rctx.attr.libraries:
        # The compiler prints the bare name of a file that it cannot find.
        found = [
            name
            for name in ["lib%s.so" % library, "lib%s.a" % library]
            if _run(rctx, [compiler, "-print-file-name=" + name]) not in [None, name]
        ]
        if not found:
            _missing(rctx, "the library lib%s" % library)

def _unique(items):
    return {item: None for item in items}.keys()

_TARGET = """
cc_library(
    name = "{name}",
    copts = {copts},
    defines = {defines},
    linkopts = {linkopts},
)
"""

def _impl(rctx):
    _check(rctx)
    build = ["package(default_visibility = [\"//visibility:public\"])\n"]
    for target, modules in rctx.attr.targets.items():
        defines, copts, linkopts = _pkg_config(rctx, modules)
        if not modules:
            linkopts = ["-l" + library for library in rctx.attr.libraries]
        build.append(_TARGET.format(
            name = target,
            # An include directory of the library's own is as good as a system one to those who depend on it.
            copts = repr([f for f in copts if not f.startswith("-I")]),
            defines = repr(_unique(defines)),
            linkopts = repr(linkopts),
        ))
        unusual = [f for f in copts if f.startswith("-I")]
        if unusual:
            fail("%s has its headers outside the compiler's search path (%s): set CPATH and run again" % (target, unusual))
    for tool in rctx.attr.tools:
        path = rctx.which(tool)
        if path == None:
            _missing(rctx, "the program %s" % tool)
        rctx.symlink(path, "bin/" + tool)
        build.append("\nfilegroup(\n    name = \"%s\",\n    srcs = [\"bin/%s\"],\n)\n" % (tool, tool))
    rctx.file("WORKSPACE", "workspace(name = \"%s\")\n" % rctx.name)
    rctx.file("BUILD.bazel", "".join(build))

pkg_config_repository = repository_rule(
    implementation = _impl,
    attrs = {
        "targets": attr.string_list_dict(
            doc = "cc_library targets by name, each with the pkg-config modules that it stands for. With none, it links `libraries`.",
        ),
        "apt": attr.string(mandatory = True, doc = "Debian packages that provide all of it."),
        "headers": attr.string_list(doc = "Headers that must be found by the compiler."),
        "libraries": attr.string_list(doc = "Libraries that must be found by the linker."),
        "tools": attr.string_list(doc = "Programs on the PATH, each exported as a file target."),
    },
    environ = ["CPATH", "CXX", "PKG_CONFIG_PATH"],
    local = True,
    doc = "A system library found through pkg-config.",
)
