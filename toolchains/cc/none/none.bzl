# SPDX-License-Identifier: Apache-2.0
"""The configuration of the C toolchain that stands in where there is none."""

load("@rules_cc//cc:cc_toolchain_config_lib.bzl", "tool_path")
load("@rules_cc//cc:defs.bzl", "CcToolchainConfigInfo", "cc_common")

_TOOLS = ["ar", "cpp", "gcc", "gcov", "ld", "nm", "objdump", "strip"]

def _no_compiler_config_impl(ctx):
    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        abi_libc_version = "none",
        abi_version = "none",
        compiler = "none",
        host_system_name = "none",
        target_cpu = "none",
        target_libc = "none",
        target_system_name = "none",
        tool_paths = [
            tool_path(name = name, path = "no_compiler.sh")
            for name in _TOOLS
        ],
        toolchain_identifier = "none",
    )

no_compiler_config = rule(
    doc = "A toolchain configuration in which every tool is no_compiler.sh.",
    implementation = _no_compiler_config_impl,
    provides = [CcToolchainConfigInfo],
)
