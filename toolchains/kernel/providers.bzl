# SPDX-License-Identifier: Apache-2.0
"""The nouns of //toolchains/kernel, on one page."""

KernelInfo = provider(
    doc = "One kernel of the lock: what a module for it is built from and checked against.",
    fields = {
        "arch": "String: x86_64 or aarch64.",
        "compiler_major": "Int: GCC's major version that built the kernel. Example: 12",
        "config": "Dict of strings: facts of the kernel's configuration. Example: {\"TLS\": \"m\"}",
        "distribution": "String. Example: \"debian\"",
        "flavour": "String: generic, cloud, rt or the distribution's own word. Example: \"cloud\"",
        "headers": "File: packed headers of the flavour, with Module.symvers; None where missing. Example: linux-headers-6.1.0-56-cloud-amd64_6.1.192-2_amd64.tar.zst",
        "headers_dir": "String: folder of the configured headers in the archive. Example: \"usr/src/linux-headers-6.1.0-56-cloud-amd64\"",
        "key": "String: distribution/arch/release, the kernel's name everywhere. Example: \"debian/x86_64/6.1.0-56-cloud-amd64\"",
        "missing": "String: why the kernel cannot be built for, \"\" where it can. Example: \"linux-headers-…: not found in any of 4 places\"",
        "programs": "File: the kernel's own build programs (fixdep, modpost, objtool), rebuilt from the headers, to be unpacked over them; None where `tools` has them.",
        "release": "String: uname -r. Example: \"6.1.0-56-cloud-amd64\"",
        "series": "String: the first two numbers of the version. Example: \"6.1\"",
        "shared_headers": "List of Files: packed headers that several kernels share. Example: [linux-headers-6.1.0-56-common_6.1.192-2_all.tar.zst]",
        "tools": "ToolRootInfo of the kernel's own build programs (fixdep, modpost, objtool); None where `programs` has them.",
    },
)

RebuiltProgramsInfo = provider(
    doc = "A kernel's build programs, compiled from the sources in its header packages.",
    fields = {
        "file": "File: a .tar.zst, to be unpacked over the headers; None where a package is missing.",
    },
)

KernelImageInfo = provider(
    doc = """What a kernel of the lock is booted from.

    Apart from KernelInfo, since an image is some hundred times the size of the
    headers: who builds modules must not have to fetch it.""",
    fields = {
        "kernel": "KernelInfo of the kernel.",
        "packages": "List of DebianPackageInfo: the package with vmlinuz, then the one with the modules where they have one of their own (7.2 and newer).",
    },
)

KernelSourceInfo = provider(
    doc = "Sources of a kernel, as far as kernels for virtual machines are built from them.",
    fields = {
        "file": "File: a .tar.zst; None where the source package is missing.",
        "missing": "String: why, or \"\".",
        "version": "String: of the kernel. Example: \"6.12.107\"",
    },
)

KernelBuildInfo = provider(
    doc = "A kernel that was built here.",
    fields = {
        "arch": "String: x86_64 or aarch64.",
        "config": "Dict of strings: facts of the configuration, as in KernelInfo.",
        "config_file": "File: the whole configuration; None where missing.",
        "image": "File: what boots; None where missing.",
        "key": "String: distribution/arch/release. Example: \"debug/x86_64/6.12.107-kasan\"",
        "missing": "String: why it could not be built, \"\" where it was.",
        "modules": "File: folder with modules.json, which says what is built in; None where missing.",
        "release": "String: uname -r. Example: \"6.12.107-kasan\"",
        "vmlinux": "File: the kernel with symbols; None where missing.",
    },
)

PackedHeadersInfo = provider(
    doc = "A header package as kernelpack leaves it.",
    fields = {
        "file": "File: the .tar.zst; None where the package is missing.",
        "missing": "String: why, or \"\".",
    },
)

KernelCompilerInfo = provider(
    doc = "The compiler of kernels and modules of one architecture; the payload of the toolchain type //toolchains/kernel:compiler.",
    fields = {
        "arch": "String: architecture that it compiles for. Example: \"aarch64\"",
        "kernel_arch": "String: ARCH of the kernel's makefiles. Example: \"arm64\"",
        "major": "Int: GCC's major version. Example: 12",
        "prefix": "String: CROSS_COMPILE. Example: \"aarch64-linux-gnu-\"",
        "program": "String: the compiler's name in the root. Example: \"aarch64-linux-gnu-gcc-12\"",
        "root": "ToolRootInfo: GCC and binutils.",
        "tools": "ToolRootInfo: make, the shell and what kbuild calls besides.",
    },
)

KernelModuleInfo = provider(
    doc = "One module built for one kernel.",
    fields = {
        "coverage": "Struct of a module that counts what it runs, None for others: name (folder of its counts in the guest), notes (File: folder of the compiler's notes), package (what names of its sources begin with), program (gcov's path in the root), root (File: tree with the compiler).",
        "kernel": "KernelInfo of the kernel.",
        "metadata": "File: JSON that describes the module (modcheck's Metadata); None where skipped.",
        "module": "File: the .ko; None where skipped. Example: tidelock.ko",
        "name": "String: the module's name. Example: \"tidelock\"",
        "skipped": "String: why it was not built, \"\" where it was.",
    },
)

KernelModuleBundleInfo = provider(
    doc = "One module built for many kernels; consumers choose by the kernel's key.",
    fields = {
        "modules": "Dict of KernelModuleInfo by the kernel's key.",
        "name": "String: the module's name. Example: \"tidelock\"",
    },
)
