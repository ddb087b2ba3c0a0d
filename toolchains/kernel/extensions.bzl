# SPDX-License-Identifier: Apache-2.0
"""Turns kernels.lock.json, and source RPMs that are named, into targets, fetched when something needs them."""

load("//toolchains/debian:package.bzl", "declare_packages", "package_repository")
load(":compiler.bzl", "platform_of")

_HEADER = """# SPDX-License-Identifier: Apache-2.0
load("@debian_tools//:roots.bzl", "ROOTS")
load("{debian_root}", "debian_root")
load("{kernel}", "distribution_kernel", "kernel_image", "packed_headers")
load("{rebuild}", "rebuilt_programs")

package(default_visibility = ["//visibility:public"])
"""

_PACKED = """
packed_headers(
    name = "headers/{key}",
    package = "{label}",
    tags = ["manual"],
)
"""

# What builds a module calls of the packaged programs; signing is an action of its own.
_TOOLS = """
debian_root(
    name = "tools/{key}",
    exclude = [
        "usr/lib/linux-kbuild-*/certs",
        "usr/lib/linux-kbuild-*/scripts/extract-cert",
        "usr/lib/linux-kbuild-*/scripts/kconfig",
        "usr/lib/linux-kbuild-*/scripts/sign-file",
        "usr/share",
        "usr/src",
    ],
    keep_scripts = True,
    may_be_missing = True,
    packages = ["{label}"] + ROOTS["kernel-libraries"],
    tags = ["manual"],
)
"""

_REBUILT = """
rebuilt_programs(
    name = {name},
    headers = {headers},
    headers_dir = {headers_dir},
    kernel = {kernel},
    platform = {platform},
    tags = ["manual"],
)
"""

_KERNEL = """
distribution_kernel(
    name = {name},
    arch = {arch},
    compiler_major = {compiler_major},
    config = {config},
    distribution = {distribution},
    flavour = {flavour},
    headers = {headers},
    headers_dir = {headers_dir},
    programs = {programs},
    release = {release},
    series = {series},
    shared_headers = {shared_headers},
    tags = ["manual"],
    tools = {tools},
)
"""

_IMAGE = """
kernel_image(
    name = {name},
    kernel = {kernel},
    packages = {packages},
    tags = ["manual"],
)
"""

_HEADERS_DIR = {
    "deb": "usr/src/linux-headers-{}",
    "rpm": "usr/src/kernels/{}",
}

def _key(kernel):
    return "/".join([kernel["distribution"], kernel["arch"], kernel["release"]])

def _build_file(lock, lock_name, labels):
    """The text of the hub's BUILD file."""
    text = [_HEADER.format(
        debian_root = str(Label("//toolchains/debian:root.bzl")),
        kernel = str(Label("//toolchains/kernel:kernel.bzl")),
        rebuild = str(Label("//toolchains/kernel:rebuild.bzl")),
    )]
    packed = {}
    tools = {}
    for kernel in lock["kernels"]:
        packages = kernel["packages"]
        for role in ["headers", "common"]:
            if role in packages:
                packed[packages[role]] = None
        if "kbuild_x86_64" in packages:
            tools[packages["kbuild_x86_64"]] = None
    for key in sorted(packed):
        text.append(_PACKED.format(key = key, label = labels[key]))
    for key in sorted(tools):
        text.append(_TOOLS.format(key = key, label = labels[key]))
    for kernel in lock["kernels"]:
        packages = kernel["packages"]
        if kernel["compiler"]["name"] != "gcc":
            fail("{}: {} was built by {}, and there are toolchains for gcc only. Leave it out of the lock.".format(lock_name, _key(kernel), kernel["compiler"]["text"]))
        headers_dir = _HEADERS_DIR[kernel["format"]].format(kernel["release"])
        rebuild = kernel["kbuild"] == "rebuild"
        if not rebuild and "kbuild_x86_64" not in packages:
            fail("{}: the lock says kbuild {} for {} and names no package kbuild_x86_64. Make the lock anew, or say rebuild there.".format(lock_name, kernel["kbuild"], _key(kernel)))
        if rebuild:
            text.append(_REBUILT.format(
                name = repr("programs/" + _key(kernel)),
                headers = repr([":headers/" + packages[role] for role in ["common", "headers"] if role in packages]),
                headers_dir = repr(headers_dir),
                kernel = repr(_key(kernel)),
                platform = repr(str(platform_of(kernel["arch"], kernel["compiler"]["major"]))),
            ))
        text.append(_KERNEL.format(
            arch = repr(kernel["arch"]),
            compiler_major = kernel["compiler"]["major"],
            config = repr(kernel["config"]),
            distribution = repr(kernel["distribution"]),
            flavour = repr(kernel["flavour"]),
            headers = repr(":headers/" + packages["headers"]),
            headers_dir = repr(headers_dir),
            name = repr(_key(kernel)),
            programs = repr(":programs/" + _key(kernel)) if rebuild else None,
            release = repr(kernel["release"]),
            series = repr(kernel["series"]),
            shared_headers = repr([":headers/" + packages["common"]] if "common" in packages else []),
            tools = None if rebuild else repr(":tools/" + packages["kbuild_x86_64"]),
        ))
        if "image" in packages:
            text.append(_IMAGE.format(
                kernel = repr(":" + _key(kernel)),
                name = repr("image/" + _key(kernel)),
                packages = repr([labels[packages[role]] for role in ["image", "modules"] if role in packages]),
            ))
    return "".join(text)

