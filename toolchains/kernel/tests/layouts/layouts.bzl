# SPDX-License-Identifier: Apache-2.0
"""Header packages in the layouts of other distributions, made by the real packagers out of Debian's."""

load("//toolchains/debian:providers.bzl", "DebianPackageInfo", "ToolRootInfo")

def _role(package):
    """What a package of the inputs is for."""
    if package.key.startswith("linux-kbuild-"):
        return "kbuild"
    return "common" if "-common_" in package.key else "headers"

def _layout_source_impl(ctx):
    package = ctx.attr.package[DebianPackageInfo]
    out = ctx.actions.declare_file(ctx.label.name + ".tar.zst")
    ctx.actions.run(
        mnemonic = "LayoutSource",
        progress_message = "Pruning %{input}",
        executable = ctx.executable._makelayout,
        arguments = [ctx.actions.args().add("-kind=source").add("-source", package.file).add("-out", out)],
        inputs = [package.file],
        outputs = [out],
    )
    return [DefaultInfo(files = depset([out]))]

layout_source = rule(
    doc = "What header packages have of a kernel's sources.",
    implementation = _layout_source_impl,
    attrs = {
        "package": attr.label(doc = "The linux-source package.", mandatory = True, providers = [DebianPackageInfo]),
        "_makelayout": attr.label(default = "//toolchains/kernel/tests/layouts/makelayout", executable = True, cfg = "exec"),
    },
)

def _layout_package_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    packagers = ctx.attr._packagers[ToolRootInfo].tree
    packages = [target[DebianPackageInfo] for target in ctx.attr.headers]
    args = ctx.actions.args()
    args.add("-kind", ctx.attr.kind)
    args.add("-arch", ctx.attr.arch)
    args.add("-release", ctx.attr.release)
    if ctx.attr.compression:
        args.add("-compression", ctx.attr.compression)
    args.add("-source", ctx.file.source)
    for package in packages:
        args.add("-" + _role(package), package.file)
    args.add("-packagers", packagers.path)
    args.add("-out", out)
    ctx.actions.run(
        mnemonic = "LayoutPackage",
        progress_message = "Packing %{output}",
        executable = ctx.executable._makelayout,
        arguments = [args],
        inputs = [ctx.file.source, packagers] + [package.file for package in packages],
        outputs = [out],
    )
    return [
        DefaultInfo(files = depset([out])),
        DebianPackageInfo(file = out, key = ctx.label.name, missing = ""),
    ]

layout_package = rule(
    doc = "One package; its name is the file's.",
    implementation = _layout_package_impl,
    attrs = {
        "arch": attr.string(doc = "x86_64 or aarch64.", mandatory = True, values = ["x86_64", "aarch64"]),
        "compression": attr.string(doc = "Of an .rpm's payload."),
        "headers": attr.label_list(doc = "Debian's header packages, and its package of the kernel's programs.", mandatory = True, providers = [DebianPackageInfo]),
        "kind": attr.string(doc = "Which package.", mandatory = True, values = ["rpm", "ubuntu-common", "ubuntu-flavour"]),
        "release": attr.string(doc = "uname -r of the kernel in the other distribution.", mandatory = True),
        "source": attr.label(doc = "What layout_source made.", mandatory = True, allow_single_file = True),
        "_makelayout": attr.label(default = "//toolchains/kernel/tests/layouts/makelayout", executable = True, cfg = "exec"),
        "_packagers": attr.label(default = "//toolchains/debian:packaging", providers = [ToolRootInfo], cfg = "exec"),
    },
    provides = [DebianPackageInfo],
)

def _as_tools_impl(ctx):
    files = depset(transitive = [target[DefaultInfo].files for target in ctx.attr.srcs])
    return [DefaultInfo(files = files, runfiles = ctx.runfiles(transitive_files = files))]

as_tools = rule(
    doc = "Files in the configuration in which kernels have their packages, so that they are made once.",
    implementation = _as_tools_impl,
    attrs = {
        "srcs": attr.label_list(doc = "The files.", mandatory = True, cfg = "exec"),
    },
)
