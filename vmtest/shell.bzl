# SPDX-License-Identifier: Apache-2.0
"""vm_shell_machine: a virtual machine for a person."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load("//toolchains/debian:providers.bzl", "ToolRootInfo")
load("//toolchains/kernel:providers.bzl", "KernelModuleInfo")
load("//vmtest/userland:defs.bzl", "PROGRAMS")
load(":defs.bzl", "to_guest")
load(":providers.bzl", "GuestRootInfo", "VmKernelInfo")

_SHELL = "/bin/uroot"

def _initramfs(ctx, kernel):
    """Declares the action that makes the guest's root file system."""
    uroot = ctx.attr._uroot[0][DefaultInfo].files_to_run.executable
    init = ctx.attr._init[0][DefaultInfo].files_to_run.executable
    inputs = [uroot, init, kernel.modules]
    files = [
        {"host": uroot.path, "mode": 0o755, "path": _SHELL},
    ] + [{"link": "uroot", "path": "/bin/" + name} for name in ctx.attr._names]
    env = ["TIDELOCK_KERNEL=" + kernel.key]
    ours = []
    for target, name in ctx.attr.modules.items():
        module = target[KernelModuleInfo]
        path = "/lib/tidelock/{}.ko".format(module.name)
        files.append({"host": module.module.path, "path": path})
        inputs.append(module.module)
        env.append("{}={}".format(name, path))
        ours.append(path)
    layers = [target[GuestRootInfo].layer for target in ctx.attr.userland]
    spec = ctx.actions.declare_file(ctx.label.name + ".spec.json")
    ctx.actions.write(spec, json.encode_indent({
        "config": {
            "env": env,
            "hostname": "guest",
            "load": ctx.attr.load_modules,
            "programs": [],
            "shell": {"kernel": kernel.key, "modules": ours, "path": "/bin/sh"},
        },
        "files": files,
        "init": init.path,
        "layers": [layer.path for layer in layers],
        "modules_dir": kernel.modules.path,
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
        inputs = inputs + layers + [spec],
        outputs = [out],
    )
    return out

def _vm_shell_machine_impl(ctx):
    kernel = ctx.attr.kernel[VmKernelInfo]
    if kernel.arch != ctx.attr.arch:
        fail("{}: arch is {}, and the kernel {} is for {}. Make them equal.".format(ctx.label, ctx.attr.arch, kernel.key, kernel.arch))
    unknown = [name for name in ctx.attr._wanted[BuildSettingInfo].value if name not in PROGRAMS]
    if unknown:
        fail("--//vmtest:userland={}: there is no such program. Known are {}.".format(",".join(unknown), ", ".join(PROGRAMS)))
    skipped = [target[KernelModuleInfo].skipped for target in ctx.attr.modules] + [target[GuestRootInfo].missing for target in ctx.attr.userland]
    missing = "; ".join([why for why in [kernel.missing] + skipped if why])
    machine = {"arch": kernel.arch, "image": "", "initrd": "", "kernel": kernel.key, "qemu_root": "", "schema": 1}
    files = []
    if missing:
        machine["missing"] = missing
    else:
        qemu = ctx.attr.qemu[ToolRootInfo].tree
        initrd = _initramfs(ctx, kernel)
        machine["append"] = " ".join(kernel.append)
        machine["debug"] = kernel.key.startswith("debug/")
        machine["image"] = kernel.image.path
        machine["initrd"] = initrd.path
        machine["qemu_root"] = qemu.path
        files = [kernel.image, initrd, qemu]
        vmlinux = getattr(kernel, "vmlinux", None)
        if vmlinux:
            machine["vmlinux"] = vmlinux.path
            files.append(vmlinux)
    out = ctx.actions.declare_file(ctx.label.name + ".machine.json")
    ctx.actions.write(out, json.encode_indent(machine) + "\n")
    return [DefaultInfo(files = depset([out] + files), runfiles = ctx.runfiles([out] + files))]

_vm_shell_machine = rule(
    doc = "Everything that a guest with a shell is started from, and NAME.machine.json, which says where it lies.",
    implementation = _vm_shell_machine_impl,
    attrs = {
        "arch": attr.string(doc = "Architecture of the guest.", mandatory = True, values = ["x86_64", "aarch64"]),
        "kernel": attr.label(doc = "The kernel.", mandatory = True, providers = [VmKernelInfo]),
        "load_modules": attr.string_list(doc = "Modules of the kernel's own that are loaded at the start; '?' at the end: if there."),
        "modules": attr.label_keyed_string_dict(doc = "Modules of ours that are loaded after them: label to the variable that has the path in the guest.", providers = [KernelModuleInfo]),
        "qemu": attr.label(doc = "Tool root with qemu-system-ARCH.", mandatory = True, providers = [ToolRootInfo], cfg = "exec"),
        "userland": attr.label_list(doc = "Programs besides the shell's own, see //vmtest/userland.", providers = [GuestRootInfo], cfg = to_guest),
        "_init": attr.label(default = "//vmtest/cmd/init", cfg = to_guest),
        "_mkinitramfs": attr.label(default = "//vmtest/cmd/mkinitramfs", executable = True, cfg = "exec"),
        # As package vmtest/applets lists them; its test compares.
        "_names": attr.string_list(default = [
            "base64",
            "bash",
            "cat",
            "chmod",
            "cp",
            "dmesg",
            "find",
            "grep",
            "gunzip",
            "gzip",
            "head",
            "insmod",
            "kill",
            "ls",
            "lsmod",
            "mkdir",
            "mktemp",
            "mount",
            "mv",
            "ps",
            "rm",
            "rmmod",
            "sh",
            "shasum",
            "sleep",
            "sysctl",
            "tail",
            "tar",
            "touch",
            "umount",
            "uname",
            "wc",
            "xargs",
        ]),
        "_uroot": attr.label(default = "//vmtest/cmd/uroot", cfg = to_guest),
        "_wanted": attr.label(default = "//vmtest:userland", providers = [BuildSettingInfo]),
    },
)

def _wanted_programs():
    """The programs that --//vmtest:userland names."""
    programs = []
    for program in PROGRAMS:
        programs += select({
            "//vmtest/userland:with_" + program: ["//vmtest/userland:" + program],
            "//conditions:default": [],
        })
    return programs

def vm_shell_machine(name, arch, userland = None, **kwargs):
    """A machine that `tools/bazel run //vmtest:shell` can start.

    Args:
      name: of the machine.
      arch: of the guest, x86_64 or aarch64.
      userland: programs besides the shell's own; without it those of --//vmtest:userland.
      **kwargs: what the rule takes, see its attributes.
    """
    _vm_shell_machine(
        name = name,
        arch = arch,
        qemu = "//toolchains/debian:qemu-system-" + arch,
        userland = userland or _wanted_programs(),
        **kwargs
    )
