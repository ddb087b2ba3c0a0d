# SPDX-License-Identifier: Apache-2.0
"""The nouns of //vmtest."""

VmKernelInfo = provider(
    doc = "A kernel that QEMU can boot, with the modules of its own that guests may load.",
    fields = {
        "append": "List of strings: what this kernel wants on its command line. Example: [\"page_owner=on\"]",
        "arch": "String: x86_64 or aarch64.",
        "config": "Dict of strings: facts of the kernel's configuration. Example: {\"TLS\": \"m\"}",
        "ignore": "Dict of strings: reports by which no test under this kernel is judged: pattern for the whole title to the reason. Example: {\"KCSAN: data-race in [^\\\\[]*\": \"a race of the kernel's own\"}",
        "image": "File: what QEMU's -kernel gets; None where missing. Example: vmtest/kernels/debian/x86_64/6.1.0-56-cloud-amd64.image",
        "key": "String: distribution/arch/release, or how a kernel of our own is called. Example: \"debian/x86_64/6.1.0-56-cloud-amd64\"",
        "missing": "String: why there is no image, \"\" where there is one.",
        "modules": "File: folder with modules.json and the .ko files; None where missing. Example: vmtest/kernels/debian/x86_64/6.1.0-56-cloud-amd64.modules",
        "release": "String: uname -r. Example: \"6.1.0-56-cloud-amd64\"",
        "vmlinux": "File: the kernel as it was linked, with debug info, for lines of source in its traces; None where there is none, as for kernels of the lock.",
    },
)

GuestRootInfo = provider(
    doc = "Programs of packages as a layer of a guest's root file system.",
    fields = {
        "arch": "String: architecture of the programs, x86_64 or aarch64.",
        "layer": "File: newc archive with all that the programs need; None where missing. Example: vmtest/userland/openssl.cpio",
        "missing": "String: which of the packages are not there and why, or \"\".",
    },
)

VmFirmwareInfo = provider(
    doc = "UEFI firmware of a guest.",
    fields = {
        "code": "File: the firmware. Example: OVMF_CODE_4M.fd",
        "vars": "File: the flash with its variables, which the guest may change for the time of its run. Example: OVMF_VARS_4M.fd",
    },
)

VmGuestInfo = provider(
    doc = "A guest and what is judged of it, for a runner that starts it together with others.",
    fields = {
        "config": "Dict: the runner's configuration of the guest (runner.Config).",
        "files": "List of Files: what the configuration names.",
    },
)
