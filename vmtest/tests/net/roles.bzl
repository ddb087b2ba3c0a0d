# SPDX-License-Identifier: Apache-2.0
"""The roles of the tests in this package."""

load("@kernels//:kernels.bzl", "KERNELS")
load("//vmtest:kernels.bzl", "newest_of_series")
load("//vmtest:net.bzl", "vm_role")

# <arch>/<series> to the newest stock kernel.
STOCK = {
    KERNELS[key].arch + "/" + KERNELS[key].series: key
    for key in newest_of_series(KERNELS)
}

def stock_role(kernel, test, **kwargs):
    """A role that runs one test of net_test on a stock kernel.

    Args:
      kernel: <arch>/<series>.
      test: name of the test.
      **kwargs: for vm_role.

    Returns:
      The role.
    """
    return vm_role(
        arch = kernel.split("/")[0],
        guest_args = ["-test.run=^{}$".format(test)],
        kernel = "//vmtest/kernels:" + STOCK[kernel],
        test = "//vmtest/tests/net:net_test",
        **kwargs
    )

def part_role(way, **kwargs):
    """A role that ends in one way of many.

    Args:
      way: argument of the program part.
      **kwargs: for vm_role.

    Returns:
      The role.
    """
    return vm_role(
        arch = "x86_64",
        format = "exit",
        guest_args = [way],
        kernel = "//vmtest/kernels:" + STOCK["x86_64/6.12"],
        test = "//vmtest/tests/net/part",
        **kwargs
    )
