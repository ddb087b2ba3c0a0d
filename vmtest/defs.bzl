# SPDX-License-Identifier: Apache-2.0
"""vm_test: a Go test, or another program, run under a kernel of choice.

    go_test(
        name = "load_test",
        srcs = ["load_test.go"],
        tags = ["manual"],  # it is only meant for the guest
    )

    vm_test(
        name = "load/debian/x86_64/6.1.0-56-cloud-amd64",
        arch = "x86_64",
        kernel = "//vmtest/kernels:debian/x86_64/6.1.0-56-cloud-amd64",
        modules = {"//kmod:tidelock/debian/x86_64/6.1.0-56-cloud-amd64": "TIDELOCK_KO"},
        test = ":load_test",
    )

See docs/vmtest.md.
"""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("//toolchains/debian:providers.bzl", "ToolRootInfo")
load("//toolchains/kernel:providers.bzl", "KernelModuleInfo")
load(":providers.bzl", "GuestRootInfo", "VmFirmwareInfo", "VmGuestInfo", "VmKernelInfo")

_PLATFORMS = {
    "aarch64": Label("@rules_go//go/toolchain:linux_arm64"),
    "x86_64": Label("@rules_go//go/toolchain:linux_amd64"),
}

def _to_guest_impl(settings, attr):
    _ignore = [settings]  # @unused
    return {"//command_line_option:platforms": str(_PLATFORMS[attr.arch])}

# What runs in the guest is built for the guest, whatever the build's own platform is.
_to_guest = transition(
    implementation = _to_guest_impl,
    inputs = [],
    outputs = ["//command_line_option:platforms"],
)

# For rules of other guests.
to_guest = _to_guest

# Where the guest finds what a test brings.
_TEST_DIR = "/test/"
_MODULE_DIR = "/lib/tidelock/"

def _one(target):
    """The only file of a target that a transition made a list of."""
    return target[0][DefaultInfo].files_to_run.executable

def _program(ctx, executable):
    """How the guest's init runs the test."""
    args = list(ctx.attr.guest_args)
    if ctx.attr.format == "go":
        args = ["-test.v=test2json"] + args
    return {
        "args": args,
        "env": ["{}={}".format(k, v) for k, v in sorted(ctx.attr.guest_env.items())],
        "format": ctx.attr.format,
        "name": ctx.attr.test[0].label.name,
        "path": _TEST_DIR + executable.basename,
    }

def _coverage(modules):
    """The modules that count what they run."""
    return [module.coverage for module in modules.values() if module.coverage]

def _files_by_name(modules):
    """The modules' files by the name that stands in a trace, but of those that share one."""
    names = [module.name for module in modules.values()]
    return {
        module.name: module.module.short_path
        for module in modules.values()
        if len([name for name in names if name == module.name]) == 1
    }

