# SPDX-License-Identifier: Apache-2.0
"""kernel_source_files: single files out of a kernel's pinned sources."""

load(":build.bzl", "SOURCE_TOP")
load(":providers.bzl", "KernelSourceInfo")

def _kernel_source_files_impl(ctx):
    source = ctx.attr.source[KernelSourceInfo]
    outs = [ctx.actions.declare_file("{}/{}".format(ctx.label.name, name)) for name in ctx.attr.files]
    args = ctx.actions.args()
    if source.missing:
        # Refused when it is run: an error here would take down what needs no sources, too.
        args.add("-missing", source.missing)
    else:
        args.add("-in", source.file)
    args.add("-top", SOURCE_TOP)
    args.add("-out", outs[0].path.removesuffix("/" + ctx.attr.files[0]))
    args.add_all(ctx.attr.files)
    ctx.actions.run(
        mnemonic = "KernelSourceFiles",
        progress_message = "Taking {} files out of the sources of Linux {}".format(len(outs), source.version),
        executable = ctx.executable._sourcefiles,
        arguments = [args],
        inputs = [source.file] if source.file else [],
        outputs = outs,
    )
    return [DefaultInfo(files = depset(outs))]

kernel_source_files = rule(
    doc = """Takes files out of a kernel's sources, as they are there.

    They keep their paths below a folder with the rule's name, so that what they include
    by a relative path is found.""",
    implementation = _kernel_source_files_impl,
    attrs = {
        "files": attr.string_list(doc = "Paths in the kernel's top folder. Example: [\"tools/testing/selftests/kselftest.h\"]", mandatory = True, allow_empty = False),
        "source": attr.label(doc = "The sources, a kernel_source.", mandatory = True, providers = [KernelSourceInfo], cfg = "exec"),
        "_sourcefiles": attr.label(default = "//toolchains/kernel/sourcefiles", executable = True, cfg = "exec"),
    },
)
