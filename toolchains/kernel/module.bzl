# SPDX-License-Identifier: Apache-2.0
"""kernel_module: one module, many kernels."""

load("@bazel_skylib//rules:common_settings.bzl", "BuildSettingInfo")
load(":compiler.bzl", "TOOLCHAIN_TYPE", "to_kernel_platform")
load(":providers.bzl", "KernelInfo", "KernelModuleBundleInfo", "KernelModuleInfo")

def _place(file, package):
    """Where a source goes in the module's folder: its path below the rule's package."""
    path = file.short_path
    if package and not path.startswith(package + "/"):
        fail("{} is not below the package {} of its module. Move it there, or export it from there.".format(path, package))
    return path[len(package) + 1:] if package else path

def _kbuild(ctx, kernel, name, mnemonic, verb, sources, make_args, outputs, coverage = None):
    """Runs the kernel's build system once.

    Args:
      ctx: the rule's context.
      kernel: KernelInfo.
      name: of the request file.
      mnemonic: of the action.
      verb: for the progress message.
      sources: dict from place in the module's folder to File.
      make_args: further arguments for make.
      outputs: dict from place in the module's folder to File.
      coverage: where counts and notes go, with the folder File as `notes`; None
        for a module that does not count.
    """
    compiler = ctx.toolchains[TOOLCHAIN_TYPE].kernel_compiler
    if compiler.major != kernel.compiler_major or compiler.arch != kernel.arch:
        fail("{}: the platform chose GCC {} for {}, the kernel {} wants GCC {}.".format(ctx.label, compiler.major, compiler.arch, kernel.key, kernel.compiler_major))
    archives = [kernel.headers] + kernel.shared_headers + ([kernel.programs] if kernel.programs else [])
    trees = [compiler.tools.tree, compiler.root.tree] + ([kernel.tools.tree] if kernel.tools else [])
    request = ctx.actions.declare_file(name + ".json")
    ctx.actions.write(request, json.encode_indent({
        "arch": compiler.kernel_arch,
        "archives": [f.path for f in archives],
        "compiler": compiler.program,
        "coverage": {
            "name": coverage.name,
            "notes": coverage.notes.path,
            "package": coverage.package,
        } if coverage else None,
        "cross_compile": compiler.prefix,
        "headers": kernel.headers_dir,
        "keep_debug": ctx.attr.debug_info,
        "kernel": kernel.key,
        "kernel_tools": kernel.tools.tree.path if kernel.tools else "",
        "make_args": make_args,
        "outputs": {place: f.path for place, f in outputs.items()},
        "sources": {place: f.path for place, f in sources.items()},
        "tool_dirs": [tree.path + "/usr/bin" for tree in [compiler.tools.tree, compiler.root.tree]],
    }))
    ctx.actions.run(
        mnemonic = mnemonic,
        progress_message = verb + " for " + kernel.key,
        executable = ctx.executable._kbuild,
        arguments = [request.path],
        inputs = depset([request] + archives + trees + sources.values()),
        outputs = outputs.values() + ([coverage.notes] if coverage else []),
        toolchain = TOOLCHAIN_TYPE,
    )

def _coverage(ctx, kernel, package):
    """Where the counts of a module go that counts what it runs; None for others.

    Kernels that could not take the counts get the module that they always get.
    """
    if not (ctx.attr.coverage and ctx.attr._coverage[BuildSettingInfo].value and kernel.config.get("GCOV_KERNEL") == "y"):
        return None
    compiler = ctx.toolchains[TOOLCHAIN_TYPE].kernel_compiler
    return struct(
        # The kernel adds up counts of one name, and believes that they fit.
        name = "/".join([part for part in [ctx.label.package, ctx.label.name] if part]),
        notes = ctx.actions.declare_directory(ctx.label.name + "/notes"),
        package = package,
        program = "usr/bin/{}gcov-{}".format(compiler.prefix, compiler.major),
        root = compiler.root.tree,
    )

