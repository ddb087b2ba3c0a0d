# SPDX-License-Identifier: Apache-2.0
"""The kernel that --//vmtest:kernel=<distribution>/<arch>/<release> chooses."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("@kernels//:kernels.bzl", "KERNELS")
load("//vmtest/kernels/debug:defs.bzl", "DEBUG_KERNELS")
load(":kernels.bzl", "newest_of_series")

def _vm_kernels():
    """Every kernel that a guest can boot, by key."""
    kernels = {}
    for key, kernel in KERNELS.items():
        if kernel.image:
            kernels[key] = struct(
                arch = kernel.arch,
                debug = False,
                flavour = kernel.flavour,
                image = "//vmtest/kernels:" + key,
                nightly = False,
                series = kernel.series,
                tidelock = "//kmod:tidelock/" + key,
            )
    for key, kernel in DEBUG_KERNELS.items():
        kernels[key] = struct(
            arch = kernel.arch,
            debug = True,
            flavour = kernel.flavour,
            image = str(kernel.image),
            nightly = kernel.nightly,
            series = kernel.series,
            tidelock = "//vmtest/kernels/debug:tidelock/" + key,
        )
    return kernels

VM_KERNELS = _vm_kernels()

# The series that a guest has where nobody says another.
_SERIES = "6.12"

def _default_kernels():
    """Architecture to the newest cloud kernel of the series."""
    defaults = {}
    for key in newest_of_series(KERNELS):
        if KERNELS[key].series == _SERIES:
            defaults[KERNELS[key].arch] = key
    return defaults

DEFAULT_KERNELS = _default_kernels()

def _setting(key):
    """The condition that a kernel is the chosen one."""
    return "//vmtest/chosen:" + key

def of_chosen(values):
    """Chooses by the flag.

    Args:
      values: dict from key of a kernel to what is chosen with it.

    Returns:
      A select().
    """
    return select(
        {_setting(key): value for key, value in values.items()},
        no_match_error = "What --//vmtest:kernel names is not among the kernels here. `tools/bazel run //vmtest:shell -- --list` lists them all.",
    )

def chosen_settings(name):
    """Declares the condition of each kernel.

    Args:
      name: of the group; each condition is called as its kernel.
    """
    _ignore = [name]  # @unused
    for key in VM_KERNELS:
        native.config_setting(
            name = key,
            flag_values = {"//vmtest:kernel": key},
        )

def _pairs(text):
    return {text[i:i + 2]: None for i in range(len(text) - 1)}

def _near(text, count):
    """The keys that share the most pairs of letters with a text."""
    mine = _pairs(text)
    scored = []
    for key in VM_KERNELS:
        theirs = _pairs(key)
        common = len([p for p in mine if p in theirs])
        scored.append((-2000 * common // (len(mine) + len(theirs)), key))
    return [key for _, key in sorted(scored)[:count]]

def _kernel_flag_impl(ctx):
    key = ctx.build_setting_value
    if key not in VM_KERNELS:
        fail("\n".join([
            "{}={}: there is no such kernel. The nearest are:".format(ctx.label, key),
        ] + ["  " + near for near in _near(key, 3)] + [
            "`tools/bazel run //vmtest:shell -- --list` lists all {}.".format(len(VM_KERNELS)),
        ]))
    return [BuildSettingInfo(value = key)]

kernel_flag = rule(
    doc = "The flag that chooses a kernel; it knows which there are.",
    implementation = _kernel_flag_impl,
    build_setting = config.string(flag = True),
)

def _chosen_fact_impl(ctx):
    kernel = VM_KERNELS[ctx.attr.kernel[BuildSettingInfo].value]
    value = getattr(kernel, ctx.attr.fact)
    return [config_common.FeatureFlagInfo(value = {False: "no", True: "yes"}.get(value, value))]

chosen_fact = rule(
    doc = "Something of the chosen kernel that a config_setting can ask for.",
    implementation = _chosen_fact_impl,
    attrs = {
        "fact": attr.string(doc = "Which: arch, flavour or debug.", mandatory = True, values = ["arch", "debug", "flavour"]),
        "kernel": attr.label(doc = "The flag.", mandatory = True, providers = [BuildSettingInfo]),
    },
)

def _kernel_table_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(out, json.encode_indent({
        "default": DEFAULT_KERNELS,
        "kernels": [
            {"arch": kernel.arch, "debug": kernel.debug, "flavour": kernel.flavour, "key": key, "series": kernel.series}
            for key, kernel in sorted(VM_KERNELS.items())
        ],
        "schema": 1,
    }) + "\n")
    return [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles([out]))]

kernel_table = rule(
    doc = "The kernels that can be chosen, as JSON for programs (package vmtest/shell).",
    implementation = _kernel_table_impl,
)
