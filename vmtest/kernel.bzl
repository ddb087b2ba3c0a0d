# SPDX-License-Identifier: Apache-2.0
"""vm_kernel and built_vm_kernel: kernels of the lock and of our own, ready to boot."""

load("//toolchains/kernel:providers.bzl", "KernelBuildInfo", "KernelImageInfo")
load(":providers.bzl", "VmKernelInfo")

def _vm_kernel_impl(ctx):
    source = ctx.attr.kernel[KernelImageInfo]
    kernel = source.kernel
    missing = "; ".join(["{}: {}".format(info.key, info.missing) for info in source.packages if info.missing])
    packages = [info.file for info in source.packages if info.file]
    if missing:
        return [
            DefaultInfo(),
            VmKernelInfo(append = [], arch = kernel.arch, config = kernel.config, ignore = {}, image = None, key = kernel.key, missing = missing, modules = None, release = kernel.release, vmlinux = None),
        ]
    image = ctx.actions.declare_file(ctx.label.name + ".image")
    modules = ctx.actions.declare_directory(ctx.label.name + ".modules")
    args = ctx.actions.args()
    args.add("-release", kernel.release)
    args.add("-image", image)
    args.add("-modules-dir", modules.path)
    args.add_joined("-modules", ctx.attr.modules, join_with = ",")
    args.add_all(packages)
    ctx.actions.run(
        mnemonic = "VmKernel",
        progress_message = "Taking the kernel image out of " + kernel.key,
        executable = ctx.executable._kimage,
        arguments = [args],
        inputs = packages,
        outputs = [image, modules],
    )
    return [
        DefaultInfo(files = depset([image, modules])),
        VmKernelInfo(append = [], arch = kernel.arch, config = kernel.config, ignore = {}, image = image, key = kernel.key, missing = "", modules = modules, release = kernel.release, vmlinux = None),
    ]

vm_kernel = rule(
    doc = "Takes the image, and the modules that guests may want, out of a kernel's packages.",
    implementation = _vm_kernel_impl,
    attrs = {
        "kernel": attr.label(doc = "The image of a kernel of the lock.", mandatory = True, providers = [KernelImageInfo], cfg = "exec"),
        "modules": attr.string_list(doc = "Modules of the distribution's own that guests may load, with all they depend on. A name that ends with '?' may be absent."),
        "_kimage": attr.label(default = "//vmtest/cmd/kimage", executable = True, cfg = "exec"),
    },
    provides = [VmKernelInfo],
)

def _built_vm_kernel_impl(ctx):
    kernel = ctx.attr.kernel[KernelBuildInfo]
    return [
        DefaultInfo(files = depset([f for f in [kernel.image, kernel.modules] if f])),
        OutputGroupInfo(vmlinux = depset([kernel.vmlinux] if kernel.vmlinux else [])),
        VmKernelInfo(append = ctx.attr.append, arch = kernel.arch, config = kernel.config, ignore = ctx.attr.ignore, image = kernel.image, key = kernel.key, missing = kernel.missing, modules = kernel.modules, release = kernel.release, vmlinux = kernel.vmlinux),
    ]

built_vm_kernel = rule(
    doc = "A kernel that was built here, as one that guests boot.",
    implementation = _built_vm_kernel_impl,
    attrs = {
        "append": attr.string_list(doc = "What this kernel wants on its command line."),
        "ignore": attr.string_dict(doc = "Reports of this kernel's own by which no test is judged: pattern for the whole title to the reason."),
        "kernel": attr.label(doc = "The build.", mandatory = True, providers = [KernelBuildInfo], cfg = "exec"),
    },
    provides = [VmKernelInfo],
)
