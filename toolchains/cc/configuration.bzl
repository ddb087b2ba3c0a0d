# SPDX-License-Identifier: Apache-2.0
"""Tells programs that are built from tools that the build runs."""

def _built_for_impl(ctx):
    # Bazel has no word for it that a select could read; the output folder of tools is
    # bazel-out/<cpu>-<mode>-exec...
    configuration = ctx.bin_dir.path.split("/")[1]
    return [config_common.FeatureFlagInfo(value = "tools" if "-exec" in configuration else "programs")]

built_for = rule(
    doc = "A flag for config_setting: \"tools\" where the build's own tools are configured, \"programs\" elsewhere.",
    implementation = _built_for_impl,
)
