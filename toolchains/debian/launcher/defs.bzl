# SPDX-License-Identifier: Apache-2.0
"""Compiles the launcher with a compiler that no launcher starts yet."""

load("//toolchains/debian:providers.bzl", "ToolRootInfo")

def _launcher_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".elf")
    ctx.actions.run(
        mnemonic = "ToolLauncher",
        executable = ctx.executable._mklauncher,
        arguments = [ctx.actions.args()
            .add("-compiler", ctx.attr.compiler[ToolRootInfo].tree.path)
            .add("-source", ctx.file.src)
            .add("-out", out)],
        inputs = [ctx.attr.compiler[ToolRootInfo].tree, ctx.file.src],
        outputs = [out],
    )
    return [DefaultInfo(files = depset([out]))]

launcher = rule(
    doc = "The launcher's image, before toolroot configures copies of it.",
    implementation = _launcher_impl,
    attrs = {
        "compiler": attr.label(doc = "Unpacked GCC and binutils.", mandatory = True, providers = [ToolRootInfo], cfg = "exec"),
        "src": attr.label(doc = "The C source.", mandatory = True, allow_single_file = [".c"]),
        "_mklauncher": attr.label(default = "//toolchains/debian/launcher/mklauncher", executable = True, cfg = "exec"),
    },
)
