# SPDX-License-Identifier: Apache-2.0
"""A kernel's own build programs, rebuilt for the machine that builds.

Debian has fixdep, modpost and objtool as a package for every machine. Others
put them into the header package, for the kernel's architecture and the
distribution's C library alone, with the sources beside them.
"""

load("//toolchains/debian:providers.bzl", "ToolRootInfo")
load(":compiler.bzl", "HOST_COMPILER", "TOOLCHAIN_TYPE", "to_kernel_platform")
load(":providers.bzl", "PackedHeadersInfo", "RebuiltProgramsInfo")

def _rebuilt_programs_impl(ctx):
    infos = [target[PackedHeadersInfo] for target in ctx.attr.headers]
    archives = [info.file for info in infos if info.file]
    if len(archives) < len(infos):
        return [RebuiltProgramsInfo(file = None)]
    compiler = ctx.toolchains[TOOLCHAIN_TYPE].kernel_compiler
    host = ctx.attr._host_compiler[ToolRootInfo].tree
    sysroot = ctx.attr._sysroot[ToolRootInfo].tree
    out = ctx.actions.declare_file(ctx.label.name + ".tar.zst")
    request = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(request, json.encode_indent({
        "arch": compiler.kernel_arch,
        "archives": [f.path for f in archives],
        "compiler": compiler.program,
        "cross_compile": compiler.prefix,
        "headers": ctx.attr.headers_dir,
        "host_compiler": host.path + "/usr/bin/" + HOST_COMPILER,
        "kernel": ctx.attr.kernel,
        "output": out.path,
        "sysroot": sysroot.path,
        "tool_dirs": [tree.path + "/usr/bin" for tree in [compiler.tools.tree, compiler.root.tree]],
    }))
    ctx.actions.run(
        mnemonic = "KernelPrograms",
        progress_message = "Rebuilding the build programs of " + ctx.attr.kernel,
        executable = ctx.executable._kbuild,
        arguments = ["-rebuild", request.path],
        inputs = depset([request, host, sysroot, compiler.tools.tree, compiler.root.tree] + archives),
        outputs = [out],
        toolchain = TOOLCHAIN_TYPE,
    )
    return [
        DefaultInfo(files = depset([out])),
        RebuiltProgramsInfo(file = out),
    ]

rebuilt_programs = rule(
    doc = "Compiles the sources of a kernel's build programs that its header packages hold.",
    implementation = _rebuilt_programs_impl,
    cfg = to_kernel_platform,
    attrs = {
        "headers": attr.label_list(doc = "Packed headers: what flavours share first, the flavour's own last.", mandatory = True, providers = [PackedHeadersInfo], cfg = "exec"),
        "headers_dir": attr.string(doc = "Folder of the configured headers.", mandatory = True),
        "kernel": attr.string(doc = "Key of the kernel, for messages.", mandatory = True),
        "platform": attr.label(doc = "The kernel's platform: processor and compiler.", mandatory = True),
        "_host_compiler": attr.label(default = "//toolchains/debian:gxx-14-x86_64", providers = [ToolRootInfo], cfg = "exec"),
        "_kbuild": attr.label(default = "//toolchains/kernel/kbuild", executable = True, cfg = "exec"),
        "_sysroot": attr.label(default = "//toolchains/debian:sysroot-x86_64", providers = [ToolRootInfo], cfg = "exec"),
    },
    toolchains = [TOOLCHAIN_TYPE],
    provides = [RebuiltProgramsInfo],
)
