# SPDX-License-Identifier: Apache-2.0
"""kernel_build: a kernel of our own, from pinned sources and fragments of a configuration."""

load("//toolchains/debian:providers.bzl", "DebianPackageInfo", "ToolRootInfo")
load(":compiler.bzl", "HOST_COMPILER", "TOOLCHAIN_TYPE", "platform_of", "to_kernel_platform")
load(":kernel.bzl", "distribution_kernel")
load(":providers.bzl", "KernelBuildInfo", "KernelSourceInfo", "PackedHeadersInfo")
load(":rebuild.bzl", "rebuilt_programs")

# Folder of the sources in their archive, and of the headers in theirs.
SOURCE_TOP = "usr/src/linux"

# With this begins what refused_kernel_build writes where the sources are not there.
MISSING = "MISSING: "

def _source_package(ctx):
    """The package of a kernel_source: struct(file, key, missing)."""
    if bool(ctx.attr.package) == bool(ctx.attr.srpm):
        fail("{}: give exactly one of `package`, a Debian package, and `srpm`, a source RPM".format(ctx.label))
    if ctx.attr.package:
        if ctx.attr.skip_patches or ctx.attr.tarball:
            fail("{}: `skip_patches` and `tarball` belong to `srpm`; leave them out".format(ctx.label))
        return ctx.attr.package[DebianPackageInfo]
    if DebianPackageInfo in ctx.attr.srpm:
        return ctx.attr.srpm[DebianPackageInfo]
    if len(ctx.files.srpm) != 1:
        fail("{}: `srpm` is {} files, and one is wanted".format(ctx.label, len(ctx.files.srpm)))
    return struct(file = ctx.files.srpm[0], key = ctx.files.srpm[0].basename, missing = "")

def _kernel_source_impl(ctx):
    package = _source_package(ctx)
    if package.missing:
        return [DefaultInfo(), KernelSourceInfo(file = None, missing = "{}: {}".format(package.key, package.missing), version = ctx.attr.version)]
    out = ctx.actions.declare_file(ctx.label.name + ".tar.zst")
    args = ctx.actions.args()
    args.add("-in", package.file)
    args.add("-top", SOURCE_TOP)
    args.add("-out", out)
    if ctx.attr.tarball:
        args.add("-tarball", ctx.attr.tarball)
    for name, reason in sorted(ctx.attr.skip_patches.items()):
        args.add("-skip-patch", "{}={}".format(name, reason))
    ctx.actions.run(
        mnemonic = "KernelSource",
        progress_message = "Packing the sources of Linux " + ctx.attr.version,
        executable = ctx.executable._source,
        arguments = [args],
        inputs = [package.file],
        outputs = [out],
    )
    return [
        DefaultInfo(files = depset([out])),
        KernelSourceInfo(file = out, missing = "", version = ctx.attr.version),
    ]

kernel_source = rule(
    doc = """The part of a kernel's sources from which kernels for virtual machines are built.

    They come out of a Debian source package or out of a source RPM, exactly one. See
    docs/debug-kernels.md, "Another distribution's sources".""",
    implementation = _kernel_source_impl,
    attrs = {
        "package": attr.label(doc = "Debian's source package, such as linux-source-6.12.", providers = [DebianPackageInfo]),
        "skip_patches": attr.string_dict(doc = "Patches of the source RPM that are not applied, with the reason for each: file or tag without zeros in front. Example: {\"Patch12\": \"of s390\"}"),
        "srpm": attr.label(doc = "A source RPM: what the tag kernels.srpm declares, or a file.", allow_files = True),
        "tarball": attr.string(doc = "Name of the sources' archive in the source RPM, where it is not the only linux-VERSION.tar*. Example: \"kernel.tar.gz\""),
        "version": attr.string(doc = "Version of the kernel in it. Example: 6.12.107", mandatory = True),
        "_source": attr.label(default = "//toolchains/kernel/source", executable = True, cfg = "exec"),
    },
    provides = [KernelSourceInfo],
)

# Compilers that one build runs at a time. More would not help where several kernels are
# built, and an action cannot ask how large the machine is.
_JOBS = 2