def _initramfs(ctx, kernel, modules, program, executable):
    """Declares the action that makes the guest's root file system."""
    files = [{"host": executable.path, "mode": 0o755, "path": program["path"]}]
    inputs = [executable, kernel.modules]
    env = [
        "TIDELOCK_KERNEL=" + kernel.key,
        "TIDELOCK_KTLS=" + ("1" if kernel.config.get("TLS") in ["m", "y"] else "0"),
    ]
    for name, module in modules.items():
        path = "{}{}/{}.ko".format(_MODULE_DIR, name.lower(), module.name)
        files.append({"host": module.module.path, "path": path})
        inputs.append(module.module)
        env.append("{}={}".format(name, path))
    for target, path in ctx.attr.guest_data.items():
        sources = target.files.to_list()
        if len(sources) != 1:
            fail("{}: guest_data: {} stands for {} files; give a label of exactly one.".format(ctx.label, target.label, len(sources)))
        files.append({"host": sources[0].path, "path": path})
        inputs.append(sources[0])
    guest = {
        "coverage": bool(_coverage(modules)),
        "env": env,
        "hostname": "guest",
        "load": ctx.attr.load_modules,
        "programs": [program],
        "skip_kmemleak": ctx.attr.expect_class == "SPLAT",
    }
    if ctx.attr.network:
        # One of several guests: net.bzl says which.
        network = json.decode(ctx.attr.network)
        guest = guest | {"hostname": network["role"], "network": network}
        env.append("TIDELOCK_ROLE=" + network["role"])
    layers = []
    for target in ctx.attr.userland:
        root = target[GuestRootInfo]
        if root.arch != kernel.arch:
            fail("{}: userland: {} is for {}, and the guest is {}.".format(ctx.label, target.label, root.arch, kernel.arch))
        layers.append(root.layer)
    init = _one(ctx.attr._init)
    spec = ctx.actions.declare_file(ctx.label.name + ".spec.json")
    ctx.actions.write(spec, json.encode_indent({
        "config": guest,
        "files": files,
        "init": init.path,
        "layers": [layer.path for layer in layers],
        "modules_dir": kernel.modules.path,
        "offer": ctx.attr.offer_modules,
    }))
    out = ctx.actions.declare_file(ctx.label.name + ".cpio")
    args = ctx.actions.args()
    args.add("-spec", spec)
    args.add("-out", out)
    ctx.actions.run(
        mnemonic = "VmInitramfs",
        progress_message = "Making the guest's files of %{label}",
        executable = ctx.executable._mkinitramfs,
        arguments = [args],
        inputs = inputs + layers + [init, spec],
        outputs = [out],
    )
    return out

def _known(failures, flaky):
    """Known failures as the runner wants them."""
    return [{"case": case, "flaky": flaky, "reason": reason} for case, reason in failures.items()]

def _lacks(label, kernel, symbols):
    """What a kernel's configuration lacks, a sentence each."""
    for symbol in symbols:
        if symbol not in kernel.config:
            fail("{}: needs_config: nothing is known of CONFIG_{} of {}. Known are {}.".format(label, symbol, kernel.key, ", ".join(kernel.config)))
    return ["{} is built without CONFIG_{}".format(kernel.key, symbol) for symbol in symbols if kernel.config[symbol] == "n"]

