# SPDX-License-Identifier: Apache-2.0
"""Choosing kernels of the lock for tests."""

def _number(text):
    """The leading number of a word; words without one sort first."""
    digits = ""
    for c in text.elems():
        if not c.isdigit():
            break
        digits += c
    return int(digits) if digits else -1

def _version(kernel):
    """A key that sorts kernels by age: 6.12.117-1 is newer than 6.12.99-2."""

    # As for Debian, ~ is less than the end: 6.12.117-1~deb12u1 is older than 6.12.117-1.
    words = kernel.version.replace("-", ".").replace("+", ".").replace("~", ".~.").split(".")
    return [[_number(word) for word in words] + [0], kernel.release]

def newest_of_series(kernels, flavour = "cloud"):
    """The keys of the newest bootable kernel of each series and architecture.

    Args:
      kernels: KERNELS of a kernel repository.
      flavour: which flavour; cloud kernels are the smallest and boot fastest.

    Returns:
      A sorted list of keys.
    """
    newest = {}
    for key, kernel in kernels.items():
        if not kernel.image or kernel.flavour != flavour:
            continue
        group = (kernel.distribution, kernel.arch, kernel.series)
        if group not in newest or _version(kernel) > _version(kernels[newest[group]]):
            newest[group] = key
    return sorted(newest.values())

def other_release(kernels, key):
    """The kernel most like the given one that is not the same release.

    Its modules differ in little but the version, so that a guest which refuses
    one proves that it looked.

    Args:
      kernels: KERNELS of a kernel repository.
      key: the kernel.

    Returns:
      The key of the other kernel.
    """
    one = kernels[key]
    best = None
    for other, kernel in kernels.items():
        if other == key or kernel.arch != one.arch:
            continue
        likeness = [kernel.series == one.series, kernel.flavour == one.flavour, _version(kernel)]
        if best == None or likeness > best[0]:
            best = (likeness, other)
    if not best:
        fail("{}: the lock has no other kernel of {} whose module the guest could refuse.".format(key, one.arch))
    return best[1]

def other_releases(kernels):
    """other_release of every kernel, for the price of a few.

    Args:
      kernels: KERNELS of a kernel repository.

    Returns:
      Dict from key to key; kernels of an architecture that has no second one are not in it.
    """
    groups = {}
    for key, kernel in kernels.items():
        groups.setdefault(kernel.arch, []).append((_version(kernel), key))
    others = {}
    for group in groups.values():
        group = sorted(group, reverse = True)
        newest = {}  # the two newest of all that are alike, for each degree of likeness
        for _, key in group:
            kernel = kernels[key]
            for alike in [(kernel.series, kernel.flavour), (kernel.series, None), (None, kernel.flavour), (None, None)]:
                newest.setdefault(alike, [])
                if len(newest[alike]) < 2:
                    newest[alike].append(key)
        for _, key in group:
            kernel = kernels[key]
            for alike in [(kernel.series, kernel.flavour), (kernel.series, None), (None, kernel.flavour), (None, None)]:
                found = [other for other in newest[alike] if other != key]
                if found:
                    others[key] = found[0]
                    break
    return others
