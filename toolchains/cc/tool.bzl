# SPDX-License-Identifier: Apache-2.0
"""A program of a tool root as a file of its own."""

load("//toolchains/debian:providers.bzl", "ToolRootInfo")

def relative_path(folder, to):
    """The path from a folder to a path of the same tree.

    Args:
      folder: where the path starts, relative to the root of both.
      to: where it leads, likewise.

    Returns:
      A relative path.
    """
    here = folder.split("/") if folder else []
    there = to.split("/")
    common = 0
    for a, b in zip(here, there):
        if a != b:
            break
        common += 1
    return "/".join([".."] * (len(here) - common) + there[common:])

def declare_wrapper(ctx, out, command):
    """Declares the action that makes a program which runs another one.

    The rule needs WRAPPER_ATTRS.

    Args:
      ctx: the rule's context.
      out: File to make.
      command: path of the program and its first arguments; {dir} stands for
        the folder in which `out` lies when it runs.
    """
    ctx.actions.run(
        mnemonic = "WrapTool",
        progress_message = "Making the program %{output}",
        executable = ctx.executable._wrap,
        arguments = [ctx.actions.args()
            .add("-launcher", ctx.file._launcher)
            .add("-out", out)
            .add("--")
            .add_all(command)],
        inputs = [ctx.file._launcher],
        outputs = [out],
    )

WRAPPER_ATTRS = {
    "_launcher": attr.label(default = "//toolchains/debian/launcher", allow_single_file = True, cfg = "exec"),
    "_wrap": attr.label(default = "//toolchains/cc/wrap", executable = True, cfg = "exec"),
}

def _root_tool_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    trees = {
        name: root[ToolRootInfo].tree
        for root, name in ctx.attr.roots.items()
    }
    if ctx.attr.program_root not in trees:
        fail("{}: program_root is {}, which is none of the names in roots: {}.".format(ctx.label, ctx.attr.program_root, sorted(trees)))
    folder = out.path.rpartition("/")[0]
    places = {
        name: tree.path if ctx.attr.in_exec_root else "{dir}/" + relative_path(folder, tree.path)
        for name, tree in trees.items()
    }
    arguments = [a.format(**places) for a in ctx.attr.arguments]
    declare_wrapper(ctx, out, ["{}/{}".format(places[ctx.attr.program_root], ctx.attr.program)] + arguments)
    return [DefaultInfo(
        executable = out,
        files = depset([out]),
        runfiles = ctx.runfiles(files = trees.values()),
    )]

root_tool = rule(
    doc = """A program of a tool root, with arguments that it always gets.

It finds its root relative to itself, so both must be built in one
configuration: use it with cfg = "exec".""",
    implementation = _root_tool_impl,
    attrs = WRAPPER_ATTRS | {
        "arguments": attr.string_list(doc = "Arguments before those of the caller; {NAME} stands for the path of the root that `roots` gives that name."),
        "in_exec_root": attr.bool(doc = "It finds its roots relative to the folder that actions start in, not to itself. A compiler then writes relative paths, even where a sandbox calls it by an absolute one."),
        "program": attr.string(doc = "Path of the program in its root.", mandatory = True),
        "program_root": attr.string(doc = "Name of the root that has the program.", mandatory = True),
        "roots": attr.label_keyed_string_dict(doc = "The tool roots and their names.", mandatory = True, providers = [ToolRootInfo]),
    },
    executable = True,
)
