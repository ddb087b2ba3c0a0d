# SPDX-License-Identifier: Apache-2.0
"""What kernel_module says and does when a kernel's packages are gone, and when it is used wrongly."""

load("@bazel_skylib//lib:unittest.bzl", "analysistest", "asserts")
load("//toolchains/debian:package.bzl", "package_file")
load("//toolchains/debian:root.bzl", "debian_root")
load("//toolchains/kernel:build.bzl", "kernel_source", "refused_kernel_build")
load("//toolchains/kernel:choose.bzl", "choose_kernels", "kernel_series", "newest_kernel")
load("//toolchains/kernel:compiler.bzl", "platform_of")
load("//toolchains/kernel:defs.bzl", "KernelModuleBundleInfo", "KernelModuleInfo", "kernel_module")
load("//toolchains/kernel:kernel.bzl", "distribution_kernel", "packed_headers")
load("//toolchains/kernel:providers.bzl", "KernelSourceInfo")
load("//toolchains/kernel:sourcefiles.bzl", "kernel_source_files")

def _kernel(name, release, missing = False, tools = None):
    """A kernel whose header package is there or gone. Nothing of it is ever built."""
    package_file(
        name = name + "_package",
        file = None if missing else "BUILD.bazel",
        key = name + ".deb",
        missing = "on no mirror" if missing else "",
        tags = ["manual"],
    )
    packed_headers(
        name = name + "_headers",
        package = name + "_package",
        tags = ["manual"],
    )
    distribution_kernel(
        name = name,
        arch = "x86_64",
        compiler_major = 12,
        distribution = "debian",
        flavour = "generic",
        headers = name + "_headers",
        headers_dir = "usr/src/linux-headers-" + release,
        release = release,
        series = "6.1",
        tags = ["manual"],
        tools = tools,
    )
    return struct(
        arch = "x86_64",
        distribution = "debian",
        flavour = "generic",
        image = None,
        label = ":" + name,
        platform = platform_of("x86_64", 12),
        release = release,
        series = "6.1",
        version = "1",
    )

def _skipped_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    info = target[KernelModuleInfo]
    asserts.equals(env, None, info.module)
    asserts.equals(env, "gone-0.deb: on no mirror", info.skipped)
    asserts.equals(env, [], target.files.to_list())
    return analysistest.end(env)

_skipped_test = analysistest.make(_skipped_test_impl)

def _without_tools_test_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[KernelModuleInfo]
    asserts.equals(env, None, info.module)
    asserts.equals(env, "linux-kbuild.deb: on no mirror", info.skipped)
    return analysistest.end(env)

_without_tools_test = analysistest.make(_without_tools_test_impl)

def _built_test_impl(ctx):
    env = analysistest.begin(ctx)
    target = analysistest.target_under_test(env)
    asserts.equals(env, ["probing.json", "probing.ko"], sorted([f.basename for f in target.files.to_list()]))
    mnemonics = [action.mnemonic for action in analysistest.target_actions(env)]
    for want in ["KernelProbe", "KernelModule", "KernelModuleCheck"]:
        asserts.true(env, want in mnemonics, "{} is not among {}".format(want, mnemonics))

    # What probes must not know of the driver: a change there would repeat them for every kernel.
    for action in analysistest.target_actions(env):
        if action.mnemonic == "KernelProbe":
            names = [f.basename for f in action.inputs.to_list()]
            asserts.true(env, "probe.c" in names)
            asserts.false(env, "driver.c" in names)
    return analysistest.end(env)

_built_test = analysistest.make(_built_test_impl)

def _few_skipped_test_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[KernelModuleBundleInfo]
    skipped = [key for key, module in info.modules.items() if module.skipped]
    asserts.equals(env, 10, len(info.modules))
    asserts.equals(env, ["debian/x86_64/6.1.0-100-amd64"], skipped)
    return analysistest.end(env)

_few_skipped_test = analysistest.make(_few_skipped_test_impl)

def _part_skipped_test_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[KernelModuleBundleInfo]
    asserts.equals(env, 2, len([key for key, module in info.modules.items() if module.skipped]))
    return analysistest.end(env)

