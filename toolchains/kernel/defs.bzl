# SPDX-License-Identifier: Apache-2.0
"""What the rest of the repository loads from here."""

load("//toolchains/kernel/sign:sign.bzl", _signed_kernel_module = "signed_kernel_module", _signed_kernel_modules = "signed_kernel_modules")
load(":module.bzl", _kernel_module = "kernel_module")
load(
    ":providers.bzl",
    _KernelImageInfo = "KernelImageInfo",
    _KernelInfo = "KernelInfo",
    _KernelModuleBundleInfo = "KernelModuleBundleInfo",
    _KernelModuleInfo = "KernelModuleInfo",
)

kernel_module = _kernel_module
signed_kernel_module = _signed_kernel_module
signed_kernel_modules = _signed_kernel_modules
KernelImageInfo = _KernelImageInfo
KernelInfo = _KernelInfo
KernelModuleBundleInfo = _KernelModuleBundleInfo
KernelModuleInfo = _KernelModuleInfo
