# SPDX-License-Identifier: Apache-2.0
"""Builds commands of vendored sources with the pinned Go SDK."""

_TOOLCHAIN = "@rules_go//go:toolchain"

def _go_commands_impl(ctx):
    toolchain = ctx.toolchains[_TOOLCHAIN]
    sdk = toolchain.sdk
    tree = ctx.actions.declare_directory(ctx.label.name)
    args = ctx.actions.args()
    args.add("-go", sdk.go)
    args.add("-goos", toolchain.default_goos)
    args.add("-goarch", toolchain.default_goarch)
    args.add("-module", ctx.file.go_mod.dirname)
    args.add("-out", tree.path)
    args.add_all(ctx.files.patches, before_each = "-patch")
    args.add_all(ctx.attr.commands)
    ctx.actions.run(
        mnemonic = "GoCommands",
        progress_message = "Building %{label}",
        executable = ctx.executable._gobuild,
        arguments = [args],
        inputs = depset(
            [ctx.file.go_mod, sdk.go] + ctx.files.patches + ctx.files.sources,
            transitive = [sdk.headers, sdk.libs, sdk.srcs, sdk.tools],
        ),
        outputs = [tree],
        toolchain = _TOOLCHAIN,
    )
    return [DefaultInfo(files = depset([tree]), runfiles = ctx.runfiles([tree]))]

go_commands = rule(
    doc = "A folder of commands, built by `go build` from a vendored module in one action.",
    implementation = _go_commands_impl,
    attrs = {
        "commands": attr.string_list(doc = "Their import paths.", mandatory = True),
        "go_mod": attr.label(doc = "go.mod of the module; vendor is beside it.", mandatory = True, allow_single_file = True),
        "patches": attr.label(doc = "Patches to apply to the module, in the order of their names."),
        "sources": attr.label(doc = "Everything of the module.", mandatory = True),
        "_gobuild": attr.label(default = "//tools/buildbarn/gobuild", executable = True, cfg = "exec"),
    },
    toolchains = [_TOOLCHAIN],
)