_part_skipped_test = analysistest.make(_part_skipped_test_impl)

def _failure_test_impl(ctx):
    env = analysistest.begin(ctx)
    for words in ctx.attr.words:
        asserts.expect_failure(env, words)
    return analysistest.end(env)

_failure_test = analysistest.make(
    _failure_test_impl,
    attrs = {"words": attr.string_list(doc = "What the message must hold.")},
    expect_failure = True,
)

def _choose_test_impl(ctx):
    env = analysistest.begin(ctx)
    kernels = {
        "debian/{}/{}".format(arch, release): struct(
            arch = arch,
            distribution = "debian",
            flavour = flavour,
            image = None,
            release = release,
            series = ".".join(release.split("-")[0].split(".")[:2]),
        )
        for arch, release, flavour in [
            ("x86_64", "6.1.0-9-amd64", "generic"),
            ("x86_64", "6.1.0-10-amd64", "generic"),
            ("x86_64", "6.12.9-amd64", "generic"),
            ("aarch64", "6.1.0-99-arm64", "generic"),
            ("x86_64", "5.10.0-3-cloud-amd64", "cloud"),
        ]
    }
    asserts.equals(env, ["debian/x86_64/6.1.0-10-amd64"], newest_kernel(kernels, arch = "x86_64", series = "6.1").keys())
    asserts.equals(env, ["5.10", "6.1", "6.12"], kernel_series(kernels))
    asserts.equals(env, 1, len(choose_kernels(kernels, flavour = "cloud")))
    asserts.equals(env, 0, len(choose_kernels(kernels, image = True)))
    return analysistest.end(env)

_choose_test = analysistest.make(_choose_test_impl)

def _source_missing_test_impl(ctx):
    env = analysistest.begin(ctx)
    info = analysistest.target_under_test(env)[KernelSourceInfo]
    asserts.equals(env, None, info.file)
    asserts.equals(env, "kernel-6.1-1.src.rpm: on no mirror", info.missing)
    return analysistest.end(env)

_source_missing_test = analysistest.make(_source_missing_test_impl)

def _mnemonic_test_impl(ctx):
    env = analysistest.begin(ctx)
    mnemonics = [action.mnemonic for action in analysistest.target_actions(env)]
    asserts.true(env, ctx.attr.mnemonic in mnemonics, "{} is not among {}".format(ctx.attr.mnemonic, mnemonics))
    return analysistest.end(env)

# What needs sources that are gone can be analysed; only running it says what is missing.
_mnemonic_test = analysistest.make(
    _mnemonic_test_impl,
    attrs = {"mnemonic": attr.string(doc = "Of the action that is to be there.")},
)

def _kernel_source_tests():
    """Sources of a kernel that are named wrongly, or are gone.

    Returns:
      The names of the tests.
    """
    package_file(
        name = "gone_srpm",
        key = "kernel-6.1-1.src.rpm",
        missing = "on no mirror",
        tags = ["manual"],
    )
    for name, attrs in {
        "source_both": {"package": "gone_srpm", "srpm": "gone_srpm"},
        "source_gone": {"srpm": "gone_srpm"},
        "source_neither": {},
        "source_skips": {"package": "gone_srpm", "skip_patches": {"Patch1": "of s390"}},
    }.items():
        kernel_source(
            name = name,
            tags = ["manual"],
            version = "6.1",
            **attrs
        )
    _source_missing_test(
        name = "source_gone_test",
        target_under_test = ":source_gone",
    )
    kernel_source_files(
        name = "files_gone",
        files = ["COPYING"],
        source = "source_gone",
        tags = ["manual"],
    )
    _mnemonic_test(
        name = "files_gone_test",
        mnemonic = "KernelSourceFiles",
        target_under_test = ":files_gone",
    )
    refused_kernel_build(
        name = "refused_gone",
        distribution = "debug",
        fragments = ["gone.config"],
        local_version = "-gone",
        platform = platform_of("x86_64", 12),
        source = "source_gone",
        tags = ["manual"],
    )
    _mnemonic_test(
        name = "refused_gone_test",
        mnemonic = "FileWrite",
        target_under_test = ":refused_gone",
    )
    for name, words in {
        "source_both": "give exactly one of `package`, a Debian package, and `srpm`, a source RPM",
        "source_neither": "give exactly one of `package`, a Debian package, and `srpm`, a source RPM",
        "source_skips": "`skip_patches` and `tarball` belong to `srpm`",
    }.items():
        _failure_test(
            name = name + "_test",
            target_under_test = ":" + name,
            words = [words],
        )
    return ["files_gone_test", "refused_gone_test", "source_both_test", "source_gone_test", "source_neither_test", "source_skips_test"]

