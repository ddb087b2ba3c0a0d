# SPDX-License-Identifier: Apache-2.0
"""Settings of the build as a file for the guest: what a program is told on its command
line lies in the guest's archive, which the build makes."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")

def _stress_options_impl(ctx):
    seconds = ctx.attr.seconds[BuildSettingInfo].value
    seed = ctx.attr.seed[BuildSettingInfo].value
    if seconds < 1:
        fail("--{}={}: give a number of seconds above 0.".format(str(ctx.attr.seconds.label).lstrip("@"), seconds))
    if not seed.isdigit():
        fail("--{}={}: give the number that a run has printed, or 0 for a new one.".format(str(ctx.attr.seed.label).lstrip("@"), seed))
    out = ctx.actions.declare_file(ctx.label.name + ".options")
    ctx.actions.write(out, "-duration={}s\n-seed={}\n".format(seconds, seed))
    return [DefaultInfo(files = depset([out]))]

stress_options = rule(
    doc = "Writes the flags of a stress test that come from settings of the build, one a line.",
    implementation = _stress_options_impl,
    attrs = {
        "seconds": attr.label(doc = "How long the load is disturbed.", mandatory = True, providers = [BuildSettingInfo]),
        "seed": attr.label(doc = "What decides the order; a number of up to 64 bits as text, 0 for a new one in each run.", mandatory = True, providers = [BuildSettingInfo]),
    },
)
