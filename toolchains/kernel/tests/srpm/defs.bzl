# SPDX-License-Identifier: Apache-2.0
"""A source RPM for tests."""

def _made_srpm_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.run(
        mnemonic = "MadeSourceRpm",
        progress_message = "Packing %{output}",
        executable = ctx.executable._makesrpm,
        arguments = [ctx.actions.args().add(out)],
        outputs = [out],
    )
    return [DefaultInfo(files = depset([out]))]

made_srpm = rule(
    doc = "A small source RPM, with two archives of a kernel, a patch and one that does not apply.",
    implementation = _made_srpm_impl,
    attrs = {
        "_makesrpm": attr.label(default = "//toolchains/kernel/tests/srpm/makesrpm", executable = True, cfg = "exec"),
    },
)
