# SPDX-License-Identifier: Apache-2.0
"""Tools of the executing machine as data of a test."""

def _exec_files_impl(ctx):
    files = ctx.attr.src[DefaultInfo].files
    return [DefaultInfo(files = files, runfiles = ctx.runfiles(transitive_files = files))]

exec_files = rule(
    doc = "Gives a test the same build of a tool that actions and VM tests use, instead of a second one for the target platform.",
    implementation = _exec_files_impl,
    attrs = {
        "src": attr.label(doc = "The tool, for example a tool root.", mandatory = True, cfg = "exec"),
    },
)
