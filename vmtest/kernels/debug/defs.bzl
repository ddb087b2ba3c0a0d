# SPDX-License-Identifier: Apache-2.0
"""The debug kernels: which there are, and how each is put together."""

load("//toolchains/kernel:build.bzl", "kernel_build", "kernel_source")
load("//toolchains/kernel:compiler.bzl", "platform_of")
load("//vmtest:kernel.bzl", "built_vm_kernel")

# Series to the sources and the compiler that Debian builds that series with. A new
# package in packages.lock.json means a new version here; the build says so. A series
# may have fragments of its own for a kind.
_SERIES = {
    "6.1": struct(compiler_major = 12, fragments = {"kasan": ["kasan-6.1"]}, package = "source-6.1", version = "6.1.176"),
    "6.12": struct(compiler_major = 14, fragments = {"kasan": ["kasan-6.12"]}, package = "source-6.12", version = "6.12.107"),
}

# Kind to its fragments, besides those of every kernel.
_KINDS = {
    "kasan": ["kasan", "kmemleak"],
    "kcsan": ["kcsan"],
}

# Kind to what it wants on the command line: the option alone only makes it possible.
_KIND_APPEND = {
    "kasan": ["page_owner=on"],
    "kcsan": [],
}

# Kind to reports that no test is judged by.
_KIND_IGNORE = {
    "kasan": {},
    "kcsan": {
        # A function of a module has the module's name in brackets behind it.
        "KCSAN: data-race in [^\\[]*": "a race of the kernel's own, in which no module takes part",
    },
}

# Architecture to the same. Without ACPI x86 knows no power switch; a restart ends QEMU too.
_ARCH_APPEND = {
    "aarch64": [],
    "x86_64": ["vmtest.off=restart"],
}

_ARCHES = ["x86_64", "aarch64"]

# What //... builds and tests; the others carry the tag `nightly`.
_BY_DEFAULT = [
    ("6.12", "x86_64", "kasan"),
    ("6.12", "aarch64", "kasan"),
    ("6.1", "x86_64", "kasan"),
    ("6.12", "x86_64", "kcsan"),
]

def _kernels():
    """The table of kernels, in the form of KERNELS of a kernel repository."""
    kernels = {}
    for series, source in _SERIES.items():
        for arch in _ARCHES:
            for kind in _KINDS:
                release = "{}-{}".format(source.version, kind)
                key = "/".join(["debug", arch, release])
                kernels[key] = struct(
                    arch = arch,
                    distribution = "debug",
                    flavour = kind,
                    image = Label("//vmtest/kernels/debug:vm/" + key),
                    label = Label("//vmtest/kernels/debug:" + key),
                    nightly = (series, arch, kind) not in _BY_DEFAULT,
                    platform = platform_of(arch, source.compiler_major),
                    release = release,
                    series = series,
                    version = source.version,
                )
    return kernels

DEBUG_KERNELS = _kernels()

# The one for tests that are too long to be run on all of them each day.
DEFAULT_DEBUG_KERNEL = "debug/x86_64/{}-kasan".format(_SERIES["6.12"].version)

def debug_kernels(name, roots):
    """Declares all of them.

    Args:
      name: of the group.
      roots: ROOTS of the lock with the source packages.
    """

    for series, source in _SERIES.items():
        kernel_source(
            name = "linux-" + series,
            package = roots[source.package][0],
            tags = ["manual"],
            version = source.version,
            visibility = ["//visibility:public"],
        )
    for key, kernel in DEBUG_KERNELS.items():
        series = _SERIES[kernel.series]
        kernel_build(
            name = key,
            arch = kernel.arch,
            compiler_major = series.compiler_major,
            distribution = kernel.distribution,
            facts = {
                "GCOV_KERNEL": "y" if kernel.flavour == "kasan" else "n",
                "MODVERSIONS": "n",
                "TLS": "y",
            },
            flavour = kernel.flavour,
            fragments = [
                fragment + ".config"
                for fragment in (["base", kernel.arch, "tracing", "failfast"] + _KINDS[kernel.flavour] +
                                 series.fragments.get(kernel.flavour, []))
            ],
            local_version = "-" + kernel.flavour,
            source = "linux-" + kernel.series,
            version = kernel.version,
            visibility = ["//visibility:public"],
        )
        built_vm_kernel(
            name = "vm/" + key,
            append = _KIND_APPEND[kernel.flavour] + _ARCH_APPEND[kernel.arch],
            ignore = _KIND_IGNORE[kernel.flavour],
            kernel = key + ".build",
            tags = ["manual"],
            visibility = ["//visibility:public"],
        )
    native.filegroup(
        name = name,
        srcs = ["vm/" + key for key, kernel in DEBUG_KERNELS.items() if not kernel.nightly],
        tags = ["manual"],
    )
