# SPDX-License-Identifier: Apache-2.0
"""A tool root as data of a program."""

load("//toolchains/debian:providers.bzl", "ToolRootInfo")

def _exec_tree_impl(ctx):
    tree = ctx.attr.root[ToolRootInfo].tree
    return [DefaultInfo(files = depset([tree]), runfiles = ctx.runfiles([tree]))]

exec_tree = rule(
    doc = "The tree of a tool root in the configuration that actions use it in, so that it is not made twice.",
    implementation = _exec_tree_impl,
    attrs = {
        "root": attr.label(doc = "The tool root.", mandatory = True, providers = [ToolRootInfo], cfg = "exec"),
    },
)
