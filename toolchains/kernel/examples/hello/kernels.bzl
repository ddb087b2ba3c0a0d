# SPDX-License-Identifier: Apache-2.0
"""The kernels that the example is built for: one with symbol versions, one for the other processor."""

load("@kernels//:kernels.bzl", "KERNELS")
load("//toolchains/kernel:choose.bzl", "newest_kernel")

HELLO_KERNELS = newest_kernel(
    KERNELS,
    arch = "x86_64",
    distribution = "debian",
    flavour = "cloud",
    series = "6.1",
) | newest_kernel(
    KERNELS,
    arch = "aarch64",
    distribution = "debian",
    flavour = "cloud",
    series = "6.12",
)
