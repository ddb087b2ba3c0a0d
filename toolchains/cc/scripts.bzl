# SPDX-License-Identifier: Apache-2.0
"""The texts by which glibc's libraries are linked."""

_GLIBC = "2.41"

# What -lc and -lm stand for.
_SCRIPTS = {
    "libc.so": "GROUP ( libc.so.6 libc_nonshared.a AS_NEEDED ( {loader} ) )",
    "libm.a": "GROUP ( libm-{glibc}.a libmvec.a )",
    "libm.so": "GROUP ( libm.so.6 AS_NEEDED ( libmvec.so.1 ) )",
}

def _linker_scripts_impl(ctx):
    files = []
    for name, text in _SCRIPTS.items():
        out = ctx.actions.declare_file("{}/{}".format(ctx.label.name, name))
        ctx.actions.write(out, "/* GNU ld script */\n{}\n".format(text.format(glibc = _GLIBC, loader = ctx.attr.loader)))
        files.append(out)
    return [DefaultInfo(files = depset(files))]

linker_scripts = rule(
    doc = """Stands for the scripts of libc6-dev.

Those name absolute paths, which ld looks for below the sysroot only where the
script really lies there. In a sandbox of links it does not, and ld would take
the host's libraries.""",
    implementation = _linker_scripts_impl,
    attrs = {
        "loader": attr.string(doc = "Name of the dynamic loader.", mandatory = True),
    },
)
