# SPDX-License-Identifier: Apache-2.0
"""The configuration of a C toolchain whose tools are built, not found."""

load("@rules_cc//cc:action_names.bzl", "ACTION_NAMES")
load("@rules_cc//cc:cc_toolchain_config_lib.bzl", "action_config", "tool", "tool_path")
load("@rules_cc//cc:defs.bzl", "CcToolchainConfigInfo", "cc_common")
load(":features.bzl", "ARCHIVE", "COMPILE", "LINK", "toolchain_features")

def _c_toolchain_config_impl(ctx):
    actions = {
        action: ctx.executable.gcc
        for action in COMPILE + LINK
    } | {
        action: ctx.executable.ar
        for action in ARCHIVE
    } | {
        ACTION_NAMES.objcopy_embed_data: ctx.executable.objcopy,
        ACTION_NAMES.strip: ctx.executable.strip,
    }
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        abi_libc_version = "glibc-2.41",
        abi_version = "gcc-14",
        action_configs = [
            action_config(action_name = action, tools = [tool(tool = program)])
            for action, program in actions.items()
        ],
        compiler = "gcc",
        # None: what the compiler includes is an input of the action, like anything else.
        cxx_builtin_include_directories = [],
        features = toolchain_features(
            script_folder = ctx.files.linker_scripts[0].dirname,
            start_object = ctx.file.start_object.path,
        ),
        host_system_name = "x86_64-linux-gnu",
        target_cpu = ctx.attr.arch,
        target_libc = "glibc",
        target_system_name = ctx.attr.arch + "-linux-gnu",
        # The only tool that Bazel asks for by a path beside the BUILD file.
        tool_paths = [tool_path(name = "gcov", path = "gcov.sh")],
        toolchain_identifier = "gcc-14-" + ctx.attr.arch,
    )

def _tool(doc):
    return attr.label(doc = doc, mandatory = True, executable = True, cfg = "exec")

c_toolchain_config = rule(
    doc = "The tools and flags of GCC for programs of one architecture.",
    implementation = _c_toolchain_config_impl,
    attrs = {
        "ar": _tool("Makes static libraries."),
        "arch": attr.string(doc = "Architecture of the programs.", mandatory = True, values = ["aarch64", "x86_64"]),
        "gcc": _tool("Compiles, assembles and links."),
        "linker_scripts": attr.label(doc = "What glibc's libraries are linked by.", mandatory = True, cfg = "exec"),
        "objcopy": _tool("Turns data into objects."),
        "start_object": attr.label(doc = "What dynamic programs start with.", mandatory = True, allow_single_file = [".o"], cfg = "exec"),
        "strip": _tool("Takes debug information out."),
    },
    provides = [CcToolchainConfigInfo],
)
