# SPDX-License-Identifier: Apache-2.0
"""GCC for programs: C toolchains of x86_64 and aarch64 from locked packages."""

load("@debian_tools//:roots.bzl", "ROOTS")
load("@rules_cc//cc:defs.bzl", "cc_toolchain")
load("//toolchains/cc/start:start.bzl", "start_object")
load("//toolchains/debian:root.bzl", "debian_packages", "debian_root", "root_for_tests")
load(":config.bzl", "c_toolchain_config")
load(":configuration.bzl", "built_for")
load(":scripts.bzl", "linker_scripts")
load(":tool.bzl", "root_tool")

# Every compile action has the headers as inputs, so what no program here includes is left out.
_NO_HEADERS = [
    "usr/include/c++",
    "usr/include/cxl",
    "usr/include/drm",
    "usr/include/misc",
    "usr/include/mtd",
    "usr/include/rdma",
    "usr/include/regulator",
    "usr/include/scsi",
    "usr/include/sound",
    "usr/include/video",
    "usr/include/xen",
]

# Of the compiler's own root only programs and what is below usr/lib/gcc is used.
_NO_COMPILER_FILES = [
    "usr/bin/*gp-*",
    "usr/bin/*gprof*",
    "usr/bin/*lto-dump*",
    "usr/include",
    "usr/lib/*/gprofng",
    "usr/lib/gcc*/*/*/plugin",
    "usr/libexec/gcc*/*/*/plugin",
    "usr/share",
]

# Loader and shared libraries only, each under one name.
_NO_RUNTIME = [
    "usr/bin",
    "usr/include",
    "usr/lib/*.so*",
    "usr/lib/*/*.a",
    "usr/lib/*/*.o",
    "usr/lib/*/*.so",
    "usr/lib/*/audit",
    "usr/lib/*/pkgconfig",
    "usr/lib/gcc*",
    "usr/lib/linux",
    "usr/lib64",
    "usr/libexec",
    "usr/sbin",
    "usr/share",
]

_ARCHES = {
    "aarch64": struct(
        binutils = "usr/aarch64-linux-gnu/bin",
        gcc = "usr/lib/gcc-cross/aarch64-linux-gnu/14",
        # The cross compiler's own libasan.a has a variable in its code (real_strcat), so
        # programs die as they start. The one of the native compiler is sound.
        more_arguments = ["-B{sysroot}/usr/lib/gcc/aarch64-linux-gnu/14"],
        not_in_sysroot = ["usr/lib/gcc/*/*/include"],
        loader = "ld-linux-aarch64.so.1",
        # All processors' headers come in one package.
        others = [
            "usr/include/[^a]*-linux-gnu*",
            "usr/include/a[^a]*-linux-gnu*",
            "usr/lib/linux/uapi/[^a]*",
            "usr/lib/linux/uapi/a[^r]*",
            "usr/lib/linux/uapi/arm",
        ],
    ),
    "x86_64": struct(
        binutils = "usr/bin",
        gcc = "usr/lib/gcc/x86_64-linux-gnu/14",
        more_arguments = [],
        # The compiler has its own.
        not_in_sysroot = ["usr/lib/gcc"],
        loader = "ld-linux-x86-64.so.2",
        others = [
            "usr/include/[^x]*-linux-gnu*",
            "usr/include/x86_64-linux-gnux32",
            "usr/lib/linux/uapi/[^x]*",
        ],
    ),
}

def _tools(arch, about):
    """Declares the programs; returns the labels of what each needs beside it."""
    compiler = ":{}/compiler".format(arch)
    sysroot = ":{}/sysroot".format(arch)
    triplet = arch + "-linux-gnu-"
    root_tool(
        name = arch + "/gcc",
        arguments = [
            # Paths in its output stay relative to where it runs, not to where a link leads.
            "-no-canonical-prefixes",
            "-fno-canonical-system-headers",
            "--sysroot={sysroot}",
            "-B{compiler}/" + about.binutils,
            # The folders that it would find by itself, which Debian's GCC makes absolute.
            "-nostdinc",
            "-idirafter",
            "{{compiler}}/{}/include".format(about.gcc),
            "-idirafter",
            "{{sysroot}}/usr/include/{}-linux-gnu".format(arch),
            "-idirafter",
            "{sysroot}/usr/include",
        ] + about.more_arguments,
        in_exec_root = True,
        program = "usr/bin/{}gcc-14".format(triplet),
        program_root = "compiler",
        roots = {
            compiler: "compiler",
            sysroot: "sysroot",
        },
        tags = ["manual"],
    )
    for name, program in {"ar": "ar", "gcov": "gcov-14", "nm": "nm", "objcopy": "objcopy", "objdump": "objdump", "strip": "strip"}.items():
        root_tool(
            name = "{}/{}".format(arch, name),
            program = "usr/bin/{}{}".format(triplet, program),
            program_root = "compiler",
            roots = {compiler: "compiler"},
            tags = ["manual"],
        )

