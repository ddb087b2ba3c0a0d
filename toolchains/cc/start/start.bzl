# SPDX-License-Identifier: Apache-2.0
"""Compiles start.c, which the toolchain then links into dynamic programs."""

load("//toolchains/debian:providers.bzl", "ToolRootInfo")

def _start_object_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".o")
    runtime = ctx.attr.runtime[ToolRootInfo].tree

    # Below the root of the runfiles, where the main repository has this name.
    folder = "/".join([runtime.owner.workspace_name or ctx.workspace_name, runtime.short_path, ctx.attr.libraries])
    ctx.actions.run(
        mnemonic = "ProgramStart",
        executable = ctx.executable.compiler,
        arguments = [ctx.actions.args()
            .add_all(["-c", "-O2", "-Wall", "-Wextra", "-Werror"])
            .add_all(["-ffreestanding", "-fPIE", "-fno-stack-protector", "-fno-builtin"])
            .add_all(["-fno-asynchronous-unwind-tables", "-mbranch-protection=none" if ctx.attr.arch == "aarch64" else "-fcf-protection=none"])
            .add(folder, format = "-DRUNTIME_DIR=\"%s\"")
            .add(ctx.attr.loader, format = "-DLOADER=\"%s\"")
            .add("-o", out)
            .add(ctx.file._source)],
        inputs = [ctx.file._source],
        tools = [ctx.attr.compiler[DefaultInfo].files_to_run] + ctx.files.compiler_files,
        outputs = [out],
    )
    return [DefaultInfo(files = depset([out]))]

start_object = rule(
    doc = "The object that starts dynamic programs of an architecture.",
    implementation = _start_object_impl,
    attrs = {
        "arch": attr.string(doc = "Architecture of the programs.", mandatory = True, values = ["aarch64", "x86_64"]),
        "compiler": attr.label(doc = "The architecture's gcc.", mandatory = True, executable = True, cfg = "exec"),
        "compiler_files": attr.label(doc = "What gcc needs to compile.", mandatory = True, cfg = "exec"),
        "libraries": attr.string(doc = "Folder of the libraries in the runtime.", mandatory = True),
        "loader": attr.string(doc = "Name of the dynamic loader.", mandatory = True),
        "runtime": attr.label(doc = "The libraries that the programs run with.", mandatory = True, providers = [ToolRootInfo], cfg = "exec"),
        "_source": attr.label(default = ":start.c", allow_single_file = True),
    },
)