def kernel_module_tests(name):
    """The tests and what they look at.

    Args:
      name: of the test suite.
    """
    there = {
        "debian/x86_64/6.1.0-{}-amd64".format(n): _kernel("there-{}".format(n), "6.1.0-{}-amd64".format(n))
        for n in range(9)
    }
    gone = {
        "debian/x86_64/6.1.0-{}-amd64".format(100 + n): _kernel("gone-{}".format(n), "6.1.0-{}-amd64".format(100 + n), missing = True)
        for n in range(2)
    }
    one_gone = there | {"debian/x86_64/6.1.0-100-amd64": gone["debian/x86_64/6.1.0-100-amd64"]}
    kernel_module(
        name = "few",
        srcs = ["driver.c"],
        kernels = one_gone,
        tags = ["manual"],
    )
    kernel_module(
        name = "many",
        srcs = ["driver.c"],
        kernels = there | gone,
        tags = ["manual"],
    )
    kernel_module(
        name = "probing",
        srcs = [
            "driver.c",
            "probe.c",
        ],
        kernels = {key: there[key] for key in ["debian/x86_64/6.1.0-0-amd64"]},
        probe_output = "kapi.h",
        probe_srcs = ["probe.c"],
        tags = ["manual"],
    )
    kernel_module(
        name = "outside",
        srcs = ["//toolchains/kernel/examples/hello:hello.c"],
        kernels = {key: there[key] for key in ["debian/x86_64/6.1.0-0-amd64"]},
        tags = ["manual"],
    )

    # The headers are there; the package of the kernel's own build programs is gone.
    package_file(
        name = "gone_tools_package",
        key = "linux-kbuild.deb",
        missing = "on no mirror",
        tags = ["manual"],
    )
    debian_root(
        name = "gone_tools",
        may_be_missing = True,
        packages = ["gone_tools_package"],
        tags = ["manual"],
    )
    kernel_module(
        name = "without_tools",
        srcs = ["driver.c"],
        kernels = {"debian/x86_64/6.1.0-200-amd64": _kernel("toolless", "6.1.0-200-amd64", tools = "gone_tools")},
        tags = ["manual"],
    )
    _without_tools_test(
        name = "without_tools_test",
        target_under_test = ":without_tools/debian/x86_64/6.1.0-200-amd64",
    )
    _skipped_test(
        name = "skipped_test",
        target_under_test = ":few/debian/x86_64/6.1.0-100-amd64",
    )
    _built_test(
        name = "built_test",
        target_under_test = ":probing/debian/x86_64/6.1.0-0-amd64",
    )
    _few_skipped_test(
        name = "few_skipped_test",
        target_under_test = ":few",
    )
    _failure_test(
        name = "many_skipped_test",
        target_under_test = ":many",
        words = [
            "2 of 11 kernels cannot be built for, more than one in ten",
            "debian/x86_64/6.1.0-100-amd64: gone-0.deb: on no mirror",
        ],
    )
    _part_skipped_test(
        name = "part_skipped_test",
        target_under_test = ":many/debian/x86_64/6.1",
    )
    _failure_test(
        name = "outside_test",
        target_under_test = ":outside/debian/x86_64/6.1.0-0-amd64",
        words = ["is not below the package"],
    )
    _choose_test(
        name = "choose_test",
        target_under_test = ":there-0",
    )
    native.test_suite(
        name = name,
        tests = [
            ":built_test",
            ":choose_test",
            ":few_skipped_test",
            ":many_skipped_test",
            ":outside_test",
            ":part_skipped_test",
            ":skipped_test",
            ":without_tools_test",
        ] + [":" + test for test in _kernel_source_tests()],
    )
