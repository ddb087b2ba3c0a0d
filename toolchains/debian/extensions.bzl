# SPDX-License-Identifier: Apache-2.0
"""Turns the lock of tool packages into repositories."""

load(":package.bzl", "declare_packages")

def _hub_impl(rctx):
    lines = [
        "\"\"\"The tool roots of the lock, and the packages of each.\"\"\"",
        "",
        "ROOTS = {",
    ]
    for root, labels in sorted(rctx.attr.roots.items()):
        lines.append("    {}: [".format(repr(root)))

        # Label() resolves here, where the packages' repositories are visible.
        lines += ["        Label({}),".format(repr(label)) for label in labels]
        lines.append("    ],")
    lines += ["}", ""]
    rctx.file("BUILD.bazel", "")
    rctx.file("roots.bzl", "\n".join(lines))

_hub = repository_rule(
    doc = "Lists the tool roots; it fetches nothing.",
    implementation = _hub_impl,
    attrs = {"roots": attr.string_list_dict(doc = "Root to the labels of its packages.", mandatory = True)},
)

def _debian_impl(mctx):
    declared = {}
    for module in mctx.modules:
        for tag in module.tags.lock:
            lock = json.decode(mctx.read(tag.file))
            if lock.get("schema") != 1:
                fail("{}: schema {} is not known, 1 is. Use the deb-lock of this checkout.".format(tag.file, lock.get("schema")))
            labels = declare_packages(
                lock,
                declared = declared,
                lock_name = str(tag.file),
                refresh = "tools/bazel run //tools/deb-lock -- --update --roots=$PWD/{}/roots.json".format(tag.file.package),
            )
            _hub(
                name = tag.name,
                roots = {
                    root: [labels[key] for key in keys]
                    for root, keys in lock["roots"].items()
                },
            )

debian = module_extension(
    doc = "Pinned Debian packages of the build's own tools, one repository each, fetched lazily.",
    implementation = _debian_impl,
    tag_classes = {
        "lock": tag_class(
            doc = "Reads one lock file.",
            attrs = {
                "file": attr.label(doc = "The lock, as deb-lock writes it.", mandatory = True),
                "name": attr.string(doc = "Name of the repository that lists the roots.", mandatory = True),
            },
        ),
    },
)