def _kernel_module_impl(ctx):
    kernel = ctx.attr.kernel[KernelInfo]
    name = ctx.attr.module_name
    if kernel.missing:
        return [
            DefaultInfo(),
            KernelModuleInfo(coverage = None, kernel = kernel, metadata = None, module = None, name = name, skipped = kernel.missing),
        ]
    package = ctx.attr.source_package or ctx.label.package
    stem = ctx.label.name
    sources = {_place(f, package): f for f in ctx.files.srcs}
    if ctx.attr.probe_output:
        facts = ctx.actions.declare_file(stem + "/" + ctx.attr.probe_output)
        _kbuild(
            ctx,
            kernel,
            name = stem + "/probe",
            mnemonic = "KernelProbe",
            verb = "Probing the kernel API",
            sources = {_place(f, package): f for f in ctx.files.probe_srcs},
            make_args = ctx.attr.probe_make_args,
            outputs = {ctx.attr.probe_output: facts},
        )
        sources[ctx.attr.probe_output] = facts
    module = ctx.actions.declare_file("{}/{}.ko".format(stem, name))
    coverage = _coverage(ctx, kernel, package)
    _kbuild(
        ctx,
        kernel,
        name = stem + "/build",
        mnemonic = "KernelModule",
        verb = "Building {}.ko".format(name),
        sources = sources,
        make_args = ctx.attr.make_args,
        outputs = {name + ".ko": module},
        coverage = coverage,
    )
    metadata = ctx.actions.declare_file("{}/{}.json".format(stem, name))
    args = ctx.actions.args()
    args.add("-module", module)
    args.add("-kernel", kernel.key)
    args.add("-headers", kernel.headers)
    args.add("-tls", kernel.config.get("TLS", "n"))
    if kernel.config.get("MODVERSIONS") == "y":
        args.add("-modversions")
    args.add("-out", metadata)
    ctx.actions.run(
        mnemonic = "KernelModuleCheck",
        progress_message = "Checking {}.ko against {}".format(name, kernel.key),
        executable = ctx.executable._modcheck,
        arguments = [args],
        inputs = [module, kernel.headers],
        outputs = [metadata],
    )
    return [
        DefaultInfo(files = depset([module, metadata])),
        OutputGroupInfo(_validation = depset([metadata])),
        KernelModuleInfo(coverage = coverage, kernel = kernel, metadata = metadata, module = module, name = name, skipped = ""),
    ]

_kernel_module = rule(
    doc = "One module for one kernel: the .ko and its checked metadata.",
    implementation = _kernel_module_impl,
    cfg = to_kernel_platform,
    attrs = {
        "coverage": attr.bool(doc = "Count what runs, where --//toolchains/kernel:coverage is given and the kernel has CONFIG_GCOV_KERNEL."),
        "debug_info": attr.bool(doc = "Keep DWARF; several times the size and a third more time."),
        "kernel": attr.label(doc = "The kernel.", mandatory = True, providers = [KernelInfo], cfg = "exec"),
        "make_args": attr.string_list(doc = "Further arguments for make."),
        "module_name": attr.string(doc = "Name of the module, without .ko.", mandatory = True),
        "platform": attr.label(doc = "The kernel's platform: processor and compiler.", mandatory = True),
        "probe_make_args": attr.string_list(doc = "Arguments with which make probes instead of building."),
        "probe_output": attr.string(doc = "Header that probing makes, by its place in the module's folder; empty where there are no probes."),
        "probe_srcs": attr.label_list(doc = "What probing reads; it runs again only when these change.", allow_files = True),
        "source_package": attr.string(doc = "Package below which the sources lie, where it is not the rule's own."),
        "srcs": attr.label_list(doc = "Sources, headers and Kbuild files.", mandatory = True, allow_files = True),
        "_coverage": attr.label(default = "//toolchains/kernel:coverage", providers = [BuildSettingInfo]),
        "_kbuild": attr.label(default = "//toolchains/kernel/kbuild", executable = True, cfg = "exec"),
        "_modcheck": attr.label(default = "//toolchains/kernel/modcheck", executable = True, cfg = "exec"),
    },
    toolchains = [TOOLCHAIN_TYPE],
    provides = [KernelModuleInfo],
)

