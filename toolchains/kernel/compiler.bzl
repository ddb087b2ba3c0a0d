# SPDX-License-Identifier: Apache-2.0
"""The kernel's compiler as a Bazel toolchain.

A kernel is compiled for by the GCC major version that compiled it. That is a
constraint like the processor is one: a kernel's platform has both, and Bazel
chooses the toolchain, here or on a remote executor.
"""

load("//toolchains/debian:providers.bzl", "ToolRootInfo")
load(":providers.bzl", "KernelCompilerInfo")

TOOLCHAIN_TYPE = "//toolchains/kernel:compiler"

def _to_kernel_platform_impl(_settings, attr):
    return {"//command_line_option:platforms": str(attr.platform)}

# What is built for a kernel is built for its platform, whatever the build's own is.
to_kernel_platform = transition(
    implementation = _to_kernel_platform_impl,
    inputs = [],
    outputs = ["//command_line_option:platforms"],
)

# Architecture to what the kernel's makefiles and GNU call it.
_ARCHES = {
    "aarch64": struct(kernel_arch = "arm64", prefix = "aarch64-linux-gnu-"),
    "x86_64": struct(kernel_arch = "x86", prefix = "x86_64-linux-gnu-"),
}

# The compiler of programs for the machine that builds, as in kernel_compilers'
# exec_compatible_with.
HOST_COMPILER = "x86_64-linux-gnu-gcc-14"

# GCC's major versions for which there are tool roots.
GCC_MAJORS = [10, 12, 14]

def platform_of(arch, major):
    """The platform of kernels of an architecture that a GCC version built.

    Args:
      arch: x86_64 or aarch64.
      major: GCC's major version.

    Returns:
      The platform's label.
    """
    if major not in GCC_MAJORS:
        fail("No GCC {} here; there are {}. Add the roots gcc-{}-x86_64 and gcc-{}-aarch64 to //toolchains/debian:roots.json and the number to GCC_MAJORS.".format(major, GCC_MAJORS, major, major))
    return Label("//toolchains/kernel:{}_gcc-{}".format(arch, major))

def _kernel_compiler_impl(ctx):
    arch = _ARCHES[ctx.attr.arch]
    return [platform_common.ToolchainInfo(
        kernel_compiler = KernelCompilerInfo(
            arch = ctx.attr.arch,
            kernel_arch = arch.kernel_arch,
            major = ctx.attr.major,
            prefix = arch.prefix,
            program = "{}gcc-{}".format(arch.prefix, ctx.attr.major),
            root = ctx.attr.root[ToolRootInfo],
            tools = ctx.attr.tools[ToolRootInfo],
        ),
    )]

kernel_compiler = rule(
    doc = "One compiler for kernel modules.",
    implementation = _kernel_compiler_impl,
    attrs = {
        "arch": attr.string(doc = "Architecture that it compiles for.", mandatory = True, values = _ARCHES.keys()),
        "major": attr.int(doc = "GCC's major version.", mandatory = True),
        "root": attr.label(doc = "GCC and binutils.", mandatory = True, providers = [ToolRootInfo], cfg = "exec"),
        "tools": attr.label(doc = "make, the shell and what kbuild calls besides.", mandatory = True, providers = [ToolRootInfo], cfg = "exec"),
    },
)

def kernel_compilers():
    """Declares constraints, platforms and toolchains for all architectures and versions."""
    native.constraint_setting(name = "gcc", visibility = ["//visibility:public"])
    for major in GCC_MAJORS:
        native.constraint_value(
            name = "gcc-{}".format(major),
            constraint_setting = ":gcc",
            visibility = ["//visibility:public"],
        )
        for arch in _ARCHES:
            name = "{}_gcc-{}".format(arch, major)
            constraints = [
                "@platforms//cpu:" + arch,
                "@platforms//os:linux",
                ":gcc-{}".format(major),
            ]
            native.platform(
                name = name,
                constraint_values = constraints,
                visibility = ["//visibility:public"],
            )
            kernel_compiler(
                name = name + "_compiler",
                arch = arch,
                major = major,
                root = "//toolchains/debian:gcc-{}-{}".format(major, arch),
                tags = ["manual"],
                tools = "//toolchains/debian:kbuild",
            )
            native.toolchain(
                name = name + "_toolchain",
                exec_compatible_with = [
                    "@platforms//cpu:x86_64",
                    "@platforms//os:linux",
                ],
                target_compatible_with = constraints,
                toolchain = name + "_compiler",
                toolchain_type = TOOLCHAIN_TYPE,
            )
