# SPDX-License-Identifier: Apache-2.0
"""guest_root: programs of locked packages, for guests."""

load("@userland_debian//:roots.bzl", "ROOTS")
load("//toolchains/debian:providers.bzl", "DebianPackageInfo")
load("//vmtest:providers.bzl", "GuestRootInfo")

# What a guest can have besides its test: the roots of the lock without their architecture.
PROGRAMS = {root.rpartition("-")[0]: None for root in ROOTS}.keys()

def _guest_root_impl(ctx):
    infos = [target[DebianPackageInfo] for target in ctx.attr.packages]
    missing = "; ".join(["{}: {}".format(info.key, info.missing) for info in infos if not info.file])
    if missing:
        return [DefaultInfo(), GuestRootInfo(arch = ctx.attr.arch, layer = None, missing = missing)]
    packages = [info.file for info in infos]
    out = ctx.actions.declare_file(ctx.label.name + ".cpio")
    inputs = list(packages)
    args = ctx.actions.args()
    args.add("-arch", ctx.attr.arch)
    args.add("-out", out)
    for flag, file in [("-base", ctx.file.base), ("-setup", ctx.file.setup)]:
        if file:
            args.add(flag, file)
            inputs.append(file)
    args.add_all(packages)
    ctx.actions.run(
        mnemonic = "GuestRoot",
        progress_message = "Unpacking programs for guests: %{label}",
        executable = ctx.executable._mkguestroot,
        arguments = [args],
        inputs = inputs,
        outputs = [out],
    )
    return [
        DefaultInfo(files = depset([out])),
        GuestRootInfo(arch = ctx.attr.arch, layer = out, missing = ""),
    ]

_guest_root = rule(
    doc = "Makes of locked packages a layer of a guest's root file system.",
    implementation = _guest_root_impl,
    attrs = {
        "arch": attr.string(doc = "Architecture of the packages.", mandatory = True, values = ["x86_64", "aarch64"]),
        "base": attr.label(doc = "Setup that layers share: what is left out and what is added, with reasons; docs/vmtest-guests.md.", allow_single_file = [".json"]),
        "packages": attr.label_list(doc = "The packages and all that they depend on.", mandatory = True, providers = [DebianPackageInfo]),
        "setup": attr.label(doc = "Setup of this layer alone.", allow_single_file = [".json"]),
        "_mkguestroot": attr.label(default = "//vmtest/cmd/mkguestroot", executable = True, cfg = "exec"),
    },
    provides = [GuestRootInfo],
)

_ARCHES = ["aarch64", "x86_64"]

def guest_root(name, **kwargs):
    """Programs for guests; a test gets those of its guest's architecture.

    Args:
      name: of the target, and one of PROGRAMS.
      **kwargs: what the rule takes, see its attributes.
    """
    _guest_root(
        name = name,
        arch = select({"@platforms//cpu:" + arch: arch for arch in _ARCHES}),
        packages = select({"@platforms//cpu:" + arch: ROOTS["{}-{}".format(name, arch)] for arch in _ARCHES}),
        # Made for the guests that ask for it, and for their architecture.
        tags = ["manual"],
        **kwargs
    )