def _kernel_module_bundle_impl(ctx):
    modules = {}
    for target in ctx.attr.modules:
        info = target[KernelModuleInfo]
        modules[info.kernel.key] = info
    skipped = {key: info.skipped for key, info in modules.items() if info.skipped}

    # One kernel never takes the others down, however few they are; and a part
    # may have lost many of its few where the whole has not.
    if not ctx.attr.part and len(skipped) > 1 and len(skipped) * 10 > len(modules):
        fail("\n".join(["{}: {} of {} kernels cannot be built for, more than one in ten:".format(ctx.label, len(skipped), len(modules))] +
                       ["  {}: {}".format(key, why) for key, why in sorted(skipped.items())]))
    report = ctx.actions.declare_file(ctx.label.name + "/bundle.json")
    ctx.actions.write(report, json.encode_indent({
        "built": len(modules) - len(skipped),
        "kernels": len(modules),
        "module": ctx.attr.module_name,
        "skipped": skipped,
    }) + "\n")
    if skipped:
        # buildifier: disable=print
        print("{}: skipped {} of {} kernels, see {}".format(ctx.label, len(skipped), len(modules), report.path))
    built = [info for info in modules.values() if not info.skipped]
    return [
        DefaultInfo(files = depset([report] + [info.module for info in built] + [info.metadata for info in built])),
        KernelModuleBundleInfo(modules = modules, name = ctx.attr.module_name),
    ]

_kernel_module_bundle = rule(
    doc = "Many builds of one module as one label.",
    implementation = _kernel_module_bundle_impl,
    attrs = {
        "module_name": attr.string(doc = "Name of the module.", mandatory = True),
        "modules": attr.label_list(doc = "The builds.", providers = [KernelModuleInfo]),
        "part": attr.bool(doc = "Part of a larger bundle, which judges how many builds may be skipped."),
    },
    provides = [KernelModuleBundleInfo],
)

def kernel_module(
        name,
        srcs,
        kernels,
        probe_srcs = None,
        probe_output = None,
        probe_make_args = None,
        make_args = None,
        debug_info = None,
        coverage = None,
        module_name = None,
        source_package = None,
        tags = None,
        testonly = None,
        visibility = None):
    """Builds a module for many kernels.

    `name` stands for the builds for all of them, `name/<distribution>`,
    `name/<distribution>/<arch>` and `name/<distribution>/<arch>/<series>` for
    parts, and `name/<distribution>/<arch>/<release>` for one. Each single build
    carries the tags distribution=…, arch=…, series=… and flavour=… for queries.

    Args:
      name: name of the bundle and of the module itself.
      srcs: sources, headers and Kbuild files, all below one package.
      kernels: KERNELS of a kernel repository, or a part of it.
      probe_srcs: what probing the kernel's API reads.
      probe_output: the header it makes.
      probe_make_args: arguments with which make probes.
      make_args: further arguments for make when building.
      debug_info: keep DWARF.
      coverage: count what runs, where --//toolchains/kernel:coverage is given.
      module_name: the module's name where it is not the target's.
      source_package: package below which the sources lie, where it is not the caller's.
      tags: tags of all targets.
      testonly: only tests may use the targets.
      visibility: of all targets.
    """
    tags = tags or []
    module_name = module_name or name
    groups = {name: []}
    for key, kernel in kernels.items():
        target = "{}/{}".format(name, key)
        _kernel_module(
            name = target,
            srcs = srcs,
            coverage = coverage,
            debug_info = debug_info,
            kernel = kernel.label,
            make_args = make_args,
            module_name = module_name,
            platform = kernel.platform,
            probe_make_args = probe_make_args,
            probe_output = probe_output,
            probe_srcs = probe_srcs,
            source_package = source_package,
            tags = tags + [
                "arch=" + kernel.arch,
                "distribution=" + kernel.distribution,
                "flavour=" + kernel.flavour,
                "series=" + kernel.series,
            ],
            testonly = testonly,
            visibility = visibility,
        )
        group = name
        for part in [None, kernel.distribution, kernel.arch, kernel.series]:
            if part:
                group += "/" + part
            groups.setdefault(group, []).append(target)
    for group, modules in groups.items():
        _kernel_module_bundle(
            name = group,
            module_name = module_name,
            modules = modules,
            part = group != name,
            tags = tags,
            testonly = testonly,
            visibility = visibility,
        )
