# SPDX-License-Identifier: Apache-2.0
"""Keys for tests of signed modules, made by the build and never kept."""

def _throwaway_key_impl(ctx):
    key = ctx.actions.declare_file(ctx.label.name + ".key.pem")
    certificate = ctx.actions.declare_file(ctx.label.name + ".certificate.pem")
    ctx.actions.run(
        mnemonic = "ThrowawayKey",
        progress_message = "Making the throw-away key %{label}",
        executable = ctx.executable._newkey,
        arguments = [ctx.actions.args().add("-name", "Throw-away key " + ctx.label.name).add("-key", key).add("-certificate", certificate)],
        outputs = [key, certificate],
        # It is another one each time: no cache may spread it.
        execution_requirements = {"no-cache": "1", "no-remote": "1"},
    )
    return [
        DefaultInfo(files = depset([key, certificate])),
        OutputGroupInfo(certificate = depset([certificate]), key = depset([key])),
    ]

_throwaway_key = rule(
    doc = "A new RSA key and its certificate.",
    implementation = _throwaway_key_impl,
    attrs = {
        "_newkey": attr.label(default = "//toolchains/kernel/tests/signing/newkey", executable = True, cfg = "exec"),
    },
)

def throwaway_key(name, visibility = None):
    """Makes a key for tests.

    `name.key` is the private key and `name.certificate` its certificate, both PEM.

    Args:
      name: of the pair.
      visibility: of all targets.
    """
    _throwaway_key(
        name = name,
        tags = ["manual"],
        visibility = visibility,
    )
    for part in ["certificate", "key"]:
        native.filegroup(
            name = "{}.{}".format(name, part),
            srcs = [name],
            output_group = part,
            tags = ["manual"],
            visibility = visibility,
        )
