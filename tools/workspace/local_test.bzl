# SPDX-License-Identifier: Apache-2.0
"""A test that runs outside of the sandbox."""

def _local_test_impl(ctx):
    program = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(
        is_executable = True,
        output = program,
        target_file = ctx.executable.test,
    )
    providers = [
        DefaultInfo(
            executable = program,
            runfiles = ctx.attr.test[DefaultInfo].default_runfiles,
        ),
        # The tag `local` on the test itself would hold for its compilation too.
        testing.ExecutionInfo({"local": "1"}),
    ]
    if RunEnvironmentInfo in ctx.attr.test:
        providers.append(ctx.attr.test[RunEnvironmentInfo])
    return providers

local_test = rule(
    doc = "Runs another test on this machine and outside of the sandbox.",
    implementation = _local_test_impl,
    attrs = {
        "data": attr.label_list(
            allow_files = True,
            doc = "What the arguments name; the test brings its own.",
        ),
        "test": attr.label(
            cfg = "target",
            doc = "The test to run; tag it `manual`, so that it does not run by itself.",
            executable = True,
            mandatory = True,
        ),
    },
    test = True,
)