def _vm_test_impl(ctx):
    kernel = ctx.attr.kernel[VmKernelInfo]
    if kernel.arch != ctx.attr.arch:
        fail("{}: arch is {}, and the kernel {} is for {}. Make them equal.".format(ctx.label, ctx.attr.arch, kernel.key, kernel.arch))
    modules = {name: target[KernelModuleInfo] for target, name in ctx.attr.modules.items()}
    lacks = _lacks(ctx.label, kernel, ctx.attr.needs_config)
    skip = "; ".join([why for why in [kernel.missing] + lacks + [module.skipped for module in modules.values()] + [target[GuestRootInfo].missing for target in ctx.attr.userland] if why])
    executable = _one(ctx.attr.test)
    program = _program(ctx, executable)
    config = {
        "accel": ctx.attr._accel[BuildSettingInfo].value,
        "append": " ".join(kernel.append + ctx.attr.append),
        "arch": kernel.arch,
        "cpus": ctx.attr.cpus,
        "expect": {
            "kmemleak": ctx.attr.expect_kmemleak,
            "taint": ctx.attr.expect_taint,
            "taint_allowed": ctx.attr.allow_taint,
        },
        "expect_class": ctx.attr.expect_class,
        "expect_title": ctx.attr.expect_title,
        "ignore": [{"reason": reason, "title": title} for title, reason in (kernel.ignore | ctx.attr.ignore).items()],
        "kernel": kernel.key,
        "known_failures": _known(ctx.attr.known_failures, False) + _known(ctx.attr.flaky_failures, True),
        "memory_mib": ctx.attr.memory_mib,
        "name": str(ctx.label).lstrip("@"),
        "programs": [program],
        "release": kernel.release,
        "skip": skip,
        "timeout_seconds": ctx.attr.timeout_seconds,
    }
    files = []
    if not skip:
        qemu = ctx.attr.qemu[ToolRootInfo].tree
        initrd = _initramfs(ctx, kernel, modules, program, executable)
        config["image"] = kernel.image.short_path
        config["initrd"] = initrd.short_path
        config["qemu_root"] = qemu.short_path
        files = [qemu, initrd, kernel.image]
        if _coverage(modules):
            config["coverage"] = [
                {
                    "name": c.name,
                    "notes": c.notes.short_path,
                    "package": c.package,
                    "program": c.root.short_path + "/" + c.program,
                }
                for c in _coverage(modules)
            ]
            files += [f for c in _coverage(modules) for f in [c.notes, c.root]]
        if ctx.attr.firmware:
            firmware = ctx.attr.firmware[VmFirmwareInfo]
            config["firmware"] = {"code": firmware.code.short_path, "vars": firmware.vars.short_path}
            files += [firmware.code, firmware.vars]
        if kernel.vmlinux:
            # Some 80 MB, which a test on another machine has to fetch; here it is a link.
            config["vmlinux"] = kernel.vmlinux.short_path
            config["modules"] = _files_by_name(modules)
            files += [kernel.vmlinux] + [module.module for module in modules.values()]

    # The test is the runner itself; it finds the configuration beside its own name.
    test = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = test, target_file = ctx.executable._runner, is_executable = True)
    settings = ctx.actions.declare_file(ctx.label.name + ".json")
    ctx.actions.write(settings, json.encode_indent(config))
    return [
        DefaultInfo(
            executable = test,
            runfiles = ctx.runfiles(files = files + [settings, ctx.executable._runner]),
        ),
        VmGuestInfo(config = config, files = files),
        # Without it `bazel coverage` does not collect what the runner leaves.
        coverage_common.instrumented_files_info(ctx),
    ]