def _resources(_os, _inputs):
    """What one build takes of the machine."""
    return {"cpu": _JOBS, "memory": 4096}

def _action(ctx, name, outputs, paths, arguments, progress, resources):
    """Declares the action that runs kernelbuild.

    Args:
      ctx: of a rule with _ATTRS.
      name: where outputs of the target lie.
      outputs: files that the action writes.
      paths: what the request says besides the inputs.
      arguments: after the request.
      progress: message.
      resources: resource_set of the action, or None.
    """
    source = ctx.attr.source[KernelSourceInfo]
    compiler = ctx.toolchains[TOOLCHAIN_TYPE].kernel_compiler
    host = ctx.attr._host_compiler[ToolRootInfo].tree
    sysroot = ctx.attr._sysroot[ToolRootInfo].tree
    request = ctx.actions.declare_file(name + "/request.json")
    ctx.actions.write(request, json.encode_indent({
        "arch": compiler.kernel_arch,
        "compiler": compiler.program,
        "cross_compile": compiler.prefix,
        "fragments": [f.path for f in ctx.files.fragments],
        "host_compiler": host.path + "/usr/bin/" + HOST_COMPILER,
        "jobs": _JOBS,
        "kernel": _key(ctx),
        "local_version": ctx.attr.local_version,
        "source": source.file.path,
        "sysroot": sysroot.path,
        "tool_dirs": [tree.path + "/usr/bin" for tree in [compiler.tools.tree, compiler.root.tree]],
        "top": SOURCE_TOP,
        "version": source.version,
    } | paths))
    ctx.actions.run(
        mnemonic = "KernelBuild",
        progress_message = progress,
        executable = ctx.executable._kernelbuild,
        arguments = [request.path] + arguments,
        inputs = depset([request, source.file, host, sysroot, compiler.tools.tree, compiler.root.tree] + ctx.files.fragments),
        outputs = outputs,
        resource_set = resources,
        toolchain = TOOLCHAIN_TYPE,
    )

def _release(ctx):
    return ctx.attr.source[KernelSourceInfo].version + ctx.attr.local_version

def _key(ctx):
    return "/".join([ctx.attr.distribution, ctx.toolchains[TOOLCHAIN_TYPE].kernel_compiler.arch, _release(ctx)])

def _kernel_build_impl(ctx):
    source = ctx.attr.source[KernelSourceInfo]
    arch = ctx.toolchains[TOOLCHAIN_TYPE].kernel_compiler.arch
    key = _key(ctx)
    if source.missing:
        return [
            DefaultInfo(),
            KernelBuildInfo(arch = arch, config = ctx.attr.facts, config_file = None, image = None, key = key, missing = source.missing, modules = None, release = _release(ctx), vmlinux = None),
            PackedHeadersInfo(file = None, missing = source.missing),
        ]
    name = ctx.label.name
    image = ctx.actions.declare_file(name + "/image")
    vmlinux = ctx.actions.declare_file(name + "/vmlinux")
    config = ctx.actions.declare_file(name + "/config")
    headers = ctx.actions.declare_file(name + "/headers.tar.zst")
    modules = ctx.actions.declare_directory(name + "/modules")
    _action(
        ctx,
        name,
        outputs = [image, vmlinux, config, headers, modules],
        paths = {
            "config": config.path,
            "headers": headers.path,
            "image": image.path,
            "modules": modules.path,
            "vmlinux": vmlinux.path,
        },
        arguments = [],
        progress = "Building the kernel " + key,
        resources = _resources,
    )
    return [
        DefaultInfo(files = depset([image])),
        KernelBuildInfo(
            arch = arch,
            config = ctx.attr.facts,
            config_file = config,
            image = image,
            key = key,
            missing = "",
            modules = modules,
            release = _release(ctx),
            vmlinux = vmlinux,
        ),
        PackedHeadersInfo(file = headers, missing = ""),
    ]

