# SPDX-License-Identifier: Apache-2.0
"""The nouns of //vmtest."""

VmKernelInfo = provider(
    doc = "A kernel that QEMU can boot, with the modules of its own that guests may load.",
    fields = {
        "arch": "String: x86_64 or aarch64.",
        "config": "Dict of strings: facts of the kernel's configuration. Example: {\"TLS\": \"m\"}",
        "image": "File: what QEMU's -kernel gets; None where missing. Example: vmtest/kernels/debian/x86_64/6.1.0-56-cloud-amd64.image",
        "key": "String: distribution/arch/release, or how a kernel of our own is called. Example: \"debian/x86_64/6.1.0-56-cloud-amd64\"",
        "missing": "String: why there is no image, \"\" where there is one.",
        "modules": "File: folder with modules.json and the .ko files; None where missing. Example: vmtest/kernels/debian/x86_64/6.1.0-56-cloud-amd64.modules",
        "release": "String: uname -r. Example: \"6.1.0-56-cloud-amd64\"",
    },
)

VmFirmwareInfo = provider(
    doc = "UEFI firmware of a guest.",
    fields = {
        "code": "File: the firmware. Example: OVMF_CODE_4M.fd",
        "vars": "File: the flash with its variables, which the guest may change for the time of its run. Example: OVMF_VARS_4M.fd",
    },
)
