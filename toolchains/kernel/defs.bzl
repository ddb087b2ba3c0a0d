# SPDX-License-Identifier: Apache-2.0
"""What the rest of the repository loads from here."""

load(":module.bzl", _kernel_module = "kernel_module")
load(
    ":providers.bzl",
    _KernelImageInfo = "KernelImageInfo",
    _KernelInfo = "KernelInfo",
    _KernelModuleBundleInfo = "KernelModuleBundleInfo",
    _KernelModuleInfo = "KernelModuleInfo",
)

kernel_module = _kernel_module
KernelImageInfo = _KernelImageInfo
KernelInfo = _KernelInfo
KernelModuleBundleInfo = _KernelModuleBundleInfo
KernelModuleInfo = _KernelModuleInfo
