"""A test of the weir binary against real programs, written as a Python unittest file."""

def real_test(name, srcs):
    """Runs <name>.py.

    Args:
      name: of the test, and of its file without .py.
      srcs: the other Python files that it imports.
    """
    native.sh_test(
        name = name,
        # A test takes seconds; the limit is for a machine under load.
        size = "medium",
        srcs = ["run.sh"],
        args = [
            "$(location //source/main:weir)",
            "$(location %s.py)" % name,
        ],
        data = srcs + [
            name + ".py",
            "//source/main:weir",
        ],
        tags = [
            # One at a time: they measure.
            "exclusive",
            # They change users, namespaces and files in /tmp.
            "local",
            "real",
        ],
    )
