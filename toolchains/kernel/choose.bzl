# SPDX-License-Identifier: Apache-2.0
"""Choosing kernels of a lock by what they are, not by a release that may leave it."""

def _sort_key(release):
    """A release as a string that sorts as its numbers do: 6.1.0-9 before 6.1.0-10."""
    out = []
    number = ""
    for c in release.elems():
        if c.isdigit():
            number += c
            continue
        if number:
            out.append("0" * (12 - len(number)) + number)
            number = ""
        out.append(c)
    if number:
        out.append("0" * (12 - len(number)) + number)
    return "".join(out)

def choose_kernels(kernels, distribution = None, arch = None, series = None, flavour = None, image = None):
    """The part of a kernel table that matches all that is given.

    Args:
      kernels: KERNELS of a kernel repository.
      distribution: such as "debian".
      arch: x86_64 or aarch64.
      series: such as "6.1".
      flavour: such as "cloud".
      image: True for kernels whose image the archive holds.

    Returns:
      A dict like `kernels`.
    """
    return {
        key: kernel
        for key, kernel in kernels.items()
        if (distribution == None or kernel.distribution == distribution) and
           (arch == None or kernel.arch == arch) and
           (series == None or kernel.series == series) and
           (flavour == None or kernel.flavour == flavour) and
           (image == None or bool(kernel.image) == image)
    }

def newest_kernel(kernels, **wanted):
    """The newest release among the kernels that match.

    Args:
      kernels: KERNELS of a kernel repository.
      **wanted: as of choose_kernels.

    Returns:
      A dict with the one kernel, as choose_kernels gives it; fails when there is none.
    """
    found = choose_kernels(kernels, **wanted)
    if not found:
        fail("No kernel in the lock has {}. Look with: tools/bazel query 'kind(distribution_kernel, @kernels//:all)'".format(wanted))
    by_release = {_sort_key(kernel.release): key for key, kernel in found.items()}
    key = by_release[sorted(by_release)[-1]]
    return {key: found[key]}

def kernel_series(kernels):
    """The series of a kernel table, oldest first.

    Args:
      kernels: KERNELS of a kernel repository.

    Returns:
      A list such as ["5.10", "6.1", "6.12"].
    """
    series = {_sort_key(kernel.series): kernel.series for kernel in kernels.values()}
    return [series[key] for key in sorted(series)]