_ATTRS = {
    "distribution": attr.string(doc = "First part of the kernel's key.", mandatory = True),
    "facts": attr.string_dict(doc = "What rules want to know of the configuration. Example: {\"TLS\": \"y\"}"),
    "fragments": attr.label_list(doc = "Configuration, in pieces.", allow_files = [".config"], mandatory = True),
    "local_version": attr.string(doc = "What follows the version in uname -r. Example: -kasan", mandatory = True),
    "platform": attr.label(doc = "The kernel's platform: processor and compiler.", mandatory = True),
    "source": attr.label(doc = "The sources.", mandatory = True, providers = [KernelSourceInfo], cfg = "exec"),
    "_host_compiler": attr.label(default = "//toolchains/debian:gxx-14-x86_64", providers = [ToolRootInfo], cfg = "exec"),
    "_kernelbuild": attr.label(default = "//toolchains/kernel/kernelbuild", executable = True, cfg = "exec"),
    "_sysroot": attr.label(default = "//toolchains/debian:sysroot-x86_64", providers = [ToolRootInfo], cfg = "exec"),
}

_kernel_build = rule(
    doc = "Builds one kernel. A symbol of the configuration that the kernel does not take over is an error.",
    implementation = _kernel_build_impl,
    cfg = to_kernel_platform,
    attrs = _ATTRS,
    toolchains = [TOOLCHAIN_TYPE],
    provides = [KernelBuildInfo, PackedHeadersInfo],
)

def _refused_kernel_build_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    result = [DefaultInfo(files = depset([out]), runfiles = ctx.runfiles([out]))]
    if ctx.attr.source[KernelSourceInfo].missing:
        ctx.actions.write(out, MISSING + ctx.attr.source[KernelSourceInfo].missing + "\n")
        return result
    _action(
        ctx,
        ctx.label.name,
        outputs = [out],
        paths = {"version": ctx.attr.version} if ctx.attr.version else {},
        arguments = [out.path],
        progress = "Seeing the kernel %{label} refused",
        resources = None,
    )
    return result

refused_kernel_build = rule(
    doc = "The words by which a build is refused, for tests: it is an error when it is not. Where the sources are not there they say that.",
    implementation = _refused_kernel_build_impl,
    cfg = to_kernel_platform,
    attrs = _ATTRS | {
        "version": attr.string(doc = "What the sources are said to be, where that is to be wrong."),
    },
    toolchains = [TOOLCHAIN_TYPE],
)

def kernel_build(name, source, version, arch, compiler_major, local_version, fragments, distribution, flavour, facts, visibility = None):
    """Builds a kernel, and makes it one that modules can be built for.

    `name` is what modules are built for, as a kernel of the lock is; `name.build` is
    the build itself, with the image.

    Args:
      name: of the kernel: distribution/arch/release.
      source: kernel_source.
      version: of the sources. Example: "6.12.107"
      arch: x86_64 or aarch64.
      compiler_major: GCC's major version.
      local_version: what follows the version in uname -r. Example: "-kasan"
      fragments: files of the configuration.
      distribution: first part of the key. Example: "debug"
      flavour: word for it. Example: "kasan"
      facts: what rules want to know of the configuration. Example: {"TLS": "y"}
      visibility: of the targets.
    """
    release = version + local_version
    platform = platform_of(arch, compiler_major)
    _kernel_build(
        name = name + ".build",
        distribution = distribution,
        facts = facts,
        fragments = fragments,
        local_version = local_version,
        platform = platform,
        source = source,
        tags = ["manual"],
        visibility = visibility,
    )
    rebuilt_programs(
        name = name + ".programs",
        headers = [name + ".build"],
        headers_dir = SOURCE_TOP,
        kernel = name,
        platform = platform,
        tags = ["manual"],
    )
    distribution_kernel(
        name = name,
        arch = arch,
        compiler_major = compiler_major,
        config = facts,
        distribution = distribution,
        flavour = flavour,
        headers = name + ".build",
        headers_dir = SOURCE_TOP,
        programs = name + ".programs",
        release = release,
        series = ".".join(version.split(".")[:2]),
        tags = ["manual"],
        visibility = visibility,
    )