_vm_test = rule(
    doc = "Boots a kernel in QEMU, runs one program in it and judges the run.",
    implementation = _vm_test_impl,
    test = True,
    attrs = {
        "allow_taint": attr.string(doc = "Letters of kernel taint that may be there at the end."),
        "append": attr.string_list(doc = "Further parameters on the kernel's command line."),
        "arch": attr.string(doc = "Architecture of the guest.", mandatory = True, values = ["x86_64", "aarch64"]),
        "cpus": attr.int(doc = "CPUs of the guest.", default = 2),
        "expect_class": attr.string(doc = "Turns the test around: it succeeds when the verdict is of this class.", values = ["", "TESTFAIL", "SPLAT", "LEAK", "HANG", "BOOTFAIL", "INFRA"]),
        "expect_kmemleak": attr.bool(doc = "The kernel must have kmemleak, and its scan at the end must find nothing."),
        "expect_taint": attr.string(doc = "Letters of kernel taint that must be there at the end."),
        "expect_title": attr.string(doc = "Pattern for the whole title of the expected verdict."),
        "firmware": attr.label(doc = "UEFI firmware that starts the kernel; without it QEMU starts it by itself.", providers = [VmFirmwareInfo]),
        "flaky_failures": attr.string_dict(doc = "As known_failures, for cases that do not fail each time."),
        "format": attr.string(doc = "How the program reports: go (a Go test), tap, or exit.", default = "go", values = ["go", "tap", "exit"]),
        "guest_args": attr.string_list(doc = "Arguments of the program."),
        "guest_data": attr.label_keyed_string_dict(doc = "Further files for the guest: label of one file to its path there.", allow_files = True),
        "guest_env": attr.string_dict(doc = "Further environment of the program."),
        "ignore": attr.string_dict(doc = "Known reports of the kernel: pattern for the whole title to the reason why it may be ignored."),
        "kernel": attr.label(doc = "The kernel.", mandatory = True, providers = [VmKernelInfo]),
        "known_failures": attr.string_dict(doc = "Cases that fail and may: pattern for the whole name to the reason why they do. One that matches no failure fails the test. Example: {\"tls\\\\..*\\\\.msg_eor\": \"Linux 6.7 brought it\"}"),
        "load_modules": attr.string_list(doc = "Modules of the kernel's own that are loaded before the program starts; '?' at the end: if there."),
        "memory_mib": attr.int(doc = "Memory of the guest.", default = 512),
        "modules": attr.label_keyed_string_dict(doc = "Modules of ours: label to the variable in which the program finds the path. Example: {\"//kmod:tidelock/debian/x86_64/6.1.0-56-cloud-amd64\": \"TIDELOCK_KO\"}", providers = [KernelModuleInfo]),
        "network": attr.string(doc = "This guest's part in a network of several, as JSON; vm_net_test writes it."),
        "needs_config": attr.string_list(doc = "Symbols without which the kernel has nothing to test: the test is skipped where one is n. Example: [\"TLS\"]"),
        "offer_modules": attr.string_list(doc = "Modules of the kernel's own that lie in the guest, for the kernel to ask for; '?' at the end: if there."),
        "qemu": attr.label(doc = "Tool root with qemu-system-ARCH.", mandatory = True, providers = [ToolRootInfo], cfg = "exec"),
        "test": attr.label(doc = "The program, built for the guest.", mandatory = True, cfg = _to_guest),
        "timeout_seconds": attr.int(doc = "Time limit of the guest; Bazel's own limit of the test holds too.", default = 240),
        "userland": attr.label_list(doc = "Programs for the guest besides the test, see //vmtest/userland; those of the guest's architecture are taken. Example: [\"//vmtest/userland:openssl\"]", providers = [GuestRootInfo], cfg = _to_guest),
        "_accel": attr.label(default = "//vmtest:accel", providers = [BuildSettingInfo]),
        "_init": attr.label(default = "//vmtest/cmd/init", cfg = _to_guest),
        "_lcov_merger": attr.label(default = configuration_field(fragment = "coverage", name = "output_generator"), cfg = "exec"),
        "_mkinitramfs": attr.label(default = "//vmtest/cmd/mkinitramfs", executable = True, cfg = "exec"),
        "_runner": attr.label(default = "//vmtest/cmd/vmrun", executable = True, cfg = "target"),
    },
)

# A role of vm_net_test is a test that does not run by itself.
vm_guest = _vm_test

def _of_arch(prefix, arch):
    """A text that ends with the architecture."""
    if arch != "chosen":
        return prefix + arch
    return select({
        "//vmtest:chosen_aarch64": prefix + "aarch64",
        "//vmtest:chosen_x86_64": prefix + "x86_64",
    })

def vm_test(name, arch, cpus = 2, memory_mib = 512, tags = None, timeout = "moderate", **kwargs):
    """Runs a program under a kernel in a virtual machine.

    Args:
      name: of the test.
      arch: of the guest, x86_64 or aarch64; or "chosen" for that of //vmtest:chosen_kernel.
      cpus: of the guest; Bazel is told, so that it never starts more than the machine carries.
      memory_mib: of the guest; Bazel is told too.
      tags: of the test, besides "vm" and what the guest needs of the machine.
      timeout: Bazel's limit: short, moderate, long or eternal.
      **kwargs: what the rule takes, see its attributes.
    """
    qemu = "//toolchains/debian:qemu-system-"
    _vm_test(
        name = name,
        arch = _of_arch("", arch),
        cpus = cpus,
        memory_mib = memory_mib,
        qemu = _of_arch(qemu, arch),
        tags = (tags or []) + [
            "cpu:{}".format(cpus),
            # QEMU itself and its translated code need room besides the guest.
            "resources:memory:{}".format(memory_mib + 256),
            "vm",
        ],
        timeout = timeout,
        **kwargs
    )
