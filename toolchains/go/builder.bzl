# SPDX-License-Identifier: Apache-2.0
"""The tools of rules_go, built without a shell.

rules_go builds its driver (`builder`), `pack` and `covdata` in one action that is a
bash script: the only action of a build that would need programs of the machine that
executes it. Here each is an action that starts the SDK's own `go` and nothing else.
"""

load("@rules_go//go:def.bzl", "GoSDK")

# Private to rules_go, whose version MODULE.bazel pins: the prefix of standard library
# labels that its driver is linked with.
# buildifier: disable=bzl-visibility
load("@rules_go//go/private:common.bzl", "RULES_GO_STDLIB_PREFIX")

def _go_sdk_program_impl(ctx):
    sdk = ctx.attr.sdk[GoSDK]
    out = ctx.actions.declare_file(ctx.label.name)
    args = ctx.actions.args()
    args.add("build")
    args.add("-trimpath")

    # Outside of a module the build id would hold the path of the sources.
    args.add("-ldflags=-buildid= -X main.rulesGoStdlibPrefix=" + RULES_GO_STDLIB_PREFIX)
    args.add("-o", out)
    if ctx.attr.package:
        args.add(ctx.attr.package)
    args.add_all(ctx.files.srcs)
    ctx.actions.run(
        mnemonic = "GoSdkProgram",
        progress_message = "Building %{output}",
        executable = sdk.go,
        arguments = [args],
        env = {
            "CGO_ENABLED": "0",
            "GO111MODULE": "off",
            # go insists on an absolute path here, and an action knows none of its own.
            # Go keeps its other temporary files below /tmp too.
            "GOCACHE": "/tmp/tidelock-go-build",
            "GOENV": "off",
            "GOEXPERIMENT": sdk.experiments,
            "GOMAXPROCS": "1",
            "GOTELEMETRY": "off",
            "GOTOOLCHAIN": "local",
        },
        inputs = depset(
            ctx.files.srcs,
            transitive = [sdk.headers, sdk.libs, sdk.srcs, sdk.tools],
        ),
        outputs = [out],
    )
    return [DefaultInfo(executable = out, files = depset([out]))]

go_sdk_program = rule(
    doc = "A program of one package that needs the standard library alone, built by the SDK's `go build`.",
    implementation = _go_sdk_program_impl,
    attrs = {
        "package": attr.string(doc = "A command of the SDK, such as cmd/pack."),
        "sdk": attr.label(doc = "The SDK, for the machine that executes.", mandatory = True, providers = [GoSDK], cfg = "exec"),
        "srcs": attr.label_list(doc = "Sources of a program of package main, instead of `package`.", allow_files = [".go"]),
    },
    executable = True,
)
