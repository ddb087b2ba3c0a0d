# SPDX-License-Identifier: Apache-2.0
"""Tool roots: locked packages as programs that run on any host."""

load(":providers.bzl", "DebianPackageInfo", "ToolRootInfo")

# What no tool needs at run time, in any package.
_EXCLUDE = [
    "etc",
    "usr/include/*-linux-gnu/c++",
    "usr/lib/debug",
    "usr/lib/*/gconv",
    "usr/lib/locale",
    "usr/share/bash-completion",
    "usr/share/bug",
    "usr/share/doc",
    "usr/share/doc-base",
    "usr/share/gdb",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/zsh",
    "var",
]

def _debian_root_impl(ctx):
    infos = [target[DebianPackageInfo] for target in ctx.attr.packages]
    missing = "; ".join(["{}: {}".format(info.key, info.missing) for info in infos if not info.file])
    if missing and ctx.attr.may_be_missing:
        return [DefaultInfo(), ToolRootInfo(missing = missing, name = ctx.label.name, tree = None)]
    if missing:
        fail("{}: packages of the tool root are missing: {}.".format(ctx.label, missing))
    packages = [info.file for info in infos]
    tree = ctx.actions.declare_directory(ctx.label.name)
    args = ctx.actions.args()
    args.add("-out", tree.path)
    inputs = list(packages)
    if ctx.file._launcher:
        args.add("-launcher", ctx.file._launcher)
        inputs.append(ctx.file._launcher)
    if ctx.attr.keep_scripts:
        args.add("-keep-scripts")
    args.add_all(_EXCLUDE + ctx.attr.exclude, before_each = "-exclude")
    args.add_all(["{}={}".format(name, target) for name, target in sorted(ctx.attr.links.items())], before_each = "-link")
    args.add_all(packages)
    ctx.actions.run(
        mnemonic = "ToolRoot",
        progress_message = "Unpacking the tool root %{label}",
        executable = ctx.executable._toolroot,
        arguments = [args],
        inputs = inputs,
        outputs = [tree],
    )
    return [
        DefaultInfo(files = depset([tree])),
        ToolRootInfo(missing = "", name = ctx.label.name, tree = tree),
    ]

_ATTRS = {
    "exclude": attr.string_list(doc = "Path patterns to leave out, besides documentation and the like."),
    "keep_scripts": attr.bool(doc = "Leave scripts as they are, for roots whose user gives them an interpreter."),
    "links": attr.string_dict(doc = "Further names: path of the name to path of the file, as Debian's alternatives would make them."),
    "may_be_missing": attr.bool(doc = "Where a package is missing, be a root without a tree instead of an error."),
    "packages": attr.label_list(doc = "The packages, in the order in which they are unpacked.", mandatory = True, providers = [DebianPackageInfo]),
    "_toolroot": attr.label(default = "//toolchains/debian/toolroot", executable = True, cfg = "exec"),
}

debian_root = rule(
    doc = "Unpacks locked packages into a tree whose programs run on any host; see ToolRootInfo.",
    implementation = _debian_root_impl,
    attrs = _ATTRS | {
        "_launcher": attr.label(default = "//toolchains/debian/launcher", allow_single_file = True),
    },
    provides = [ToolRootInfo],
)

debian_packages = rule(
    doc = "Unpacks locked packages as they are: programs keep their absolute loader and do not run by themselves.",
    implementation = _debian_root_impl,
    attrs = _ATTRS | {
        "_launcher": attr.label(allow_single_file = True),
    },
    provides = [ToolRootInfo],
)

def _root_for_tests_impl(ctx):
    info = ctx.attr.root[ToolRootInfo]
    return [
        DefaultInfo(
            files = depset([info.tree]),
            runfiles = ctx.runfiles(files = [info.tree]),
        ),
        info,
    ]

root_for_tests = rule(
    doc = "A tool root as data of tests: built once for the executing machine, not again for the target's configuration.",
    implementation = _root_for_tests_impl,
    attrs = {
        "root": attr.label(doc = "The root.", mandatory = True, providers = [ToolRootInfo], cfg = "exec"),
    },
    provides = [ToolRootInfo],
)
