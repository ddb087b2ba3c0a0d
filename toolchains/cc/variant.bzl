# SPDX-License-Identifier: Apache-2.0
"""A C program built in another way, beside the usual one.

    cc_test(
        name = "queue_test",
        ...
    )

    cc_variant_test(
        name = "queue_asan_test",
        program = ":queue_test",
        features = ["asan", "ubsan"],
    )

    cc_variant_test(
        name = "queue_aarch64_test",
        program = ":queue_test",
        arch = "aarch64",
    )

The program and all that it links are built anew with the features, for the
architecture. Programs of aarch64 are run by a user-mode emulator.
"""

load("//toolchains/debian:providers.bzl", "ToolRootInfo")
load(":tool.bzl", "WRAPPER_ATTRS", "declare_wrapper", "relative_path")

_FEATURES = "//command_line_option:features"
_PLATFORMS = "//command_line_option:platforms"

_PLATFORM_OF = {
    "aarch64": Label("//toolchains/cc:linux_aarch64"),
    "x86_64": Label("//toolchains/cc:linux_x86_64"),
}

def _to_variant_impl(settings, attr):
    features = settings[_FEATURES]
    return {
        _FEATURES: features + [f for f in attr.variant if f not in features],
        _PLATFORMS: [_PLATFORM_OF[attr.arch]] if attr.arch else settings[_PLATFORMS],
    }

_to_variant = transition(
    implementation = _to_variant_impl,
    inputs = [_FEATURES, _PLATFORMS],
    outputs = [_FEATURES, _PLATFORMS],
)

def _options(ctx):
    """How the sanitizers behave, where the BUILD file does not say it."""
    return {
        # The emulator has no ptrace, by which leaks are looked for.
        "ASAN_OPTIONS": "detect_leaks={}:detect_stack_use_after_return=1".format(0 if ctx.attr.emulator else 1),
        "UBSAN_OPTIONS": "print_stacktrace=1",
    }

def _without(ctx, runfiles, file):
    """Runfiles less one file."""
    return ctx.runfiles(
        files = [f for f in runfiles.files.to_list() if f != file],
        root_symlinks = {link.path: link.target_file for link in runfiles.root_symlinks.to_list()},
        symlinks = {link.path: link.target_file for link in runfiles.symlinks.to_list()},
    )

def _cc_variant_impl(ctx):
    program = ctx.attr.program[0]
    executable = program[DefaultInfo].files_to_run.executable
    if not executable:
        fail("{}: {} cannot be run; give a cc_test or cc_binary as program.".format(ctx.label, program.label))
    out = ctx.actions.declare_file(ctx.label.name)

    # Runfiles have no configuration in their paths: beside the program that it is a
    # variant of, this one needs a name of its own.
    own = ctx.actions.declare_file(ctx.label.name + ".program") if ctx.attr.emulator else out
    ctx.actions.symlink(output = own, target_file = executable, is_executable = True)
    files = [own, ctx.attr._runtime[0][ToolRootInfo].tree]
    if ctx.attr.emulator:
        emulator = ctx.attr.emulator[ToolRootInfo].tree
        files.append(emulator)
        folder = out.short_path.rpartition("/")[0]
        declare_wrapper(ctx, out, [
            "{{dir}}/{}/usr/bin/qemu-{}".format(relative_path(folder, emulator.short_path), ctx.attr.arch),
            "{dir}/" + own.basename,
        ])
    environment = _options(ctx)
    inherited = []
    if RunEnvironmentInfo in program:
        environment |= program[RunEnvironmentInfo].environment
        inherited = program[RunEnvironmentInfo].inherited_environment
    return [
        DefaultInfo(
            executable = out,
            files = depset([out]),
            runfiles = _without(ctx, program[DefaultInfo].default_runfiles, executable).merge(ctx.runfiles(files = files)),
        ),
        RunEnvironmentInfo(environment = environment | ctx.attr.env, inherited_environment = inherited),
        coverage_common.instrumented_files_info(ctx, dependency_attributes = ["program"]),
    ]

_ATTRS = WRAPPER_ATTRS | {
    "arch": attr.string(doc = "Architecture of the program; the build's own where none is given.", values = ["", "aarch64", "x86_64"]),
    "emulator": attr.label(doc = "Runs the program, where this machine cannot.", providers = [ToolRootInfo], cfg = "exec"),
    "env": attr.string_dict(doc = "Environment of the program; it goes before the program's own."),
    "program": attr.label(doc = "The cc_test or cc_binary.", mandatory = True, cfg = _to_variant),
    "variant": attr.string_list(doc = "Features of the toolchain, such as asan and ubsan."),
    "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    "_runtime": attr.label(default = "//toolchains/cc:runtime", providers = [ToolRootInfo], cfg = _to_variant),
}

_cc_variant_test = rule(
    implementation = _cc_variant_impl,
    attrs = _ATTRS,
    test = True,
)

_cc_variant_binary = rule(
    implementation = _cc_variant_impl,
    attrs = _ATTRS,
    executable = True,
)

def _emulator(arch):
    return "//toolchains/debian:qemu-user" if arch == "aarch64" else None

def cc_variant_test(name, program, features = [], arch = "", **kwargs):
    """A test that is another test's program, built in another way.

    Args:
      name: the test's name.
      program: the cc_test.
      features: features of the toolchain, such as ["asan", "ubsan"].
      arch: architecture, where it is not the build's own.
      **kwargs: what every test takes, and `env`.
    """
    _cc_variant_test(name = name, arch = arch, emulator = _emulator(arch), program = program, variant = features, **kwargs)

def cc_variant_binary(name, program, features = [], arch = "", **kwargs):
    """A program built in another way, as data of tests.

    Args:
      name: the target's name.
      program: the cc_binary.
      features: features of the toolchain, such as ["asan", "ubsan"].
      arch: architecture, where it is not the build's own.
      **kwargs: what every rule takes, and `env`.
    """
    _cc_variant_binary(name = name, arch = arch, emulator = _emulator(arch), program = program, variant = features, **kwargs)