def _roots(arch, about):
    debian_root(
        name = arch + "/compiler",
        exclude = _NO_COMPILER_FILES,
        packages = ROOTS["gcc-14-" + arch],
        tags = ["manual"],
    )
    debian_root(
        name = arch + "/sysroot",
        exclude = _NO_HEADERS + about.others + about.not_in_sysroot + [
            "usr/bin",
            "usr/lib/*/audit",
            # See linker_scripts.
            "usr/lib/*/libc.so",
            "usr/lib/*/libm.a",
            "usr/lib/*/libm.so",
            "usr/libexec",
            "usr/sbin",
            "usr/share",
        ],
        packages = ROOTS["sysroot-" + arch],
        tags = ["manual"],
    )
    debian_packages(
        name = arch + "/libraries",
        exclude = _NO_RUNTIME,
        packages = ROOTS["sysroot-" + arch],
        tags = ["manual"],
    )
    root_for_tests(
        name = arch + "/runtime",
        root = ":{}/libraries".format(arch),
        tags = ["manual"],
    )

def _toolchain(arch):
    trees = [":{}/compiler".format(arch), ":{}/sysroot".format(arch)]
    native.filegroup(
        name = arch + "/compiler_files",
        srcs = trees + [":{}/gcc".format(arch)],
        tags = ["manual"],
    )
    native.filegroup(
        name = arch + "/linker_files",
        srcs = [":{}/{}".format(arch, part) for part in ["compiler_files", "scripts", "start"]],
        tags = ["manual"],
    )
    for tool in ["ar", "objcopy", "strip"]:
        native.filegroup(
            name = "{}/{}_files".format(arch, tool),
            srcs = [":{}/compiler".format(arch), ":{}/{}".format(arch, tool)],
            tags = ["manual"],
        )
    native.filegroup(
        name = arch + "/coverage_files",
        # One gcov reads the data of both architectures.
        srcs = ["gcov.sh", ":x86_64/compiler", ":x86_64/gcov", "//toolchains/cc/gcov"],
        tags = ["manual"],
    )
    native.filegroup(
        name = arch + "/all_files",
        srcs = [":{}/{}".format(arch, group) for group in ["linker_files", "ar_files", "objcopy_files", "strip_files", "coverage_files"]],
        tags = ["manual"],
    )
    c_toolchain_config(
        name = arch + "/config",
        ar = ":{}/ar".format(arch),
        arch = arch,
        gcc = ":{}/gcc".format(arch),
        linker_scripts = ":{}/scripts".format(arch),
        objcopy = ":{}/objcopy".format(arch),
        start_object = ":{}/start".format(arch),
        strip = ":{}/strip".format(arch),
        tags = ["manual"],
    )
    cc_toolchain(
        name = arch + "/cc_toolchain",
        all_files = ":{}/all_files".format(arch),
        ar_files = ":{}/ar_files".format(arch),
        as_files = ":{}/compiler_files".format(arch),
        compiler_files = ":{}/compiler_files".format(arch),
        coverage_files = ":{}/coverage_files".format(arch),
        dwp_files = ":nothing",
        linker_files = ":{}/linker_files".format(arch),
        objcopy_files = ":{}/objcopy_files".format(arch),
        strip_files = ":{}/strip_files".format(arch),
        supports_param_files = True,
        tags = ["manual"],
        toolchain_config = ":{}/config".format(arch),
    )
    native.toolchain(
        name = arch + "_toolchain",
        exec_compatible_with = ["@platforms//cpu:x86_64", "@platforms//os:linux"],
        target_compatible_with = ["@platforms//cpu:" + arch, "@platforms//os:linux"],
        target_settings = [":for_programs"],
        toolchain = ":{}/cc_toolchain".format(arch),
        toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
    )

def c_toolchains():
    """Declares roots, programs, toolchains and platforms of all architectures."""
    native.filegroup(name = "nothing")

    # The compiler's tree is made by Go programs, and each rule for Go asks for a C
    # toolchain, used or not. So the build's own tools get the one that is none.
    built_for(name = "built_for")
    native.config_setting(
        name = "for_programs",
        flag_values = {":built_for": "programs"},
    )
    for arch, about in _ARCHES.items():
        _roots(arch, about)
        _tools(arch, about)
        start_object(
            name = arch + "/start",
            arch = arch,
            compiler = ":{}/gcc".format(arch),
            compiler_files = ":{}/compiler_files".format(arch),
            libraries = "usr/lib/{}-linux-gnu".format(arch),
            loader = about.loader,
            runtime = ":{}/libraries".format(arch),
            tags = ["manual"],
        )
        linker_scripts(
            name = arch + "/scripts",
            loader = about.loader,
            tags = ["manual"],
        )
        _toolchain(arch)
        native.platform(
            name = "linux_" + arch,
            constraint_values = ["@platforms//cpu:" + arch, "@platforms//os:linux"],
        )
