# SPDX-License-Identifier: Apache-2.0
"""vm_tests: one test on many kernels, and on the one of the command line.

    go_test(
        name = "load_test",
        srcs = ["load_test.go"],
        tags = ["manual"],  # it is only meant for the guest
    )

    vm_tests(
        name = "load",
        modules = {"{tidelock}": "TIDELOCK_KO"},
        test = ":load_test",
    )

makes load/<distribution>/<arch>/<release> for each kernel, and `chosen`, which runs on
the kernel of --//vmtest:kernel=<distribution>/<arch>/<release>.
"""

load("@kernels//:kernels.bzl", "KERNELS")
load("//vmtest/kernels/debug:defs.bzl", "DEFAULT_DEBUG_KERNEL")
load(":chosen.bzl", "VM_KERNELS", "of_chosen")
load(":defs.bzl", "vm_test")
load(":kernels.bzl", "newest_of_series", "other_releases")

def _fill(modules, key, others):
    """The modules for one kernel, of a dict of patterns."""
    return {
        pattern.format(key = key, other = others.get(key, ""), tidelock = VM_KERNELS[key].tidelock): variable
        for pattern, variable in modules.items()
    }

def vm_tests(
        name,
        test,
        kernels = None,
        modules = None,
        on_debug = None,
        chosen = "chosen",
        tags = None,
        **kwargs):
    """Runs a test under each of many kernels.

    Args:
      name: the tests are called name/<distribution>/<arch>/<release>.
      test: the program, for example a go_test.
      kernels: keys of kernels; without, the newest cloud kernel of each series of the
        lock, and all debug kernels.
      modules: dict from label to the variable in which the program finds the module, as
        of vm_test. In a label {key} stands for the kernel's key, {tidelock} for the
        driver that was built for the kernel, {other} for the key of another kernel that
        is most like it (not of debug kernels).
      on_debug: dict of arguments that have another value on debug kernels. kmemleak is
        looked at where there is one, without being asked for.
      chosen: name of the test that runs on the kernel of --//vmtest:kernel; with the tag
        `manual`, because //... has the others. None: no such test.
      tags: of all tests. All debug kernels but one add `nightly`: there a test takes minutes.
      **kwargs: what vm_test takes.
    """
    on_debug = on_debug or {}
    modules = modules or {}
    debug_modules = on_debug.get("modules", modules)
    on_debug = {k: v for k, v in on_debug.items() if k != "modules"}
    others = {}
    if [pattern for pattern in modules if "{other}" in pattern]:
        others = other_releases(KERNELS)
    if kernels == None:
        kernels = newest_of_series(KERNELS) + [key for key, kernel in VM_KERNELS.items() if kernel.debug]
    for key in kernels:
        kernel = VM_KERNELS[key]
        args = dict(kwargs)
        if kernel.debug:
            args["expect_kmemleak"] = kernel.flavour == "kasan"
            args.update(on_debug)
        vm_test(
            name = "{}/{}".format(name, key),
            arch = kernel.arch,
            kernel = kernel.image,
            modules = _fill(debug_modules if kernel.debug else modules, key, others),
            tags = (tags or []) + (["nightly"] if kernel.debug and key != DEFAULT_DEBUG_KERNEL else []),
            test = test,
            **args
        )
    if not chosen:
        return
    args = dict(kwargs)
    args["expect_kmemleak"] = select({
        "//vmtest:chosen_kasan": True,
        "//conditions:default": kwargs.get("expect_kmemleak"),
    })
    for attribute, value in on_debug.items():
        if attribute in ["cpus", "memory_mib", "timeout"]:
            # Bazel must know before it knows the kernel. A debug kernel needs more.
            args[attribute] = value
        else:
            args[attribute] = select({
                "//vmtest:chosen_with_debug": value,
                "//conditions:default": kwargs.get(attribute),
            })
    vm_test(
        name = chosen,
        arch = "chosen",
        kernel = "//vmtest:chosen_kernel",
        modules = of_chosen({
            key: _fill(debug_modules if kernel.debug else modules, key, others)
            for key, kernel in VM_KERNELS.items()
        }),
        tags = (tags or []) + ["manual"],
        test = test,
        **args
    )
