# SPDX-License-Identifier: Apache-2.0
"""Go toolchains for the pinned SDKs of MODULE.bazel."""

load("@rules_go//go:def.bzl", "go_toolchain")

# Private to rules_go, whose version MODULE.bazel pins: builds a tool with the Go settings
# of the command line, so that a binary with settings of its own does not build it again.
# buildifier: disable=bzl-visibility
load("@rules_go//go/private/rules:transition.bzl", "non_go_reset_target")
load(":builder.bzl", "go_sdk_program")

# Go's name of an architecture to that of Bazel's constraint.
_ARCHES = {
    "amd64": "x86_64",
    "arm64": "aarch64",
}

def _constraints(goarch):
    return [
        "@platforms//os:linux",
        "@platforms//cpu:" + _ARCHES[goarch],
    ]

# buildifier: disable=unnamed-macro
def go_toolchains(sdks):
    """Declares the toolchains from each SDK's machine to each architecture.

    Args:
      sdks: dict from GOARCH of the machine that runs the compiler to its SDK.
    """
    for goarch, sdk in sdks.items():
        for tool, package in {"builder": "", "covdata": "cmd/covdata", "pack": "cmd/pack"}.items():
            name = "{}_{}".format(tool, goarch)
            go_sdk_program(
                name = name + "_program",
                srcs = [] if package else ["@rules_go//go/tools/builders:builder_srcs"],
                exec_compatible_with = _constraints(goarch),
                package = package,
                sdk = sdk,
                tags = ["manual"],
            )
            non_go_reset_target(
                name = name,
                dep = name + "_program",
                tags = ["manual"],
            )
        for target in _ARCHES:
            name = "{}_to_{}".format(goarch, target)
            go_toolchain(
                name = name + "_impl",
                builder = "builder_" + goarch,
                covdata = "covdata_" + goarch,
                goarch = target,
                goos = "linux",
                pack = "pack_" + goarch,
                sdk = sdk,
                tags = ["manual"],
            )
            native.toolchain(
                name = name,
                exec_compatible_with = _constraints(goarch),
                target_compatible_with = _constraints(target),
                toolchain = name + "_impl",
                toolchain_type = "@rules_go//go:toolchain",
            )
