# SPDX-License-Identifier: Apache-2.0
"""The driver for kernels that are not in the lock."""

load("//toolchains/kernel:defs.bzl", "kernel_module")

def tidelock_module(name, kernels, make_args = None, **kwargs):
    """Builds the driver for a table of kernels, as //kmod:tidelock is for those of the lock.

    Args:
      name: of the bundle; modules are called name/<distribution>/<arch>/<release>.
      kernels: the table, in the form of KERNELS of a kernel repository.
      make_args: further arguments for make.
      **kwargs: of kernel_module.
    """
    kernel_module(
        name = name,
        srcs = ["//kmod:sources"],
        coverage = True,
        kernels = kernels,
        make_args = make_args,
        module_name = "tidelock",
        probe_make_args = ["KAPI_ONLY=1"],
        probe_output = "compat/kapi.h",
        probe_srcs = ["//kmod:probes"],
        source_package = "kmod",
        **kwargs
    )
