# SPDX-License-Identifier: Apache-2.0
"""A kernel of the lock as a target."""

load("//toolchains/debian:providers.bzl", "DebianPackageInfo", "ToolRootInfo")
load(":providers.bzl", "KernelImageInfo", "KernelInfo", "PackedHeadersInfo", "RebuiltProgramsInfo")

def _packed_headers_impl(ctx):
    package = ctx.attr.package[DebianPackageInfo]
    if not package.file:
        return [PackedHeadersInfo(file = None, missing = "{}: {}".format(package.key, package.missing))]
    out = ctx.actions.declare_file(ctx.label.name + ".tar.zst")
    ctx.actions.run(
        mnemonic = "KernelPack",
        progress_message = "Packing kernel headers %{input}",
        executable = ctx.executable._kernelpack,
        arguments = [ctx.actions.args().add("-in", package.file).add("-out", out)],
        inputs = [package.file],
        outputs = [out],
    )
    return [
        DefaultInfo(files = depset([out])),
        PackedHeadersInfo(file = out, missing = ""),
    ]

packed_headers = rule(
    doc = "Packs what a module's build needs of a header package into one archive.",
    implementation = _packed_headers_impl,
    attrs = {
        "package": attr.label(doc = "The header package.", mandatory = True, providers = [DebianPackageInfo]),
        "_kernelpack": attr.label(default = "//toolchains/kernel/kernelpack", executable = True, cfg = "exec"),
    },
    provides = [PackedHeadersInfo],
)

def _distribution_kernel_impl(ctx):
    headers = ctx.attr.headers[PackedHeadersInfo]
    shared = [target[PackedHeadersInfo] for target in ctx.attr.shared_headers]
    tools = ctx.attr.tools[ToolRootInfo] if ctx.attr.tools else None
    missing = [info.missing for info in [headers] + shared + ([tools] if tools else []) if info.missing]
    return [
        DefaultInfo(files = depset([info.file for info in [headers] + shared if info.file])),
        KernelInfo(
            arch = ctx.attr.arch,
            compiler_major = ctx.attr.compiler_major,
            config = ctx.attr.config,
            distribution = ctx.attr.distribution,
            flavour = ctx.attr.flavour,
            headers = headers.file,
            headers_dir = ctx.attr.headers_dir,
            key = "/".join([ctx.attr.distribution, ctx.attr.arch, ctx.attr.release]),
            missing = "; ".join(missing),
            programs = ctx.attr.programs[RebuiltProgramsInfo].file if ctx.attr.programs else None,
            release = ctx.attr.release,
            series = ctx.attr.series,
            shared_headers = [info.file for info in shared if info.file],
            tools = tools,
        ),
    ]

distribution_kernel = rule(
    doc = "One entry of kernels.lock.json.",
    implementation = _distribution_kernel_impl,
    attrs = {
        "arch": attr.string(doc = "x86_64 or aarch64.", mandatory = True, values = ["x86_64", "aarch64"]),
        "compiler_major": attr.int(doc = "GCC's major version that built the kernel.", mandatory = True),
        "config": attr.string_dict(doc = "Facts of the configuration."),
        "distribution": attr.string(doc = "Distribution's name in the lock.", mandatory = True),
        "flavour": attr.string(doc = "Flavour of the kernel."),
        "headers": attr.label(doc = "Packed headers of the flavour.", mandatory = True, providers = [PackedHeadersInfo]),
        "headers_dir": attr.string(doc = "Folder of the configured headers.", mandatory = True),
        "programs": attr.label(doc = "The kernel's own build programs, rebuilt; where `tools` are not given.", providers = [RebuiltProgramsInfo]),
        "release": attr.string(doc = "uname -r.", mandatory = True),
        "series": attr.string(doc = "First two numbers of the version.", mandatory = True),
        "shared_headers": attr.label_list(doc = "Packed headers shared between flavours.", providers = [PackedHeadersInfo]),
        "tools": attr.label(doc = "The kernel's own build programs.", providers = [ToolRootInfo]),
    },
    provides = [KernelInfo],
)

def _kernel_image_impl(ctx):
    packages = [target[DebianPackageInfo] for target in ctx.attr.packages]
    return [
        DefaultInfo(files = depset([package.file for package in packages if package.file])),
        KernelImageInfo(kernel = ctx.attr.kernel[KernelInfo], packages = packages),
    ]

kernel_image = rule(
    doc = "The packages that a kernel of the lock is booted from.",
    implementation = _kernel_image_impl,
    attrs = {
        "kernel": attr.label(doc = "The kernel.", mandatory = True, providers = [KernelInfo]),
        "packages": attr.label_list(doc = "The image's package, then the modules' where there is one.", mandatory = True, providers = [DebianPackageInfo]),
    },
    provides = [KernelImageInfo],
)
