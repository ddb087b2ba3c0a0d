# SPDX-License-Identifier: Apache-2.0
"""UEFI firmware whose owner trusts the certificates of a test."""

load("//toolchains/debian:providers.bzl", "ToolRootInfo")
load("//vmtest:providers.bzl", "VmFirmwareInfo")

_FILES = {
    "aarch64": struct(code = "usr/share/AAVMF/AAVMF_CODE.no-secboot.fd", vars = "usr/share/AAVMF/AAVMF_VARS.fd"),
    "x86_64": struct(code = "usr/share/OVMF/OVMF_CODE_4M.fd", vars = "usr/share/OVMF/OVMF_VARS_4M.fd"),
}

def _trusting_firmware_impl(ctx):
    tree = ctx.attr.packages[ToolRootInfo].tree
    files = _FILES[ctx.attr.arch]
    code = ctx.actions.declare_file(ctx.label.name + ".code.fd")
    vars = ctx.actions.declare_file(ctx.label.name + ".vars.fd")
    args = ctx.actions.args()
    args.add("-code", "{}/{}".format(tree.path, files.code))
    args.add("-vars", "{}/{}".format(tree.path, files.vars))
    args.add("-out-code", code)
    args.add("-out-vars", vars)
    args.add_all(ctx.files.certificates)
    ctx.actions.run(
        mnemonic = "UefiFlash",
        progress_message = "Putting certificates into %{label}",
        executable = ctx.executable._flash,
        arguments = [args],
        inputs = [tree] + ctx.files.certificates,
        outputs = [code, vars],
    )
    return [
        DefaultInfo(files = depset([code, vars])),
        VmFirmwareInfo(code = code, vars = vars),
    ]

trusting_firmware = rule(
    doc = "UEFI firmware with certificates in its db, as the machine's owner would put them there.",
    implementation = _trusting_firmware_impl,
    attrs = {
        "arch": attr.string(doc = "Architecture of the guest.", mandatory = True, values = _FILES.keys()),
        "certificates": attr.label_list(doc = "The certificates (PEM).", allow_files = True),
        "packages": attr.label(doc = "Root with the firmware's files.", mandatory = True, providers = [ToolRootInfo]),
        "_flash": attr.label(default = "//toolchains/kernel/tests/signing/flash", executable = True, cfg = "exec"),
    },
    provides = [VmFirmwareInfo],
)