def _kernels_file(lock):
    """The text of kernels.bzl: the matrix as data for macros."""
    lines = [
        "\"\"\"The kernels of the lock, by key.\"\"\"",
        "",
        "KERNELS = {",
    ]
    for kernel in sorted(lock["kernels"], key = _key):
        lines += [
            "    {}: struct(".format(repr(_key(kernel))),
            "        arch = {},".format(repr(kernel["arch"])),
            "        distribution = {},".format(repr(kernel["distribution"])),
            "        flavour = {},".format(repr(kernel["flavour"])),
            "        image = {},".format("Label({})".format(repr("//:image/" + _key(kernel))) if "image" in kernel["packages"] else None),
            "        label = Label({}),".format(repr("//:" + _key(kernel))),
            "        platform = Label({}),".format(repr(str(platform_of(kernel["arch"], kernel["compiler"]["major"])))),
            "        release = {},".format(repr(kernel["release"])),
            "        series = {},".format(repr(kernel["series"])),
            "        version = {},".format(repr(kernel["version"])),
            "    ),",
        ]
    return "\n".join(lines + ["}", ""])

def _hub_impl(rctx):
    rctx.file("BUILD.bazel", rctx.attr.build)
    rctx.file("kernels.bzl", rctx.attr.kernels)

_hub = repository_rule(
    doc = "The kernels of a lock as targets named distribution/arch/release; it fetches nothing.",
    implementation = _hub_impl,
    attrs = {
        "build": attr.string(doc = "Text of BUILD.bazel.", mandatory = True),
        "kernels": attr.string(doc = "Text of kernels.bzl.", mandatory = True),
    },
)

def _srpm(tag, module):
    """Declares the repository of one source RPM, whose `package` is what kernel_source takes."""
    tag_name = "kernels.srpm(name = \"{}\") in MODULE.bazel of {}".format(tag.name, module or "the main module")
    key = tag.url.split("?")[0].split("#")[0].split("/")[-1]
    if not key.endswith(".rpm"):
        fail("{}: the url {} does not end in the name of an .rpm. Give the address of the file itself.".format(tag_name, tag.url))
    if len(tag.sha256) != 64 or tag.sha256.lower().strip("0123456789abcdef"):
        fail("{}: the sha256 {} is not one: 64 hexadecimal digits. sha256sum prints it.".format(tag_name, repr(tag.sha256)))
    package_repository(
        name = tag.name,
        key = key,
        lock = tag_name,
        may_be_missing = True,
        refresh = "give that tag the url and sha256 of a package that is there",
        sha256 = tag.sha256.lower(),
        url = tag.url,
    )

def _kernels_impl(mctx):
    declared = {}
    for module in mctx.modules:
        for tag in module.tags.srpm:
            _srpm(tag, module.name)
        for tag in module.tags.lock:
            lock = json.decode(mctx.read(tag.file))
            if lock.get("schema") != 1:
                fail("{}: schema {} is not known, 1 is. Use the matrix-gen of this checkout.".format(tag.file, lock.get("schema")))
            built = {key: str(label) for label, key in tag.built.items()}
            unknown = [key for key in built if key not in lock["packages"]]
            if unknown:
                fail("{}: `built` names packages that the lock has not: {}. Correct it, or make the lock anew.".format(tag.file, ", ".join(unknown)))
            labels = declare_packages(
                lock | {"packages": {key: package for key, package in lock["packages"].items() if key not in built}},
                declared = declared,
                lock_name = str(tag.file),
                may_be_missing = True,
                refresh = "tools/bazel run //tools/matrix-gen -- crawl --output=/tmp/crawl, then tools/bazel run //tools/matrix-gen -- lock --update --skip-missing --input=/tmp/crawl",
            )
            labels |= built
            _hub(
                name = tag.name,
                build = _build_file(lock, str(tag.file), labels),
                kernels = _kernels_file(lock),
            )

kernels = module_extension(
    doc = "The kernels of a lock file, and sources of kernels.",
    implementation = _kernels_impl,
    tag_classes = {
        "lock": tag_class(
            doc = "Reads one lock file.",
            attrs = {
                "built": attr.label_keyed_string_dict(doc = "Packages that this build makes, by target: keys of packages in the lock that are not fetched. For packages made in tests."),
                "file": attr.label(doc = "The lock, as matrix-gen writes it.", mandatory = True),
                "name": attr.string(doc = "Name of the repository of its kernels.", mandatory = True),
            },
        ),
        "srpm": tag_class(
            doc = """Names a kernel's source RPM.

            It is looked for in $TIDELOCK_DISTDIR by its name, then fetched. Its target
            `package` is for kernel_source's `srpm`.""",
            attrs = {
                "name": attr.string(doc = "Name of its repository.", mandatory = True),
                "sha256": attr.string(doc = "Hex digest of the file.", mandatory = True),
                "url": attr.string(doc = "Address of the file; ends in its name.", mandatory = True),
            },
        ),
    },
)
