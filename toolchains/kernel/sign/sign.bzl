# SPDX-License-Identifier: Apache-2.0
"""Signing of modules, as actions of their own after the modules' builds.

A module without a signature is the same bytes for everybody. A signature
depends on a key, and with ECDSA on chance, so it never is part of the build of
the module itself. The key is named by label; keep it outside of the repository
and name it in user.bazelrc, for example by --override_repository.
"""

load("//toolchains/kernel:providers.bzl", "KernelModuleBundleInfo", "KernelModuleInfo")

def _sign(ctx, info):
    """Declares the actions for one module.

    Args:
      ctx: the rule's context.
      info: KernelModuleInfo of the unsigned module.

    Returns:
      KernelModuleInfo of the signed one.
    """
    if info.skipped:
        return info
    kernel = info.kernel
    hash = kernel.config.get("MODULE_SIG_HASH", "")
    if not hash:
        # A kernel that checks no signatures takes any.
        hash = "sha256"
    stem = "{}/{}".format(ctx.label.name, kernel.key)
    module = ctx.actions.declare_file("{}/{}.ko".format(stem, info.name))
    ctx.actions.run(
        mnemonic = "KernelModuleSign",
        progress_message = "Signing {}.ko for {}".format(info.name, kernel.key),
        executable = ctx.executable._sign,
        arguments = [ctx.actions.args()
            .add("-module", info.module)
            .add("-key", ctx.file.key)
            .add("-certificate", ctx.file.certificate)
            .add("-hash", hash)
            .add("-out", module)],
        inputs = [info.module, ctx.file.key, ctx.file.certificate],
        outputs = [module],
        # The key stays on this machine.
        execution_requirements = {"no-remote": "1"},
    )
    metadata = ctx.actions.declare_file("{}/{}.json".format(stem, info.name))
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
        progress_message = "Checking the signed {}.ko against {}".format(info.name, kernel.key),
        executable = ctx.executable._modcheck,
        arguments = [args],
        inputs = [module, kernel.headers],
        outputs = [metadata],
    )
    return KernelModuleInfo(
        coverage = info.coverage,
        kernel = kernel,
        metadata = metadata,
        module = module,
        name = info.name,
        skipped = "",
    )

def _files(infos):
    return depset([file for info in infos if not info.skipped for file in [info.module, info.metadata]])

def _signed_kernel_module_impl(ctx):
    info = _sign(ctx, ctx.attr.module[KernelModuleInfo])
    files = _files([info])
    return [DefaultInfo(files = files), OutputGroupInfo(_validation = files), info]

_ATTRS = {
    "certificate": attr.label(doc = "Certificate of the key, which the kernel must know (PEM).", mandatory = True, allow_single_file = True),
    "key": attr.label(doc = "Private key (PEM, RSA or ECDSA, not encrypted).", mandatory = True, allow_single_file = True),
    "_modcheck": attr.label(default = "//toolchains/kernel/modcheck", executable = True, cfg = "exec"),
    "_sign": attr.label(default = "//toolchains/kernel/sign", executable = True, cfg = "exec"),
}

signed_kernel_module = rule(
    doc = "One module with a signature appended, by the digest that its kernel is configured for.",
    implementation = _signed_kernel_module_impl,
    attrs = _ATTRS | {
        "module": attr.label(doc = "The module: name/<distribution>/<arch>/<release> of a kernel_module.", mandatory = True, providers = [KernelModuleInfo]),
    },
    provides = [KernelModuleInfo],
)

def _signed_kernel_modules_impl(ctx):
    bundle = ctx.attr.bundle[KernelModuleBundleInfo]
    modules = {key: _sign(ctx, info) for key, info in bundle.modules.items()}
    files = _files(modules.values())
    return [
        DefaultInfo(files = files),
        OutputGroupInfo(_validation = files),
        KernelModuleBundleInfo(modules = modules, name = bundle.name),
    ]

signed_kernel_modules = rule(
    doc = "All modules of a bundle, signed.",
    implementation = _signed_kernel_modules_impl,
    attrs = _ATTRS | {
        "bundle": attr.label(doc = "The bundle: a kernel_module, or a part of it by distribution, architecture or series.", mandatory = True, providers = [KernelModuleBundleInfo]),
    },
    provides = [KernelModuleBundleInfo],
)
